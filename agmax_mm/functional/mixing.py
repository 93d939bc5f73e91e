"""Mixing of images and labels within a batch.

Shapes: N = images in the batch, C = channels, H x W = pixels, K = classes.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from agmax_mm.functional.boxes import cutmix_bbox, fixed_size_bbox, kept_share

LABELS = ('area', 'one_hot', 'complete')


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
    if not 0 < alpha < math.inf:
        raise ValueError(f'alpha: expected a number above 0, got {alpha}')
    if alpha == 1.0:
        return torch.rand((), generator=generator, dtype=torch.float64).item()
    parameters = torch.full((2,), float(alpha), dtype=torch.float64)
    gammas = torch._standard_gamma(parameters, generator=generator)
    return (gammas[0] / gammas.sum()).item()


def cutmix(
    images: Tensor,
    targets: Tensor,
    *,
    alpha: float = 1.0,
    correct_lam: bool = True,
    rounding: str = 'reference',
    center_sigma: float | None = None,
    size: int | None = None,
    inside: bool = False,
    label: str = 'area',
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Paste a box of each image's partner into the image, and mix the labels by area.

    The whole batch has one ratio, one box and one random permutation of partners. An image may be its own partner.
    Feature maps are mixed in the same way.

    Args:
        images: Shape ``(N, C, H, W)``, not changed.
        targets: Class probabilities, shape ``(N, K)``.
        alpha: Parameter of the Beta distribution that the ratio is drawn from, above 0.
        correct_lam: Weight the labels by the area that was really kept, after clipping and rounding. Without it, the
            drawn ratio is used, or that of the unclipped box if ``size`` is given.
        rounding: ``'reference'`` or ``'paper'``, see :func:`agmax_mm.functional.cutmix_bbox`.
        center_sigma: Draw the centre from a Gaussian, see the same function. Not together with ``size``.
        size: Side in pixels of a square box that is always the same, in place of a drawn ratio; see
            :func:`agmax_mm.functional.fixed_size_bbox`.
        inside: Keep the box of ``size`` within the image.
        label: ``'area'`` mixes the labels by area. ``'one_hot'`` takes the label of the image with the larger share of
            the area, and of the image that gets the box if both are equal. ``'complete'`` takes half of each label.
        generator: Source of randomness on the CPU; torch's global one by default.

    Returns:
        Mixed images and mixed targets, of the same shapes and in floating point.

    Raises:
        ValueError: If an option is out of range, or the shapes don't fit together.

    References:
        S. Yun et al., "CutMix", ICCV 2019, Eqs. 1 and 2, Algorithm A1; Table 8 for the other boxes and labels.
    """
    _check_batch(images, targets)
    if label not in LABELS:
        raise ValueError(f'cutmix.label: expected one of {", ".join(LABELS)}, got {label!r}')
    if size is not None and center_sigma is not None:
        raise ValueError('cutmix: expected size or center_sigma, got both')
    height, width = images.shape[-2:]
    lam = sample_beta(alpha, generator=generator) if size is None else 1.0 - size**2 / (height * width)
    partners = torch.randperm(len(images), generator=generator).to(images.device, non_blocking=True)
    if size is None:
        box = cutmix_bbox(height, width, lam, rounding=rounding, center_sigma=center_sigma, generator=generator)
    else:
        box = fixed_size_bbox(height, width, size, inside=inside, rounding=rounding, generator=generator)
    y1, y2, x1, x2 = box
    mixed = images.clone()
    mixed[..., y1:y2, x1:x2] = images[partners, :, y1:y2, x1:x2]
    if correct_lam:
        lam = kept_share(box, height, width)
    if label == 'one_hot':
        lam = float(lam >= 0.5)
    elif label == 'complete':
        lam = 0.5
    return mixed, _blend(targets.float(), partners, lam)


def mixup(
    images: Tensor,
    targets: Tensor,
    *,
    alpha: float = 1.0,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Blend each image with its partner, and the labels with the same weights.

    The whole batch has one ratio and one random permutation of partners. An image may be its own partner.

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
    partners = torch.randperm(len(images), generator=generator).to(images.device, non_blocking=True)
    return _blend(images, partners, lam), _blend(targets.float(), partners, lam)


def _blend(values: Tensor, partners: Tensor, lam: float) -> Tensor:
    """Return ``lam`` of each row plus ``1 - lam`` of its partner. A row that is its own partner stays bit by bit."""
    return torch.lerp(values[partners], values, lam)


def _check_batch(images: Tensor, targets: Tensor) -> None:
    if images.ndim != 4 or targets.ndim != 2 or len(images) != len(targets):
        raise ValueError(
            'mixing: expected images (N, C, H, W) and class probabilities (N, K), '
            f'got {tuple(images.shape)} and {tuple(targets.shape)}'
        )
