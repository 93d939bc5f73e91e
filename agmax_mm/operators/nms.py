"""Non-maximum suppression: mmcv's ``nms``, ``softnms`` and ``nms_match``."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
    """Return the indices of the boxes that stay, by falling score.

    Boxes of equal score come in the order of the same ``torch.sort`` that mmcv's own operator calls, not in that of
    torchvision. NaN counts as the highest score, and a box with a NaN suppresses none, as there.

    Args:
        boxes: ``(n, 4)`` corners x1, y1, x2, y2.
        scores: ``(n,)``.
        iou_threshold: A box of more overlap than this with a better one goes.
        offset: 1 where x2 and y2 lie inside the box (its width is x2 - x1 + 1), else 0.

    Returns:
        ``(m,)`` of int64.
    """
    if boxes.numel() == 0:
        return boxes.new_empty(0, dtype=torch.long)
    order = scores.sort(0, descending=True)[1]
    ordered = boxes[order]
    if ordered.dtype in (torch.float16, torch.bfloat16):
        ordered = ordered.float()
    if offset:
        ordered = ordered + ordered.new_tensor([0, 0, offset, offset])
    # Every score another one: what torchvision does with equal ones does not matter.
    falling = torch.arange(len(order), 0, -1, dtype=ordered.dtype, device=ordered.device)
    # The compiled operators hold the threshold in single precision.
    kept = torch.ops.torchvision.nms(ordered, falling, float(np.float32(iou_threshold)))
    return order[kept]


def soft_nms(
    boxes: Tensor,
    scores: Tensor,
    dets: Tensor,
    iou_threshold: float,
    sigma: float,
    min_score: float,
    method: int,
    offset: int,
) -> Tensor:
    """Write boxes with their lowered scores into ``dets`` and return their indices (Soft-NMS, Bodla et al. 2017).

    Args:
        boxes: ``(n, 4)`` corners on the CPU.
        scores: ``(n,)``.
        dets: ``(n, 5)``; the first m rows become boxes with scores.
        iou_threshold: Overlap from which on ``'naive'`` and ``'linear'`` lower a score.
        sigma: Width of ``'gaussian'``, the paper's sigma in exp(-IoU² / sigma).
        min_score: A box below this score goes.
        method: 0 naive, 1 linear, 2 gaussian.
        offset: 1 where x2 and y2 lie inside the box, else 0.

    Returns:
        ``(m,)`` of int64.
    """
    corners = boxes.detach().float().numpy()
    left = scores.detach().float().numpy().copy()
    areas = _areas(corners, offset)
    # Which box stands at each place; a box that goes is replaced by the last one, as in the compiled operator, because
    # the places decide between equal scores.
    places = np.arange(len(corners))
    done = 0
    while done < len(places):
        best = done + _first_maximum(left[places[done:]])
        places[[done, best]] = places[[best, done]]
        chosen, others = places[done], places[done + 1 :]
        overlap = _overlaps(corners, areas, chosen, others, offset)
        if method == 2:
            weight = np.exp(-(overlap * overlap) / np.float32(sigma))
        else:
            lowered = 1 - overlap if method == 1 else np.zeros_like(overlap)
            weight = np.where(overlap >= np.float32(iou_threshold), lowered, np.float32(1))
        left[others] *= weight
        places = np.concatenate([places[: done + 1], _closed_up(others, left[others] < np.float32(min_score))])
        done += 1
    dets[: len(places)] = torch.from_numpy(np.column_stack([corners[places], left[places]])).to(dets)
    return torch.from_numpy(places)


def nms_match(dets: Tensor, iou_threshold: float) -> list[list[int]]:
    """Return, by falling score, each box that stays followed by the boxes that it suppresses.

    Args:
        dets: ``(n, 5)`` corners and score on the CPU.
        iou_threshold: A box of this overlap or more with a better one belongs to it.
    """
    corners = dets[:, :4].detach().float().numpy()
    areas = _areas(corners, 0)
    waiting = dets[:, 4].sort(0, descending=True)[1].numpy()
    groups = []
    while len(waiting):
        chosen, others = waiting[0], waiting[1:]
        belongs = _overlaps(corners, areas, chosen, others, 0) >= np.float32(iou_threshold)
        groups.append([int(chosen), *map(int, others[belongs])])
        waiting = others[~belongs]
    return groups


def _areas(corners: NDArray[np.float32], offset: int) -> NDArray[np.float32]:
    sides = corners[:, 2:] - corners[:, :2] + np.float32(offset)
    return sides[:, 0] * sides[:, 1]


def _overlaps(
    corners: NDArray[np.float32],
    areas: NDArray[np.float32],
    chosen: int,
    others: NDArray[np.int64],
    offset: int,
) -> NDArray[np.float32]:
    """Return the intersection over union of one box with others; NaN for two of no area."""
    # Comparisons written so that a NaN decides as in the compiled operator: it suppresses nothing.
    low = np.where(corners[chosen, :2] < corners[others, :2], corners[others, :2], corners[chosen, :2])
    high = np.where(corners[others, 2:] < corners[chosen, 2:], corners[others, 2:], corners[chosen, 2:])
    sides = high - low + np.float32(offset)
    sides = np.where(sides > 0, sides, np.float32(0))
    intersection = sides[:, 0] * sides[:, 1]
    with np.errstate(divide='ignore', invalid='ignore'):
        return intersection / (areas[chosen] + areas[others] - intersection)


def _first_maximum(scores: NDArray[np.float32]) -> int:
    """Return the place of the highest score, the first of equal ones; a NaN in front stays there."""
    return 0 if np.isnan(scores[0]) else int(np.nanargmax(scores))


def _closed_up(places: NDArray[np.int64], goes: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the places without those that go, each gap filled from the end."""
    kept = int((~goes).sum())
    closed = places[:kept].copy()
    closed[goes[:kept]] = places[kept:][~goes[kept:]][::-1]
    return closed
