"""The floor that a localisation must beat: one box in the centre, its size chosen on training images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from agmax_mm import functional as AF
from agmax_mm.localization.measure import Protocol, centre_box, middle_of_best

# So many training images choose the size, or a threshold, at even distances where there are more.
_MOST = 2000
# 2 pixels of 224.
_STEPS = 112


def boxes_of_sample(sample: Any) -> Tensor | None:
    """Boxes of a packed sample, in pixels of its input, ``(M, 4)``; None where it has none."""
    boxes = sample.get('gt_bboxes')
    return None if boxes is None or not len(boxes) else torch.as_tensor(np.asarray(boxes)).double()


def training_boxes(dataset: Any) -> list[tuple[Tensor, tuple[int, int]]]:
    """Boxes and sizes of training images, as the pipeline of the data set leaves them.

    Args:
        dataset: A data set of the host, whose pipeline is the one of the test.
    """
    found = []
    for index in _even_places(dataset):
        item = dataset[index]
        boxes = boxes_of_sample(item['data_samples'])
        if boxes is not None:
            found.append((boxes, tuple(item['inputs'].shape[-2:])))
    return found


def boxed_places(dataset: Any) -> list[int]:
    """Places of the images of :func:`training_boxes`, without reading them."""
    return [index for index in _even_places(dataset) if len(dataset.get_data_info(index).get('gt_bboxes', ()))]


def best_share(known: Sequence[tuple[Tensor, tuple[int, int]]], protocol: Protocol) -> float | None:
    """The side of the box in the centre that finds most images, as a share of theirs; None without any image.

    Of several that find as many it is the middle one.
    """
    if not known:
        return None
    shares = torch.arange(1, _STEPS + 1, dtype=torch.float64) / _STEPS
    counts = torch.zeros(_STEPS, dtype=torch.int64)
    for boxes, size in known:
        centred = torch.stack([centre_box(size, float(share)) for share in shares])
        counts += protocol.found(AF.box_iou(centred[:, None], boxes[None]).amax(dim=1)).long()
    return float(shares[middle_of_best(counts)])


def _even_places(dataset: Any) -> list[int]:
    places: list[int] = np.linspace(0, len(dataset) - 1, min(_MOST, len(dataset)), dtype=int).tolist()
    return places
