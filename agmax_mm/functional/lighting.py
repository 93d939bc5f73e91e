"""Colour shifts along the principal components of ImageNet's pixels."""

from __future__ import annotations

import torch
from torch import Tensor

# Principal components of ImageNet's RGB values on the [0, 1] scale: their variances, and their directions, with one row
# for each of R, G and B.
_EIGENVALUES = (0.2175, 0.0188, 0.0045)
_EIGENVECTORS = ((-0.5675, 0.7192, 0.4009), (-0.5808, -0.0045, -0.8140), (-0.5836, -0.6948, 0.4203))


def pca_lighting(num_images: int, *, alpha_std: float, generator: torch.Generator | None = None) -> Tensor:
    """Draw one colour shift per image ("fancy PCA").

    Args:
        num_images: Number of shifts, N.
        alpha_std: Standard deviation of the normal draw along each component, at least 0; the papers use 0.1.
        generator: Source of randomness on the CPU; torch's global one by default.

    Returns:
        Shifts of shape ``(N, 3)``, in RGB order, for images in ``[0, 1]``. Add them without clamping.

    Raises:
        ValueError: If ``alpha_std`` is negative.

    References:
        A. Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks", NeurIPS 2012,
        section 4.1; constants as in the released code of AgMax and of CutMix.
    """
    if alpha_std < 0:
        raise ValueError(f'alpha_std: expected a number of at least 0, got {alpha_std}')
    alphas = alpha_std * torch.randn(num_images, 3, generator=generator)
    return (alphas * torch.tensor(_EIGENVALUES)) @ torch.tensor(_EIGENVECTORS).T
