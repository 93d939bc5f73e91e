"""Random brightness, contrast and saturation."""

from __future__ import annotations

import numpy as np

from agmax_mm.datasets.transforms import pixels
from agmax_mm.datasets.transforms.image_transform import ImageTransform
from agmax_mm.datasets.transforms.pixels import Pixels
from agmax_mm.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ColorJitter(ImageTransform):
    """Change brightness, contrast and saturation by random factors, in random order.

    The result equals that of torchvision on Pillow images. mmpretrain's transform of this name rounds differently.

    Required and modified key: ``img``, ``uint8`` of shape ``(H, W, 3)`` in BGR order.

    Args:
        brightness: Half width of the range of the factor, at least 0. The factor is drawn uniformly around 1, and is
            at least 0.
        contrast: The same for the contrast.
        saturation: The same for the saturation.

    Raises:
        ValueError: If an argument is negative.
    """

    def __init__(self, brightness: float = 0.0, contrast: float = 0.0, saturation: float = 0.0) -> None:
        for name, value in (('brightness', brightness), ('contrast', contrast), ('saturation', saturation)):
            if value < 0:
                raise ValueError(f'ColorJitter.{name}: expected a number of at least 0, got {value}')
        self.brightness = brightness
        self.contrast = contrast
        self.saturation = saturation
        changes = (
            (pixels.brightness, brightness),
            (pixels.contrast, contrast),
            (pixels.saturation, saturation),
        )
        self._changes = [(change, max(1.0 - width, 0.0), 1.0 + width) for change, width in changes if width > 0]

    def augment(self, image: Pixels) -> Pixels:
        """Change the colours of an image."""
        for index in np.random.permutation(len(self._changes)):
            change, low, high = self._changes[index]
            image = change(image, np.random.uniform(low, high))
        return image

    def __repr__(self) -> str:
        """Return the class and its options."""
        return (
            f'{type(self).__name__}(brightness={self.brightness}, contrast={self.contrast}, '
            f'saturation={self.saturation})'
        )
