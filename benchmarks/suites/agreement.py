"""Mutual information over numbers of classes and images: time and memory, against the plain form."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from agmax_mm.fileio import atomic_path
from agmax_mm.functional import mutual_information
from agmax_mm.functional.joint import BLOCK_ROWS
from agmax_mm.results.plots import COLOURS
from benchmarks.suites.allocations import peak_bytes
from benchmarks.suites.suite import Figure, Options, Outcome, Section, Table, Text
from benchmarks.suites.timing import interleave, ratio

_CLASSES = (10, 100, 512, 1000, 5000, 21841)
_IMAGES = (32, 256, 1024, 4096)
# The plain form is not run with more classes: the step from there to 21,841 is one to ten gigabytes.
_PLAIN_CLASSES = 5000
# Seconds to spend on timing one form of a cell. What takes longer at once is timed while its memory is recorded.
_BUDGET = 10.0
_ROUNDS = 45
HEADER = ('classes × images', 'time', 'of the plain form', 'peak', 'peak of the plain form')

Term = Callable[[Tensor, Tensor], Tensor]


def plain_mutual_information(logits_a: Tensor, logits_b: Tensor) -> Tensor:
    """The formula as one writes it down: the joint matrix as a whole, and automatic differentiation."""
    joint = logits_a.softmax(dim=1).T @ logits_b.softmax(dim=1) / len(logits_a)
    joint = (joint + joint.T) / 2
    marginal = joint.sum(dim=1)
    floor = torch.finfo(joint.dtype).tiny
    return (joint * joint.clamp_min(floor).log()).sum() - 2 * (marginal * marginal.clamp_min(floor).log()).sum()


def run(options: Options) -> Outcome:
    """Measure all sizes, and return the tables."""
    values: dict[str, Any] = {'accuracy': _accuracy()}
    peak_bytes(partial(torch.zeros, 1))  # the first time takes seconds
    cells = [measure_cell(classes, images, options) for classes in _CLASSES for images in _IMAGES]
    values['cells'] = cells
    matrices = values['plain_matrices'] = plain_matrices(cells)
    growth = Section(
        'Time and memory',
        [
            Text(
                'Forward and backward pass. The peak is of everything but the logits themselves, their gradients '
                f'included. The plain form needs about {matrices:.1f} matrices of classes × classes; from '
                f'{_PLAIN_CLASSES + 1} classes on it is not run, and its peak is calculated from that (≈).'
            ),
            Table(
                HEADER,
                [cell_row(cell, matrices) for cell in cells],
            ),
            Figure('agreement.png', 'The package (lines) and the plain form (crosses).'),
        ],
    )
    accuracy = Section(
        'Against float64',
        [
            Text('1000 classes, 256 images: largest differences from the plain form in float64.'),
            Table(
                ('form', 'value', 'gradient'),
                [(name, f'{value:.1e}', f'{gradient:.1e}') for name, (value, gradient) in values['accuracy'].items()],
            ),
        ],
    )
    lead = (
        'The mutual information of two views as the package computes it, beside the plain form with automatic '
        'differentiation. The package keeps the joint matrix up to '
        f'{BLOCK_ROWS} classes or as many as images, and otherwise computes it in blocks of classes. Both take turns '
        'in one process; ratios are medians of the rounds, with quartiles.'
    )
    return Outcome(
        'Agreement at scale', lead, [growth, accuracy], values, {'agreement.png': partial(_draw, cells, matrices)}
    )


def measure_cell(classes: int, images: int, options: Options) -> dict[str, Any]:
    """Time and peak memory of both forms at one size."""
    options.say(f'{classes} classes, {images} images')
    logits = _logits(classes, images)
    forms: dict[str, Term] = {'ours': mutual_information}
    if classes <= _PLAIN_CLASSES:
        forms['plain'] = plain_mutual_information
    cell: dict[str, Any] = {'classes': classes, 'images': images}
    alone = options.threads == 1 and not torch.cuda.is_available()
    clock = time.process_time if alone else time.perf_counter
    for name, form in forms.items():
        started = clock()
        peak = peak_bytes(partial(_step, form, *logits))
        cell[name] = {'peak_bytes': peak, 'seconds': clock() - started}
    rounds = min(options.rounds or _ROUNDS, int(_BUDGET / max(cell[name]['seconds'] for name in forms)))
    if rounds:
        times = interleave(
            {name: partial(_step, form, *logits) for name, form in forms.items()}, rounds=rounds, warmup=0, clock=clock
        )
        for name, seconds in times.items():
            cell[name]['seconds'] = statistics.median(seconds)
        if 'plain' in forms:
            cell['ratio'] = ratio(times['ours'], times['plain']).__dict__
    elif 'plain' in forms:
        cell['ratio'] = ratio([cell['ours']['seconds']], [cell['plain']['seconds']]).__dict__
    return cell


def _logits(classes: int, images: int, dtype: torch.dtype = torch.float32) -> list[Tensor]:
    """Two views that agree for the most part, as confident as in training."""
    generator = torch.Generator().manual_seed(0)
    shared = torch.randn(images, classes, generator=generator)
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    views = [3 * shared + torch.randn(images, classes, generator=generator) for _ in range(2)]
    return [view.to(device, dtype).requires_grad_() for view in views]


def _step(form: Term, logits_a: Tensor, logits_b: Tensor) -> tuple[Tensor, ...]:
    value = form(logits_a, logits_b)
    gradients = torch.autograd.grad(value, (logits_a, logits_b))
    if value.is_cuda:
        torch.cuda.synchronize()
    return value.detach(), *gradients


def _accuracy() -> dict[str, tuple[float, float]]:
    exact = _step(plain_mutual_information, *_logits(1000, 256, torch.float64))
    found = {}
    for name, form, dtype in (
        ('the package, float32', mutual_information, torch.float32),
        ('plain, float32', plain_mutual_information, torch.float32),
        ('the package, float64', mutual_information, torch.float64),
    ):
        value, *gradients = _step(form, *_logits(1000, 256, dtype))
        worst = max((one - two).abs().max().item() for one, two in zip(gradients, exact[1:], strict=True))
        found[name] = (abs(value.item() - exact[0].item()), worst)
    return found


def plain_matrices(cells: list[dict[str, Any]]) -> float:
    """How many K x K matrices of float32 the plain form takes, however few images there are."""
    largest = max((cell for cell in cells if 'plain' in cell), key=lambda cell: cell['classes'] / cell['images'])
    return float(largest['plain']['peak_bytes']) / (4 * largest['classes'] ** 2)


def cell_row(cell: dict[str, Any], matrices: float) -> tuple[str, ...]:
    """The row of a cell under :data:`HEADER`."""
    over = cell.get('ratio')
    compared = f'{over["median"]:.2f} ({over["low"]:.2f} to {over["high"]:.2f})' if over else 'not run'
    plain = (
        _megabytes(cell['plain']['peak_bytes']) if 'plain' in cell else f'≈ {_megabytes(_plain_peak(cell, matrices))}'
    )
    ours = cell['ours']
    return (
        f'{cell["classes"]} × {cell["images"]}',
        _seconds(ours['seconds']),
        compared,
        _megabytes(ours['peak_bytes']),
        plain,
    )


def _plain_peak(cell: dict[str, Any], matrices: float) -> float:
    return matrices * 4 * cell['classes'] ** 2


def _megabytes(count: float) -> str:
    return f'{count / 1e6:.3g} MB' if count < 1e9 else f'{count / 1e9:.3g} GB'


def _seconds(seconds: float) -> str:
    return f'{1000 * seconds:.3g} ms' if seconds < 1 else f'{seconds:.3g} s'


def _draw(cells: list[dict[str, Any]], matrices: float, path: Path) -> None:
    from matplotlib.figure import Figure as Canvas

    figure = Canvas(figsize=(10.0, 3.8), layout='constrained')
    left, right = figure.subplots(1, 2)
    for colour, images in zip(COLOURS, _IMAGES, strict=False):
        chosen = [cell for cell in cells if cell['images'] == images]
        classes = [cell['classes'] for cell in chosen]
        left.plot(classes, [cell['ours']['seconds'] for cell in chosen], color=colour, label=f'{images} images')
        right.plot(classes, [cell['ours']['peak_bytes'] / 1e6 for cell in chosen], color=colour)
        plain = [cell for cell in chosen if 'plain' in cell]
        points = [cell['classes'] for cell in plain]
        left.plot(points, [cell['plain']['seconds'] for cell in plain], 'x', color=colour)
        right.plot(points, [cell['plain']['peak_bytes'] / 1e6 for cell in plain], 'x', color=colour)
    widest = cells[-1]
    right.plot([widest['classes']], [_plain_peak(widest, matrices) / 1e6], 'x', color='black')
    right.annotate(
        'calculated', (widest['classes'], _plain_peak(widest, matrices) / 1e6), (-62, -3), textcoords='offset points'
    )
    for panel, title in ((left, 'forward and backward, seconds'), (right, 'peak beside the logits, MB')):
        panel.set_xscale('log')
        panel.set_yscale('log')
        panel.set_xlabel('classes')
        panel.set_title(title)
        panel.grid(alpha=0.25)
        panel.spines[['top', 'right']].set_visible(False)
    left.legend(frameon=False)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=130)
