"""Random brightness, contrast and saturation."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from agmax_mm.datasets.transforms import pixels
from agmax_mm.datasets.transforms.image_transform import ImageTransform
from agmax_mm.datasets.transforms.pixels import Pixels, UInt8
from agmax_mm.registry import TRANSFORMS

# Shares of B, G and R in grey, of ITU-R 601.
_GREY = (0.114, 0.587, 0.299)
# OpenCV takes a slow path for diagonal matrices. This share of grey is too small to change a value.
_LEAST_GREY = 2.0**-18
# Pictures of fewer pixels are changed step by step: there a pass over the picture takes less than its preparation.
_SMALL = 1 << 13
# Pillow cuts off after each change, which takes half a level on average.
_CUT_OFF = 0.5


@TRANSFORMS.register_module()
class ColorJitter(ImageTransform):
    """Change brightness, contrast and saturation by random factors, in random order.

    The result equals that of torchvision on Pillow images below 8,192 pixels, as :func:`pixels.saturation` and its like
    tell. In larger pictures, changes in a row are one pass. It rounds once, where Pillow cuts off after each change: at
    widths up to 0.4 values differ by 0.25 levels on average over photographs, by more than 1 at 2 % of them, by 3 at
    most. Values beyond black or white are cut off after each change all the same. mmpretrain's transform of this name
    rounds differently.

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
        widths = {'brightness': brightness, 'contrast': contrast, 'saturation': saturation}
        self._changes = [(name, max(1.0 - width, 0.0), 1.0 + width) for name, width in widths.items() if width > 0]

    def augment(self, image: Pixels) -> Pixels:
        """Change the colours of an image."""
        # The same draws as np.random.permutation and uniform make, in less time.
        order = self._changes.copy()
        np.random.shuffle(order)
        changes = [(name, low + (high - low) * np.random.random_sample()) for name, low, high in order]
        height, width = image.size
        if height * width >= _SMALL and changes:
            return Pixels(change_colors(image.array, changes))
        for name, factor in changes:
            image = _STEPS[name](image, factor)
        return image

    def __repr__(self) -> str:
        """Return the class and its options."""
        return (
            f'{type(self).__name__}(brightness={self.brightness}, contrast={self.contrast}, '
            f'saturation={self.saturation})'
        )


_STEPS = {'brightness': pixels.brightness, 'contrast': pixels.contrast, 'saturation': pixels.saturation}


def change_colors(array: UInt8, changes: Sequence[tuple[str, float]]) -> UInt8:
    """Change brightness, contrast and saturation, in as few passes over the image as they need.

    A change, and any number of them in a row, maps a value ``x`` with the grey value ``g`` of its pixel to
    ``own x + grey g + offset``, which is one product with a matrix. A factor above 1 may lead beyond black or white,
    where values are cut off. Only then the next change needs a pass of its own.

    Args:
        array: Shape ``(H, W, 3)``, in BGR order.
        changes: Names and factors, in order.

    Returns:
        A new array of the same shape.
    """
    own, grey, offset = 1.0, 0.0, 0.0
    for place, (name, factor) in enumerate(changes):
        if name == 'contrast':
            mean = cv2.mean(cv2.cvtColor(array, cv2.COLOR_BGR2GRAY))[0]
            # The mean of the picture as the changes so far make it, a whole number in Pillow.
            offset = factor * offset + (1.0 - factor) * int((own + grey) * mean + offset + 0.5)
            grey *= factor
        else:
            rest = (own + grey) * (1.0 - factor) if name == 'saturation' else 0.0
            offset *= 1.0 if name == 'saturation' else factor
            grey = factor * grey + rest
        own *= factor
        offset -= _CUT_OFF
        last = place == len(changes) - 1
        if factor > 1 or last:
            blue, green, red = ((grey + _LEAST_GREY) * share for share in _GREY)
            rows = (own + blue, green, red, offset), (blue, own + green, red, offset), (blue, green, own + red, offset)
            array = cv2.transform(array, np.array(rows))
            own, grey, offset = 1.0, 0.0, 0.0
    return array
