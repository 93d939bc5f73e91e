"""Error with a hole in the middle of the image, or with all but the middle cut away: the CutMix paper's Figure 5."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from agmax_mm.metrics import Metric, declare
from agmax_mm.results.curves import sweep_blocks
from agmax_mm.results.page import Figure, Table, Text
from agmax_mm.robustness.contract import Condition, Entries, Results, Values, mean_errors
from agmax_mm.robustness.data import Batch, Data
from agmax_mm.robustness.network import Network

ERROR = declare(Metric('occlusion/top1_error', 'top-1 error under occlusion', '%', higher_is_better=False))
METRICS = (ERROR,)

REGIONS = {'centre': 'the square in the middle is cut out', 'boundary': 'all but the square in the middle is cut out'}
FILLS = ('mean', 'black')


@dataclass(frozen=True)
class Options:
    """Options of ``occlusion``.

    Attributes:
        regions: ``centre`` cuts out the square, ``boundary`` all around it.
        sides: Sides of the square as shares of the image's shorter side; by default 0 to 1 in 14 steps, which are 16
            pixels at 224.
        fill: ``mean``, 0 after normalisation, or ``black``.
    """

    regions: tuple[str, ...] = tuple(REGIONS)
    sides: tuple[float, ...] = tuple(step / 14 for step in range(15))
    fill: str = 'mean'

    def __post_init__(self) -> None:
        unknown = [name for name in self.regions if name not in REGIONS]
        if unknown or not self.regions:
            raise ValueError(f'regions: expected some of {", ".join(REGIONS)}, got {unknown or "none"}')
        if any(not 0 <= side <= 1 for side in self.sides):
            raise ValueError(f'sides: expected shares of 0 to 1, got {self.sides}')
        if self.fill not in FILLS:
            raise ValueError(f'fill: expected one of {", ".join(FILLS)}, got {self.fill!r}')


def conditions(options: Options) -> list[Condition]:
    """Each region with each side."""
    return [
        {'region': region, 'side': side, 'fill': options.fill}
        for region in options.regions
        for side in sorted(set(map(float, options.sides)))
    ]


def measure(model: Network, data: Data, condition: Condition) -> Values:
    """Top-1 error in percent, and the side of the square in pixels."""
    square = centre_square(data.image_shape, condition['side'])
    hidden = square if condition['region'] == 'centre' else ~square
    hidden = hidden.to(data.device)

    def right(batch: Batch) -> Tensor:
        if condition['fill'] == 'black':
            return model.right(batch.images.masked_fill(hidden, 0), batch.labels)
        logits = model.classify(model.normalised(batch.images).masked_fill(hidden, 0))
        return logits.argmax(1) == batch.labels

    with torch.no_grad():
        error = 100 - 100 * float(data.each(right).double().mean())
    return {ERROR.name: error, 'pixels': int(square.any(dim=1).sum())}


def centre_square(shape: tuple[int, ...], side: float) -> Tensor:
    """Mask of a square in the middle, bool, shape ``(height, width)``.

    Args:
        shape: ``(C, height, width)`` of the image.
        side: As a share of the shorter side, rounded to whole pixels; the rest is one pixel more below and to the right
            where it is odd.
    """
    _, height, width = shape
    pixels = round(side * min(height, width))
    top, left = (height - pixels) // 2, (width - pixels) // 2
    mask = torch.zeros(height, width, dtype=torch.bool)
    mask[top : top + pixels, left : left + pixels] = True
    return mask


def summary(entries: Entries) -> dict[str, float | None]:
    """Mean error over the sides, for each region: the height of Figure 5's curve."""
    return mean_errors(entries, ERROR.name, 'region', REGIONS)


def blocks(results: Results, folder: Path | None) -> Iterator[Text | Table | Figure]:
    """A table for each region, one row for each model, and a plot of the error by the square's side."""
    yield from sweep_blocks(
        results,
        folder,
        name='occlusion',
        metric=ERROR,
        kinds=REGIONS,
        kind=lambda condition: condition['region'],
        place=lambda condition, values: values['pixels'],
        axis='side of the square (pixels)',
    )
    yield Text("The CutMix paper's Figure 5 (a, b) prints no figures beside its curves.")
