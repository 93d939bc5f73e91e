"""Where a classifier looks: class activation maps, the boxes around them, and how well boxes overlap.

Boxes are half-open, ``(x1, y1, x2, y2)`` in pixels: a box of the pixels 2 to 4 is ``(2, 2, 5, 5)``.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

# Shapes: N = images, C = channels, K = classes, H and W = height and width, M = boxes, T = thresholds.


def class_activation_map(features: Tensor, weight: Tensor, classes: Tensor) -> Tensor:
    r"""How much each place of the last map speaks for a class.

    .. math:: M_c(i, j) = \sum_k w_{ck} F_k(i, j)

    for a network that averages the map over its places and applies a linear layer. The mean of the result, plus the
    layer's bias, is the logit of the class.

    Args:
        features: Maps before the pooling, shape ``(N, C, H, W)``.
        weight: Weight of the linear layer, shape ``(K, C)``.
        classes: A class of each image, integers of 0 to ``K - 1``, shape ``(N,)``.

    Returns:
        Shape ``(N, H, W)``, float32 or wider, with gradient.

    Raises:
        ValueError: If the shapes do not belong together, or a class is out of range.

    References:
        B. Zhou et al., "Learning Deep Features for Discriminative Localization", CVPR 2016, Eq. 2.

    Example:
        >>> features = torch.tensor([[[[1.0, 0.0]], [[0.0, 2.0]]]])  # two channels, one row of two places
        >>> class_activation_map(features, torch.tensor([[1.0, 0.5], [0.0, 1.0]]), torch.tensor([0]))
        tensor([[[1., 1.]]])
    """
    if features.ndim != 4 or weight.ndim != 2 or features.shape[1] != weight.shape[1]:
        raise ValueError(
            'class_activation_map: expected features (N, C, H, W) and a weight (K, C), '
            f'got {tuple(features.shape)} and {tuple(weight.shape)}'
        )
    if classes.shape != features.shape[:1]:
        raise ValueError(
            f'class_activation_map: expected a class for each of {len(features)} images, got {tuple(classes.shape)}'
        )
    if len(classes) and not (int(classes.min()) >= 0 and int(classes.max()) < len(weight)):
        raise ValueError(f'class_activation_map: expected classes of 0 to {len(weight) - 1}, got {classes.tolist()}')
    with torch.autocast(features.device.type, enabled=False):
        wide = torch.promote_types(features.dtype, torch.float32)
        return torch.einsum('nchw,nc->nhw', features.to(wide), weight.to(wide)[classes])


def box_from_map(maps: Tensor, *, sigma: float = 0.15, minmax: bool = False) -> Tensor:
    """The box around the largest connected part of a map above a share of its maximum.

    A part is connected over edges and corners (8 neighbours). Of parts of one size the one counts whose box begins
    further up, then further left. A map without a positive value, or without a value above the threshold, has the whole
    image as its box.

    Args:
        maps: Shape ``(..., H, W)``.
        sigma: The share, within ``[0, 1)``. A place belongs to a part if its value is above this share of the maximum.
        minmax: Scale each map to 0 to 1 first, so that the share is one of its range. The paper does not.

    Returns:
        Half-open boxes ``(x1, y1, x2, y2)``, integers, shape ``(..., 4)``, on the CPU.

    Raises:
        ValueError: If ``sigma`` is out of range, a map has no place, or a value is not finite.

    References:
        S. Yun et al., "CutMix", ICCV 2019, Appendix B, for ``sigma``; its neighbourhood and ties are not given there.

    Example:
        >>> box_from_map(torch.tensor([[0.0, 0.1, 0.0], [0.0, 0.9, 1.0]]))
        tensor([1, 1, 3, 2])
    """
    if not 0 <= sigma < 1:
        raise ValueError(f'box_from_map.sigma: expected a share within [0, 1), got {sigma}')
    height, width = maps.shape[-2:] if maps.ndim >= 2 else (0, 0)
    if not height or not width:
        raise ValueError(f'box_from_map: expected maps (..., H, W), got {tuple(maps.shape)}')
    whole = np.array([0, 0, width, height])
    boxes = []
    for values in _scaled(maps.reshape(-1, height, width), minmax=minmax):
        top = float(values.max())
        found = component_boxes(values > sigma * top) if top > 0 else whole[None]
        boxes.append(found[0] if len(found) else whole)
    return torch.from_numpy(np.array(boxes, dtype=np.int64).reshape(*maps.shape[:-2], 4))


def component_boxes(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Boxes around the connected parts of a mask, of 8 neighbours each.

    Args:
        mask: Shape ``(H, W)``.

    Returns:
        Half-open boxes ``(x1, y1, x2, y2)``, shape ``(M, 4)``, those of parts with the most places first; among equal
        ones the box that begins further up, then further left. None for an empty mask.
    """
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    left, top, width, height, area = stats[1:].astype(np.int64).T  # the first one is the background
    boxes = np.stack([left, top, left + width, top + height], axis=1)
    return boxes[np.lexsort((left, top, -area))]


