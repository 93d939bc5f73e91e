"""From maps and boxes to rows, one for each image, and from rows to metrics: all of them in one pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from agmax_mm import functional as AF
from agmax_mm.localization import metrics as M

# MaxBoxAccV2 is the mean over these overlaps.
OVERLAPS = (0.3, 0.5, 0.7)
# Columns of a row: whether the class is right, the overlaps of the boxes of the predicted class's and of the label's
# map, and of the floors; then those of the label's map by threshold, of its largest part and of its best one.
_RIGHT, _PREDICTED, _KNOWN, _CENTRE, _WHOLE, _CURVES = range(6)


@dataclass(frozen=True)
class Protocol:
    """How boxes are found and counted.

    Attributes:
        sigma: Share of a map's maximum above which the object is, within ``[0, 1)``. The CutMix paper has 0.15.
        minmax: Scale maps to 0 to 1 before ``sigma``, so that it is a share of their range; the paper does not.
        iou: Overlap of a box that is right, within ``(0, 1]``.
        strict: Whether the overlap must be above ``iou``, as in the paper, and not just reach it, as in ILSVRC.
            MaxBoxAcc always counts what reaches it.
        thresholds: Number of thresholds of MaxBoxAcc, evenly spaced from 0.
    """

    sigma: float = 0.15
    minmax: bool = False
    iou: float = 0.5
    strict: bool = True
    thresholds: int = 100

    def __post_init__(self) -> None:
        if not 0 <= self.sigma < 1:
            raise ValueError(f'sigma: expected a share within [0, 1), got {self.sigma}')
        if not 0 < self.iou <= 1:
            raise ValueError(f'iou: expected an overlap within (0, 1], got {self.iou}')
        if self.thresholds < 1:
            raise ValueError(f'thresholds: expected at least 1, got {self.thresholds}')

    def levels(self) -> Tensor:
        """The thresholds of MaxBoxAcc, ``(T,)``."""
        return torch.arange(self.thresholds, dtype=torch.float64) / self.thresholds

    def found(self, overlaps: Tensor) -> Tensor:
        """Whether overlaps are those of right boxes."""
        return overlaps > self.iou if self.strict else overlaps >= self.iou


def middle_of_best(counts: Tensor) -> int:
    """The place of the largest count, ``(T,)``; of several the middle one."""
    best = (counts == counts.max()).nonzero().flatten()
    return int(best[len(best) // 2])


def best_sigma(overlaps: Tensor, protocol: Protocol) -> float:
    """The threshold at which most images are found.

    Args:
        overlaps: Of each image at each of the protocol's thresholds, shape ``(N, T)``.
        protocol: How overlaps are counted.

    Returns:
        Within ``[0, 1)``; the middle one of several that find as many.
    """
    return float(protocol.levels()[middle_of_best(protocol.found(overlaps).sum(dim=0))])


def enlarged(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Maps ``(N, M, h, w)`` in the size of the images, ``(N, M, H, W)``, bilinear."""
    if maps.shape[-2:] == size:
        return maps
    return F.interpolate(maps.float(), size=size, mode='bilinear', align_corners=False)


def centre_box(size: tuple[int, int], share: float) -> Tensor:
    """The box around the middle of an image whose sides are this share of the image's, ``(4,)``."""
    height, width = size
    box = [width * (1 - share) / 2, height * (1 - share) / 2, width * (1 + share) / 2, height * (1 + share) / 2]
    return torch.tensor(box, dtype=torch.float64)


def measure_images(
    maps: Tensor, right: Tensor, boxes: Sequence[Tensor], size: tuple[int, int], share: float | None, protocol: Protocol
) -> Tensor:
    """One row for each image.

    Args:
        maps: Maps of the predicted class and of the label, shape ``(N, 2, h, w)``.
        right: Whether the predicted class is the label, shape ``(N,)``.
        boxes: Boxes of each image, in pixels of what the network was fed, half-open, at least one.
        size: Height and width of what the network was fed.
        share: Side of the centre box, see :func:`centre_box`; None where there is none.
        protocol: How boxes are found.

    Returns:
        Rows for :func:`metrics_of`, float64, on the CPU.
    """
    large = enlarged(maps, size).cpu()
    predicted = AF.box_from_map(large, sigma=protocol.sigma, minmax=protocol.minmax)
    whole = torch.tensor([0.0, 0.0, size[1], size[0]], dtype=torch.float64)
    rows = []
    for index, given in enumerate(boxes):
        given = torch.as_tensor(given).double().cpu()
        fixed = [whole if share is None else centre_box(size, share), whole]
        overlaps = AF.box_iou(torch.stack([*predicted[index].double(), *fixed])[:, None], given[None]).amax(dim=1)
        if share is None:
            overlaps[2] = math.nan
        curves = AF.component_overlaps(large[index, 1], given, protocol.levels())
        rows.append(torch.cat([right[index : index + 1].cpu().double(), overlaps, curves.flatten()]))
    return torch.stack(rows)


def metrics_of(rows: Tensor, protocol: Protocol) -> dict[str, float]:
    """All metrics of a set of images, in percent, by name.

    Args:
        rows: From :func:`measure_images`, of all images.
        protocol: How boxes are counted.

    Returns:
        The metrics of :mod:`agmax_mm.localization.metrics`, those of the centre box only where there is one, and
        ``threshold``, the one of MaxBoxAcc.
    """
    right = rows[:, _RIGHT] > 0
    largest, best = rows[:, _CURVES:].unflatten(1, (2, -1)).unbind(1)
    accuracy, place = AF.max_box_accuracy(largest)
    found = {
        M.TOP1.name: _percent(right & protocol.found(rows[:, _PREDICTED])),
        M.GT_KNOWN.name: _percent(protocol.found(rows[:, _KNOWN])),
        M.CLASSIFIED.name: _percent(right),
        M.MAX_BOX.name: 100 * accuracy,
        'threshold': float(protocol.levels()[place]),
        M.MAX_BOX_V2.name: 100 * sum(AF.max_box_accuracy(best, iou=iou)[0] for iou in OVERLAPS) / len(OVERLAPS),
    }
    for column, top1, known, version_2 in (
        (_CENTRE, M.CENTRE_TOP1, M.CENTRE, M.CENTRE_V2),
        (_WHOLE, M.WHOLE_TOP1, M.WHOLE, M.WHOLE_V2),
    ):
        overlaps = rows[:, column]
        if overlaps.isnan().any():
            continue
        found[top1.name] = _percent(right & protocol.found(overlaps))
        found[known.name] = _percent(protocol.found(overlaps))
        found[version_2.name] = sum(_percent(overlaps >= iou) for iou in OVERLAPS) / len(OVERLAPS)
    return found


def curves_of(rows: Tensor) -> dict[str, list[float]]:
    """Share of images found by the largest part, in percent, by threshold, for each overlap of :data:`OVERLAPS`."""
    largest, _ = rows[:, _CURVES:].unflatten(1, (2, -1)).unbind(1)
    return {f'curve/{iou}': (100 * (largest >= iou).double().mean(dim=0)).tolist() for iou in OVERLAPS}


def _percent(found: Tensor) -> float:
    return 100 * float(found.double().mean())
