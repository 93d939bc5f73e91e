"""Mixing of images and labels within a batch.

Shapes: N = images in the batch, C = channels, H x W = pixels, K = classes.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def sample_beta(alpha: float, *, generator: torch.Generator | None = None) -> float:
    """Draw from Beta(alpha, alpha).

    Args:
        alpha: The parameter, above 0; 1 is the uniform distribution.
        generator: Source of randomness on the CPU; torch's global one by default.

    Returns:
        A number within ``[0, 1]``.

    Raises:
        ValueError: If ``alpha`` is not above 0.
    """
    if not alpha > 0:
        raise ValueError(f'alpha: expected a number above 0, got {alpha}')
    if alpha == 1.0:
        return torch.rand((), generator=generator, dtype=torch.float64).item()
    parameters = torch.full((2,), float(alpha), dtype=torch.float64)
    gammas = torch._standard_gamma(parameters, generator=generator)
    return (gammas[0] / gammas.sum()).item()


def cutmix_bbox(
    height: int, width: int, lam: float, *, generator: torch.Generator | None = None
) -> tuple[int, int, int, int]:
    """Draw CutMix's box: the image's aspect ratio, ``1 - lam`` of its area, any centre, clipped at the border.

    Args:
        height: Image height in pixels.
        width: Image width in pixels.
        lam: Share of the image to keep, within ``[0, 1]``.
        generator: Source of randomness on the CPU; torch's global one by default.

    Returns:
        ``(y1, y2, x1, x2)``, half-open, in pixels. Before clipping each side is ``2 * (side // 2)``.

    Raises:
        ValueError: If ``lam`` is outside ``[0, 1]``.

    References:
        S. Yun et al., "CutMix", ICCV 2019, Eq. 2 and Algorithm A1.
    """
    if not 0.0 <= lam <= 1.0:
        raise ValueError(f'lam: expected a number within [0, 1], got {lam}')
    cut = math.sqrt(1.0 - lam)
    center_y = int(torch.randint(height, (), generator=generator))
    center_x = int(torch.randint(width, (), generator=generator))
    half_height, half_width = int(height * cut) // 2, int(width * cut) // 2
    return (
        max(center_y - half_height, 0),
        min(center_y + half_height, height),
        max(center_x - half_width, 0),
        min(center_x + half_width, width),
    )


def cutmix(
    images: Tensor,
    targets: Tensor,
    *,
    alpha: float = 1.0,
    correct_lam: bool = True,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Paste a box of each image's partner into the image, and mix the labels by area.

    One ratio, one box and one random permutation of partners for the whole batch; an image may be its own partner.

    Args:
        images: Shape ``(N, C, H, W)``, not changed.
        targets: Class probabilities, shape ``(N, K)``.
        alpha: Parameter of the Beta distribution that the ratio is drawn from, above 0.
        correct_lam: Weigh the labels by the area that was really kept, after clipping and rounding. Without it the
            drawn ratio is used.
        generator: Source of randomness on the CPU; torch's global one by default.

    Returns:
        Mixed images and mixed targets, of the same shapes and in floating point.

    Raises:
        ValueError: If ``alpha`` is not above 0, or the shapes don't fit together.

    References:
        S. Yun et al., "CutMix", ICCV 2019, Eqs. 1 and 2, Algorithm A1.
    """
    _check_batch(images, targets)
    lam = sample_beta(alpha, generator=generator)
    partners = torch.randperm(len(images), generator=generator).to(images.device)
    height, width = images.shape[-2:]
    y1, y2, x1, x2 = cutmix_bbox(height, width, lam, generator=generator)
    mixed = images.clone()
    mixed[..., y1:y2, x1:x2] = images[partners, :, y1:y2, x1:x2]
    if correct_lam:
        lam = 1.0 - (y2 - y1) * (x2 - x1) / (height * width)
    return mixed, _blend(targets.float(), partners, lam)


def mixup(
    images: Tensor,
    targets: Tensor,
    *,
    alpha: float = 1.0,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Blend each image with its partner, and the labels with the same weights.

    One ratio and one random permutation of partners for the whole batch; an image may be its own partner.

    Args:
        images: Shape ``(N, C, H, W)``, in floating point, not changed. Half precision is rounded once.
        targets: Class probabilities, shape ``(N, K)``.
        alpha: Parameter of the Beta distribution that the ratio is drawn from, above 0; AgMax uses 1 for CIFAR and 0.2
            for ImageNet.
        generator: Source of randomness on the CPU; torch's global one by default.

    Returns:
        Mixed images of the same shape and type, and mixed targets in floating point.

    Raises:
        ValueError: If ``alpha`` is not above 0, the images are integers, or the shapes don't fit together.

    References:
        H. Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018, Eq. 1.
    """
    _check_batch(images, targets)
    if not images.is_floating_point():
        raise ValueError(f'mixup: expected images in floating point, got {images.dtype}')
    lam = sample_beta(alpha, generator=generator)
    partners = torch.randperm(len(images), generator=generator).to(images.device)
    return _blend(images, partners, lam), _blend(targets.float(), partners, lam)


def _blend(values: Tensor, partners: Tensor, lam: float) -> Tensor:
    """``lam`` of each row and the rest of its partner; a row that is its own partner stays bit by bit."""
    return torch.lerp(values[partners], values, lam)


def _check_batch(images: Tensor, targets: Tensor) -> None:
    if images.ndim != 4 or targets.ndim != 2 or len(images) != len(targets):
        raise ValueError(
            'mixing: expected images (N, C, H, W) and class probabilities (N, K), '
            f'got {tuple(images.shape)} and {tuple(targets.shape)}'
        )