def component_overlaps(maps: Tensor, boxes: Tensor, thresholds: Tensor, *, minmax: bool = True) -> Tensor:
    """How well the parts of a map above each of many thresholds fit an image's boxes.

    A map without a positive value, after scaling if it is scaled, and a threshold with nothing above it, have the whole
    image as their box.

    Args:
        maps: One map, shape ``(H, W)``.
        boxes: Boxes of the image, half-open, shape ``(M, 4)``, at least one.
        thresholds: Shares of the maximum, shape ``(T,)``, within ``[0, 1)``.
        minmax: Scale the map to 0 to 1 first, as MaxBoxAcc does; without it the parts are those of
            :func:`box_from_map`.

    Returns:
        Shape ``(2, T)``, float64: the overlap of the largest part's box with the box that it fits best, and the best
        overlap of any part with any box.

    Raises:
        ValueError: If there is no box, or a value is not finite.

    References:
        J. Choe et al., "Evaluating Weakly Supervised Object Localization Methods Right", CVPR 2020, for MaxBoxAcc; the
        second row is of MaxBoxAccV2, from the longer version of that paper.
    """
    if not len(boxes):
        raise ValueError('component_overlaps: expected at least one box, got none')
    values = _scaled(maps[None], minmax=minmax)[0]
    top = float(values.max())
    whole = np.array([[0, 0, values.shape[1], values.shape[0]]])
    rows = []
    for threshold in thresholds.tolist():
        found = component_boxes(values > threshold * top) if top > 0 else whole
        overlaps = box_iou(torch.from_numpy(found if len(found) else whole)[:, None], boxes[None]).amax(dim=1)
        rows.append((float(overlaps[0]), float(overlaps.max())))
    return torch.tensor(rows, dtype=torch.float64).T


def box_iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of boxes.

    Args:
        a: Half-open boxes ``(x1, y1, x2, y2)``, shape ``(..., 4)``.
        b: Boxes whose shape broadcasts with that of ``a``; ``a[:, None]`` and ``b[None]`` are compared each with each.

    Returns:
        Within ``[0, 1]``, shape ``(...)``, float64. It is 0 for two empty boxes.

    Raises:
        ValueError: If the last dimension is not 4, or a box ends before it begins.

    Example:
        >>> box_iou(torch.tensor([0, 0, 4, 4]), torch.tensor([2, 0, 6, 4]))  # 8 of 24 pixels
        tensor(0.3333, dtype=torch.float64)
    """
    if a.shape[-1:] != (4,) or b.shape[-1:] != (4,):
        raise ValueError(f'box_iou: expected boxes (..., 4), got {tuple(a.shape)} and {tuple(b.shape)}')
    a, b = a.double(), b.double()
    for boxes in (a, b):
        if bool((boxes[..., 2:] < boxes[..., :2]).any()):
            raise ValueError(
                f'box_iou: expected boxes (x1, y1, x2, y2) that end where they begin or later, got {boxes}'
            )
    shared = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0).prod(-1)
    union = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - shared
    return torch.where(union > 0, shared / union, torch.zeros_like(union))


def max_box_accuracy(overlaps: Tensor, *, iou: float = 0.5) -> tuple[float, int]:
    """The share of images that are found at the threshold that is best for all of them together.

    Args:
        overlaps: Overlap of each image at each threshold, shape ``(N, T)``.
        iou: An image is found from this overlap on.

    Returns:
        The share, within ``[0, 1]``, and the place of the threshold, the first of several.

    Raises:
        ValueError: If there is no image or no threshold.

    References:
        J. Choe et al., "Evaluating Weakly Supervised Object Localization Methods Right", CVPR 2020.
    """
    if overlaps.ndim != 2 or not overlaps.numel():
        raise ValueError(f'max_box_accuracy: expected overlaps (N, T), got {tuple(overlaps.shape)}')
    shares = (overlaps >= iou).double().mean(dim=0)
    best = int(shares.argmax())
    return float(shares[best]), best


def _scaled(maps: Tensor, *, minmax: bool) -> NDArray[np.float64]:
    values: NDArray[np.float64] = maps.detach().double().cpu().numpy()
    if not np.isfinite(values).all():
        raise ValueError('expected maps of finite values, got NaN or infinity')
    if minmax:
        low = values.min(axis=(1, 2), keepdims=True)
        extent = values.max(axis=(1, 2), keepdims=True) - low
        values = np.divide(values - low, extent, out=np.zeros_like(values), where=extent > 0)
    return values
