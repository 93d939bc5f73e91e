"""Training steps on a GPU: against a plain loop of PyTorch, the agreement at scale, and the workers of the loader."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.suites import agreement
from benchmarks.suites.feeding import feed
from benchmarks.suites.suite import Options, Outcome, Section, Table, Text
from benchmarks.suites.timing import interleave, ratio
from benchmarks.suites.training_step import Form, build_model, make_batch, make_step

# The network sees as many images in each form: twice as many of one view as of two.
_SHAPES = {'ResNet-50': (128, 5), 'WRN-40-2': (128, 20)}
_CELLS = [(10, 256), (100, 256), (1000, 256), (1000, 4096), (5000, 256), (5000, 4096), (21841, 256), (21841, 1024)]
_DEVICE = 'cuda'
_PLAIN = 'one view, plain PyTorch'


def run(options: Options) -> Outcome:
    """Measure the steps, and return the tables.

    Raises:
        ValueError: If torch sees no GPU.
    """
    if not torch.cuda.is_available():
        raise ValueError('benchmark gpu: expected an NVIDIA GPU that torch sees, got none')
    rounds = options.rounds or 9
    values: dict[str, Any] = {}
    sections = [_steps(network, rounds, options, values) for network in _SHAPES]
    sections += [_agreement(options, values), _feeding(options, values)]
    lead = (
        "Training steps of the recipes' networks on a GPU in bfloat16 with channels last, from the loader's uint8 "
        'images in pinned memory to the updated weights. Forms take turns in one process; each turn is several steps, '
        'at whose end the GPU is waited for. Ratios are taken round by round: their median and quartiles.'
    )
    return Outcome('Training on a GPU', lead, sections, values)


def _steps(network: str, rounds: int, options: Options, values: dict[str, Any]) -> Section:
    options.say(f'  {network}')
    images, steps = _SHAPES[network]
    two = Form(network=network, images=images, half=True, channels_last=True, device=_DEVICE)
    one = replace(two, views=1, images=2 * images)
    forms = {
        _PLAIN: one,
        'one view': one,
        'two views, no agreement': two,
        'two views, mi': replace(two, agreement='mi'),
        'two views, mi_qnet': replace(two, agreement='mi_qnet'),
        'two views, mi, CutMix': replace(two, agreement='mi', cutmix=True),
        'one view, compiled': replace(one, compiled=True),
        'two views, mi, compiled': replace(two, agreement='mi', compiled=True),
        'two views, mi, float32': replace(two, agreement='mi', half=False, channels_last=False),
    }
    arms, peaks = {}, {}
    for name, form in forms.items():
        arms[name] = _repeated(plain_step(form) if name == _PLAIN else make_step(form), steps)
        peaks[name] = agreement.peak_bytes(arms[name])
    times = interleave(arms, rounds=rounds)
    rows = []
    for name, seconds in times.items():
        step = statistics.median(seconds) / steps
        over = ratio(seconds, times[_PLAIN])
        rate = 2 * images / step
        values[f'{network}/{name}'] = {**asdict(over), 'seconds': step, 'views_per_second': rate, 'bytes': peaks[name]}
        rows.append((name, f'{1000 * step:.1f} ms', f'{rate:,.0f}', str(over), f'{peaks[name] / 1e9:.2f} GB'))
    return Section(
        network,
        [
            Text(
                f'One view of {2 * images} images, or two of {images}. Plain PyTorch is the same network in a loop of '
                'ten lines, without logs. The peak is of activations, gradients and momentum, beside the weights.'
            ),
            Table(('step', 'time', 'views/s', 'over plain PyTorch', 'peak'), rows),
        ],
    )


def _repeated(step: Callable[[], Any], times: int) -> Callable[[], None]:
    def repeated() -> None:
        for _ in range(times):
            step()
        torch.accelerator.synchronize()

    return repeated


def plain_step(form: Form) -> Callable[[], Tensor]:
    """A step as one writes it without a framework, of the same network, for one view."""
    model: Any = build_model(form)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    (images,), labels = make_batch(form)
    mean = torch.tensor([123.675, 116.28, 103.53], device=form.device)[:, None, None]
    std = torch.tensor([58.395, 57.12, 57.375], device=form.device)[:, None, None]

    def step() -> Tensor:
        inputs = (images.to(form.device, non_blocking=True).float() - mean) / std
        with torch.autocast(form.device, dtype=torch.bfloat16, enabled=form.half):
            logits = model.head.fc(model.neck(model.backbone(inputs))[-1])
        loss = F.cross_entropy(logits.float(), labels.to(form.device, non_blocking=True))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss.detach()

    return step


def _agreement(options: Options, values: dict[str, Any]) -> Section:
    options.say('  the agreement')
    agreement.peak_bytes(lambda: torch.zeros(1, device=_DEVICE))
    cells = [agreement.measure_cell(classes, images, options) for classes, images in _CELLS]
    values['agreement'] = cells
    return Section(
        'Mutual information at scale',
        [
            Text(
                'Forward and backward pass in float32, beside the formula as a whole with automatic differentiation, '
                'as in `agreement.md`.'
            ),
            Table(agreement.HEADER, [agreement.cell_row(cell, agreement.plain_matrices(cells)) for cell in cells]),
        ],
    )


def _feeding(options: Options, values: dict[str, Any]) -> Section:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for workers, seconds in feed(Path(folder), options).items():
            values[f'feeding/{workers}'] = seconds
            waited = 100 * seconds['waiting'] / seconds['step']
            rate = seconds['images'] / seconds['step']
            rows.append((str(workers), f'{1000 * seconds["step"]:.0f} ms', f'{rate:,.0f}', f'{waited:.1f} %'))
    return Section(
        'A recipe with its loader',
        [
            Text(
                'configs/agmax/resnet50_cutmix_aa_270e.py with `--amp`: files of photographs, two views of '
                f'{seconds["images"]} images a step, all hooks and logs; the mean of {seconds["steps"]} steps. Waiting '
                'is the time until the next batch is there.'
            ),
            Table(('workers', 'step', 'images/s', 'waiting'), rows),
        ],
    )
