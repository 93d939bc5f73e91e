"""Error on images between two classes, mixed by Mixup or CutMix: the CutMix paper's Figure 5."""

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
from agmax_mm.robustness.occlusion import centre_square

ERROR = declare(Metric('between/top1_error', 'top-1 error between two classes', '%', higher_is_better=False))
METRICS = (ERROR,)

KINDS = {
    'mixup': 'share of the image itself, the rest is its partner',
    'cutmix': "the square in the middle is the partner's",
}


@dataclass(frozen=True)
class Options:
    """Options of ``between``.

    Attributes:
        kinds: ``mixup`` and ``cutmix``.
        shares: For ``mixup`` the shares of the image itself, 0 to 1.
        sides: For ``cutmix`` the sides of the partner's square, as shares of the shorter side.
        seed: Of the pairs.
    """

    kinds: tuple[str, ...] = tuple(KINDS)
    shares: tuple[float, ...] = tuple(step / 10 for step in range(11))
    sides: tuple[float, ...] = tuple(step / 14 for step in range(15))
    seed: int = 0

    def __post_init__(self) -> None:
        unknown = [name for name in self.kinds if name not in KINDS]
        if unknown or not self.kinds:
            raise ValueError(f'kinds: expected some of {", ".join(KINDS)}, got {unknown or "none"}')
        if any(not 0 <= share <= 1 for share in (*self.shares, *self.sides)):
            raise ValueError('shares, sides: expected shares of 0 to 1')


def conditions(options: Options) -> list[Condition]:
    """Each kind with its shares."""
    return [
        {'kind': kind, 'share': share, 'seed': options.seed}
        for kind in options.kinds
        for share in sorted(set(map(float, options.shares if kind == 'mixup' else options.sides)))
    ]


def measure(model: Network, data: Data, condition: Condition) -> Values:
    """Percentage of images whose top class is neither that of the image nor that of its partner."""
    share = condition['share']
    square = centre_square(data.image_shape, share).to(data.device)

    def wrong(batch: Batch) -> Tensor:
        if condition['kind'] == 'mixup':
            images = share * batch.images + (1 - share) * batch.partners
        else:
            images = torch.where(square, batch.partners, batch.images)
        top = model.logits(images).argmax(1)
        return (top != batch.labels) & (top != batch.partner_labels)

    with torch.no_grad():
        error = 100 * float(data.each(wrong, partners=pairs(len(data), condition['seed'])).double().mean())
    return {ERROR.name: error, 'pixels': int(square.any(dim=1).sum())}


def pairs(number: int, seed: int) -> list[int]:
    """A partner for each of ``number`` images, never the image itself; the same for all models.

    Raises:
        ValueError: If there are fewer than two images.
    """
    if number < 2:
        raise ValueError(f'between: expected at least 2 images, got {number}')
    # One cycle through a random order.
    order = torch.randperm(number, generator=torch.Generator().manual_seed(seed))
    partners = torch.empty_like(order)
    partners[order] = order.roll(1)
    return [int(partner) for partner in partners]


def summary(entries: Entries) -> dict[str, float | None]:
    """Mean error over the shares, for each kind."""
    return mean_errors(entries, ERROR.name, 'kind', KINDS)


def blocks(results: Results, folder: Path | None) -> Iterator[Text | Table | Figure]:
    """A table for each kind, one row for each model, and a plot of the error by share or side."""
    yield from sweep_blocks(
        results,
        folder,
        name='between',
        metric=ERROR,
        kinds=KINDS,
        kind=lambda condition: condition['kind'],
        place=lambda condition, values: condition['share'] if condition['kind'] == 'mixup' else values['pixels'],
        axis='share (mixup), side in pixels (cutmix)',
    )
    yield Text(
        'Partners are drawn at random and may be of the same class. An image is an error where the top class is '
        "neither class. The CutMix paper's Figure 5 (c, d) prints no figures beside its curves."
    )
