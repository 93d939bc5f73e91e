"""Random and degenerate inputs of the operators, the same for all comparisons."""

from __future__ import annotations

import torch

# What detectors meet at the edges: nothing, one, all alike, no area, inside out, far outside, not a number.
BOXES = (
    'random',
    'none',
    'one',
    'alike',
    'no_area',
    'inside_out',
    'outside',
    'nan_scores',
    'nan_boxes',
    'equal_scores',
)


def boxes_and_scores(kind: str, count: int = 60, dtype: torch.dtype = torch.float32):
    """Boxes ``(n, 4)`` in a field of 100 x 100 and their scores ``(n,)``, of one of the kinds in :data:`BOXES`."""
    generator = torch.Generator().manual_seed(sum(map(ord, kind)))
    count = {'none': 0, 'one': 1}.get(kind, count)
    corners = torch.rand(count, 2, generator=generator) * 80
    boxes = torch.cat([corners, corners + 1 + torch.rand(count, 2, generator=generator) * 30], 1)
    scores = torch.rand(count, generator=generator)
    if kind == 'alike':
        boxes = boxes[:1].repeat(count, 1)
    elif kind == 'no_area':
        boxes[::2, 2:] = boxes[::2, :2]
        boxes[:6] = boxes[0]
    elif kind == 'inside_out':
        boxes[::2] = boxes[::2][:, [2, 3, 0, 1]]
    elif kind == 'outside':
        boxes[::2] -= 200
        boxes[::4] *= 50
    elif kind == 'nan_scores':
        scores[::7] = torch.nan
    elif kind == 'nan_boxes':
        boxes[::7, 1] = torch.nan
        boxes[3::7, 2] = torch.nan
    elif kind == 'equal_scores':
        scores = (scores * 4).round() / 4
    return boxes.to(dtype), scores.to(dtype)


def regions(kind: str, images: int = 2, count: int = 9, dtype: torch.dtype = torch.float64):
    """Regions ``(n, 5)`` for features of some 10 x 12 at a scale of 1/4."""
    generator = torch.Generator().manual_seed(sum(map(ord, kind)))
    count = {'none': 0, 'one': 1}.get(kind, count)
    corners = torch.rand(count, 2, generator=generator, dtype=torch.float64) * 30
    boxes = torch.cat([corners, corners + torch.rand(count, 2, generator=generator, dtype=torch.float64) * 20], 1)
    if kind == 'no_area':
        boxes[:, 2:] = boxes[:, :2]
    elif kind == 'outside':
        boxes[::2] -= 25
        boxes[1::2] += 25
    elif kind == 'far':
        boxes += 500
    elif kind == 'whole':
        boxes[:] = torch.tensor([0.0, 0.0, 48.0, 40.0])
    numbers = torch.randint(0, images, (count, 1), generator=generator)
    return torch.cat([numbers, boxes], 1).to(dtype)
