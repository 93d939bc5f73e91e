"""Accuracy under the fast gradient sign method, in both papers' protocols."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from agmax_mm import functional as AF
from agmax_mm.metrics import Metric, declare
from agmax_mm.results.curves import Line, Panel, draw_lines
from agmax_mm.results.page import Figure, Table, Text
from agmax_mm.robustness.contract import Condition, Entries, Results, Values
from agmax_mm.robustness.data import Batch, Data
from agmax_mm.robustness.network import Network
from agmax_mm.robustness.papers import AGMAX_TABLE_6, CUTMIX_TABLE_11

ACCURACY = declare(Metric('fgsm/top1', 'top-1 under FGSM', '%', higher_is_better=True))
METRICS = (ACCURACY,)

# How an attack is made: the CutMix paper's, with eps in levels of 255, and the AgMax authors' code.
PROTOCOLS: dict[str, dict[str, Any]] = {
    'pixel': {'space': 'pixel', 'clip': 'valid_range', 'skip_misclassified': False},
    'agmax': {'space': 'normalized', 'clip': 'reference01', 'skip_misclassified': True},
}
TITLES = {
    'pixel': 'pixels within 0 to 255, eps in levels of 255 (CutMix paper: 8)',
    'agmax': "normalised images clamped to 0 to 1, eps in normalised units (the AgMax authors' code)",
}


@dataclass(frozen=True)
class Options:
    """Options of ``fgsm`` and ``pgd``.

    Attributes:
        protocols: ``pixel`` and ``agmax``.
        pixel_eps: Sizes of the change for ``pixel``, in levels of 255. 0 is always measured, too.
        agmax_eps: The same for ``agmax``, in normalised units.
    """

    protocols: tuple[str, ...] = ('pixel', 'agmax')
    pixel_eps: tuple[float, ...] = (1, 2, 4, 8, 16)
    agmax_eps: tuple[float, ...] = (0.1, 0.3, 0.5)

    def __post_init__(self) -> None:
        unknown = [name for name in self.protocols if name not in PROTOCOLS]
        if unknown or not self.protocols:
            raise ValueError(f'protocols: expected some of {", ".join(PROTOCOLS)}, got {unknown or "none"}')
        if any(eps < 0 for eps in (*self.pixel_eps, *self.agmax_eps)):
            raise ValueError(f'eps: expected at least 0, got {min(*self.pixel_eps, *self.agmax_eps)}')


def conditions(options: Options) -> list[Condition]:
    """Each protocol at eps 0, with the same limits, and at the given sizes."""
    return [
        {'protocol': protocol, 'eps': eps, **PROTOCOLS[protocol]}
        for protocol in options.protocols
        for eps in sorted({0.0, *map(float, options.pixel_eps if protocol == 'pixel' else options.agmax_eps)})
    ]


def measure(model: Network, data: Data, condition: Condition) -> Values:
    """Accuracy on the changed images, in percent of all images."""

    def attack(network: Callable[[Tensor], Tensor], images: Tensor, batch: Batch, **limits: Any) -> Tensor:
        return AF.fgsm(network, images, batch.labels, condition['eps'], **limits)

    return {ACCURACY.name: accuracy(model, data, condition, attack)}


def accuracy(model: Network, data: Data, condition: Condition, attack: Callable[..., Tensor]) -> float:
    """Accuracy under an attack, in percent.

    Args:
        model: The network.
        data: The images.
        condition: ``space``: ``'pixel'``, 0 to 255, or ``'normalized'``, what the backbone takes. ``clip``:
            ``'valid_range'``, the pixels' range; ``'reference01'``, the AgMax authors' 0 to 1, which in normalised
            images cuts off all that is darker than the mean; or ``'none'``. ``skip_misclassified``: An image that is
            misclassified as it is stays wrong; else all images count as they come out.
        attack: Called with the network, the images, the batch, ``low`` and ``high``.
    """
    normalized = condition['space'] == 'normalized'
    network = model.classify if normalized else model.logits

    def right(batch: Batch) -> Tensor:
        images = model.normalised(batch.images) if normalized else batch.images
        low, high = _limits(model, images, condition)
        counted = model.right(batch.images, batch.labels) if condition['skip_misclassified'] else True
        return counted & (network(attack(network, images, batch, low=low, high=high)).argmax(1) == batch.labels)

    with torch.no_grad():
        return 100 * float(data.each(right).double().mean())


def _limits(model: Network, images: Tensor, condition: Condition) -> tuple[Any, Any]:
    if condition['clip'] == 'none':
        return None, None
    if condition['clip'] == 'reference01':
        return 0.0, 1.0
    if condition['space'] == 'pixel':
        return 0.0, 255.0
    # The same range, as the preprocessor maps it.
    black = torch.zeros_like(images[:1])
    return model.normalised(black), model.normalised(black + 255)


def summary(entries: Entries) -> dict[str, float | None]:
    """Nothing: accuracies at several sizes have no mean that anybody prints."""
    return {}


def blocks(results: Results, folder: Path | None) -> Iterator[Text | Table | Figure]:
    """A table and a plot for each protocol, with the papers' figures below."""
    yield from attack_blocks(results, folder, ACCURACY, 'fgsm')
    names = next(iter(results.values()))
    protocols = {condition['protocol'] for condition, _ in names}
    if 'pixel' in protocols:
        yield Text('CutMix paper, Table 11: ImageNet, ResNet-50, eps 8/255; neither space nor clamp is stated.')
        yield Table(('paper', 'eps = 8'), [(name, f'{value:.1f}') for name, value in CUTMIX_TABLE_11.items()])
    if 'agmax' in protocols:
        yield Text('AgMax paper, Table 6: ImageNet, ResNet-50, 270 epochs; not comparable with other figures of FGSM.')
        rows = [(name, *(f'{value:.1f}' for value in values)) for name, values in AGMAX_TABLE_6.items()]
        yield Table(('paper', 'eps = 0.1', 'eps = 0.3', 'eps = 0.5'), rows)


def attack_blocks(results: Results, folder: Path | None, metric: Metric, name: str) -> Iterator[Text | Table | Figure]:
    """A table for each protocol, one row for each model, and one plot of accuracy by eps."""
    panels = []
    for protocol, title in TITLES.items():
        lines = {
            model: [
                (condition['eps'], values[metric.name]) for condition, values in entries if _is(condition, protocol)
            ]
            for model, entries in results.items()
        }
        if not any(lines.values()):
            continue
        sizes = sorted({eps for points in lines.values() for eps, _ in points})
        yield Text(f'{metric.label}: {title}.')
        rows = [
            (model, *(f'{dict(points)[eps]:.2f}' if eps in dict(points) else '–' for eps in sizes))
            for model, points in lines.items()
        ]
        yield Table(('model', *(f'eps = {eps:g}' for eps in sizes)), rows)
        series = [Line(model, *_columns(points)) for model, points in lines.items() if points]
        panels.append(Panel(protocol, 'eps', metric.label, series))
    if folder is not None and panels:
        draw_lines(panels, folder / f'{name}.png')
        yield Figure(f'{name}.png', f'{metric.label} by eps.')


def _columns(points: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


def _is(condition: Condition, protocol: str) -> bool:
    return bool(condition['protocol'] == protocol)
