"""Brightness, contrast and saturation of images as real numbers, without clamping."""

from __future__ import annotations

import torch
from torch import Tensor

# Shares of R, G and B in grey, of ITU-R 601.
_GREY = (0.299, 0.587, 0.114)
CHANGES = ('brightness', 'contrast', 'saturation')


def color_jitter(images: Tensor, factors: Tensor, order: Tensor) -> Tensor:
    """Blend each image with black, with its mean grey and with its grey picture, in an order of its own.

    A blend is ``factor * image + (1 - factor) * other``, and nothing is cut off at black or white: the next change and
    the normalisation get what comes out.

    Args:
        images: RGB images whose black is 0, shape ``(N, 3, H, W)``.
        factors: Factors of brightness, contrast and saturation, shape ``(N, 3)``; 1 changes nothing.
        order: For each image the indices of the three changes, first to last, shape ``(N, 3)``.

    Returns:
        New images of the same shape.

    Raises:
        ValueError: If the shapes do not fit.

    References:
        The released code of CutMix (S. Yun et al., ICCV 2019), ``ColorJitter``; the paper does not mention it.
    """
    if images.ndim != 4 or images.shape[1] != 3 or factors.shape != (len(images), 3) or order.shape != factors.shape:
        raise ValueError(
            f'color_jitter: expected images (N, 3, H, W) with factors and orders (N, 3), got {tuple(images.shape)}, '
            f'{tuple(factors.shape)} and {tuple(order.shape)}'
        )
    images = images.clone()
    shares = torch.tensor(_GREY).to(images, non_blocking=True)[:, None, None]
    for place in range(len(CHANGES)):
        for change in range(len(CHANGES)):
            rows = torch.nonzero(order[:, place] == change).flatten()
            if not len(rows):
                continue
            chosen = rows.to(images.device, non_blocking=True)
            picture = images[chosen]
            factor = factors[rows, change].to(picture, non_blocking=True)[:, None, None, None]
            grey = (shares * picture).sum(1, keepdim=True)
            other = (torch.zeros_like(grey), grey.mean((2, 3), keepdim=True), grey)[change]
            images[chosen] = factor * picture + (1.0 - factor) * other
    return images
