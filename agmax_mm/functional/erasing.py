"""Erasing of boxes from images.

Shapes: N = images in the batch, C = channels, H x W = pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor


def cutout(
    images: Tensor, *, length: int, fill: Tensor | None = None, generator: torch.Generator | None = None
) -> Tensor:
    """Fill a box of each image ("CutOut"), with 0 by default. In normalised images, 0 is the channels' mean.

    Each image draws its own centre ``c``, uniformly over all its pixels. The box spans ``c - length // 2`` to
    ``c + length // 2``, half-open, on both axes, and is clipped at the border. So an odd length erases one pixel less
    per side, and boxes near the border are smaller. With a length of half the image's side, 19.14 % of the pixels are
    erased on average, not 25 %.

    Args:
        images: Shape ``(N, C, H, W)``, not changed.
        length: Side of the unclipped box in pixels, from 2 to the smaller side of the images; the papers use half of
            it, 16 for CIFAR and 112 for ImageNet.
        fill: What the boxes are filled with, of a shape that fits that of the images, such as ``(N, 1, 1, 1)``.
        generator: Source of randomness on the CPU; torch's global one by default.

    Returns:
        Images of the same shape and type.

    Raises:
        ValueError: If the images have another number of dimensions or the length is out of range.

    References:
        T. DeVries and G. W. Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout",
        arXiv:1708.04552, section 3.
    """
    if images.ndim != 4:
        raise ValueError(f'cutout: expected images (N, C, H, W), got {tuple(images.shape)}')
    height, width = images.shape[-2:]
    if not 2 <= length <= min(height, width):
        raise ValueError(f'cutout.length: expected 2 to {min(height, width)}, the side of the images, got {length}')
    erased_rows = _spans(len(images), height, length // 2, generator).to(images.device, non_blocking=True)
    erased_columns = _spans(len(images), width, length // 2, generator).to(images.device, non_blocking=True)
    erased = erased_rows[:, None, :, None] & erased_columns[:, None, None, :]
    return images.masked_fill(erased, 0) if fill is None else torch.where(erased, fill, images)


def _spans(num_images: int, side: int, half: int, generator: torch.Generator | None) -> Tensor:
    """Mark the positions within ``half`` of a random centre, half-open; shape ``(N, side)``."""
    offsets = torch.arange(side) - torch.randint(side, (num_images, 1), generator=generator)
    return (offsets >= -half) & (offsets < half)
