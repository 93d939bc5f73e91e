"""PCA lighting on the normalised batch."""

from __future__ import annotations

from torch import Tensor

from agmax_mm.functional import pca_lighting
from agmax_mm.registry import BATCH_AUGMENTS


@BATCH_AUGMENTS.register_module()
class PCALighting:
    """Shift each image's colour along the principal components of ImageNet's pixels.

    The papers add the shift to the unclamped image in ``[0, 1]``, right before normalisation. Normalisation is affine,
    so the shift can be added after it, in normalised units, with the same result. mmpretrain's ``Lighting`` adds it to
    ``uint8`` images with rounding, and bright pixels wrap around.

    Args:
        alpha_std: Standard deviation of the draw along each component; the papers use 0.1.
    """

    def __init__(self, alpha_std: float = 0.1) -> None:
        if alpha_std < 0:
            raise ValueError(f'PCALighting.alpha_std: expected a number of at least 0, got {alpha_std}')
        self.alpha_std = alpha_std

    def __call__(self, images: Tensor, pixel_std: Tensor) -> Tensor:
        """Add one shift per image.

        Args:
            images: Normalised RGB images, shape ``(N, 3, H, W)``.
            pixel_std: The standard deviations they were divided by, on the 0 to 255 scale, shape ``(3, 1, 1)``.
        """
        shift = pca_lighting(len(images), alpha_std=self.alpha_std).to(images, non_blocking=True)
        return images + (255.0 * shift)[:, :, None, None] / pixel_std
