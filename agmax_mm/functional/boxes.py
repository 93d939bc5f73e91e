"""The boxes of CutMix and its variants.

Boxes are ``(y1, y2, x1, x2)``, half-open, in pixels.
"""

from __future__ import annotations

import math

import torch

Box = tuple[int, int, int, int]

ROUNDINGS = ('reference', 'paper')


def cutmix_bbox(
    height: int,
    width: int,
    lam: float,
    *,
    rounding: str = 'reference',
    center_sigma: float | None = None,
    generator: torch.Generator | None = None,
) -> Box:
    """Draw CutMix's box: the image's aspect ratio, ``1 - lam`` of its area, any centre, clipped at the border.

    Args:
        height: Image height in pixels.
        width: Image width in pixels.
        lam: Share of the image to keep, within ``[0, 1]``.
        rounding: ``'reference'``, as in the authors' code: the sides are cut off to ``2 * (side // 2)``, and the
            centre is a pixel. ``'paper'``, as in Algorithm A1: sides and centre are real numbers, and the clipped box
            is rounded. Before clipping, the sides of the two differ by at most 2 pixels.
        center_sigma: Draw the centre from a Gaussian around the image's centre, not uniformly. This is its standard
            deviation as a share of each side, above 0. Centres beyond the border are moved onto it.
        generator: Source of randomness on the CPU; torch's global one by default.

    Returns:
        The box. It is empty if a side is below 2 pixels (``'reference'``) or rounds to 0.

    Raises:
        ValueError: If ``lam`` is outside ``[0, 1]``, ``rounding`` unknown or ``center_sigma`` not above 0.

    References:
        S. Yun et al., "CutMix", ICCV 2019, Eq. 2 and Algorithm A1; Table 8 for the Gaussian, whose width is not given.
    """
    if not 0.0 <= lam <= 1.0:
        raise ValueError(f'lam: expected a number within [0, 1], got {lam}')
    if center_sigma is not None and not center_sigma > 0:
        raise ValueError(f'center_sigma: expected a number above 0, got {center_sigma}')
    cut = math.sqrt(1.0 - lam)
    centers = [_center(side, rounding, center_sigma, generator) for side in (height, width)]
    return _clipped((height, width), (height * cut, width * cut), centers, rounding)


def fixed_size_bbox(
    height: int,
    width: int,
    size: int,
    *,
    inside: bool = False,
    rounding: str = 'reference',
    generator: torch.Generator | None = None,
) -> Box:
    """Draw a square box of one size.

    Args:
        height: Image height in pixels.
        width: Image width in pixels.
        size: Side of the box in pixels, from 1 to the smaller side of the image. ``'reference'`` rounding makes an odd
            side one pixel smaller.
        inside: Draw uniformly from the boxes that lie within the image; these are not clipped or rounded. Otherwise the
            centre is uniform over the image, as in :func:`cutmix_bbox`, and the box is clipped.
        rounding: As in :func:`cutmix_bbox`.
        generator: Source of randomness on the CPU; torch's global one by default.

    Returns:
        The box.

    Raises:
        ValueError: If ``size`` is out of range or ``rounding`` unknown.

    References:
        S. Yun et al., "CutMix", ICCV 2019, Table 8. It does not describe boxes at the border.
    """
    if not 1 <= size <= min(height, width):
        raise ValueError(f'size: expected 1 to {min(height, width)}, the smaller side of the image, got {size}')
    if inside:
        y1, x1 = (int(torch.randint(side - size + 1, (), generator=generator)) for side in (height, width))
        return y1, y1 + size, x1, x1 + size
    centers = [_center(side, rounding, None, generator) for side in (height, width)]
    return _clipped((height, width), (size, size), centers, rounding)


def kept_share(box: Box, height: int, width: int) -> float:
    """Return the share of the image outside of the box."""
    y1, y2, x1, x2 = box
    return 1.0 - (y2 - y1) * (x2 - x1) / (height * width)


def _center(side: int, rounding: str, sigma: float | None, generator: torch.Generator | None) -> float:
    """Draw a place on an axis of ``side`` pixels, a whole number for ``'reference'``."""
    if rounding not in ROUNDINGS:
        raise ValueError(f'rounding: expected one of {", ".join(ROUNDINGS)}, got {rounding!r}')
    if sigma is not None:
        drawn = side * (0.5 + sigma * torch.randn((), generator=generator, dtype=torch.float64).item())
        return min(max(round(drawn), 0), side - 1) if rounding == 'reference' else min(max(drawn, 0.0), float(side))
    if rounding == 'reference':
        return int(torch.randint(side, (), generator=generator))
    return side * torch.rand((), generator=generator, dtype=torch.float64).item()


def _clipped(sides: tuple[int, int], cuts: tuple[float, float], centers: list[float], rounding: str) -> Box:
    """Return the box with these sides around this centre, clipped to the image."""
    spans = []
    for side, cut, center in zip(sides, cuts, centers, strict=True):
        half = int(cut) // 2 if rounding == 'reference' else cut / 2
        spans += [round(max(center - half, 0)), round(min(center + half, side))]
    return spans[0], spans[1], spans[2], spans[3]
