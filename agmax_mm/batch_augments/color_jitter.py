"""Colour jitter of real numbers on the normalised batch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from agmax_mm.functional.jitter import CHANGES, color_jitter
from agmax_mm.registry import BATCH_AUGMENTS


@BATCH_AUGMENTS.register_module()
class FloatColorJitter:
    """Change each image's brightness, contrast and saturation without clamping or rounding, before the lighting.

    So does the released code of CutMix; torchvision and :class:`agmax_mm.datasets.transforms.ColorJitter` cut off at
    black and white after each change. The switch ``jitter='float'`` of a recipe puts this in the place of the latter.

    Args:
        mean: Means of R, G and B that the normalisation subtracts, on the 0 to 255 scale: black is that much below 0.
        brightness: Half width of the range of the factor around 1, at least 0; drawn uniformly for each image.
        contrast: The same for the contrast.
        saturation: The same for the saturation.

    Raises:
        ValueError: If a width is negative, or there are not three means.
    """

    def __init__(
        self, mean: Sequence[float], brightness: float = 0.4, contrast: float = 0.4, saturation: float = 0.4
    ) -> None:
        if len(mean) != 3:
            raise ValueError(f'FloatColorJitter.mean: expected those of R, G and B, got {mean!r}')
        self.mean = torch.tensor(mean)[:, None, None]
        self.widths = (brightness, contrast, saturation)
        for name, width in zip(CHANGES, self.widths, strict=True):
            if width < 0:
                raise ValueError(f'FloatColorJitter.{name}: expected a number of at least 0, got {width}')

    def __call__(self, images: Tensor, pixel_std: Tensor) -> Tensor:
        """Draw factors and an order for each image, and apply them.

        Args:
            images: Normalised RGB images, shape ``(N, 3, H, W)``.
            pixel_std: The standard deviations they were divided by, on the 0 to 255 scale, shape ``(3, 1, 1)``.
        """
        factors = 1.0 + (2.0 * torch.rand(len(images), 3) - 1.0) * torch.tensor(self.widths)
        order = torch.rand(len(images), 3).argsort(1)
        mean = self.mean.to(images, non_blocking=True)
        return (color_jitter(images * pixel_std + mean, factors, order) - mean) / pixel_std
