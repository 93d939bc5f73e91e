"""The operations that AutoAugment and RandAugment are made of, as the AgMax authors ran them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from PIL import Image, ImageEnhance, ImageOps

MAX_MAGNITUDE = 10


class Operation(NamedTuple):
    """A change of an RGB image by a value, and the values its magnitudes stand for."""

    apply: Callable[[Image.Image, float], Image.Image]
    low: float = 0.0  # the value at magnitude 0
    high: float = 0.0  # the value at magnitude 10
    mirrored: bool = False  # whether the value's sign may be turned


def _affine(image: Image.Image, coefficients: tuple[float, ...]) -> Image.Image:
    """Nearest neighbour, black outside the image; maps output to input coordinates."""
    return image.transform(image.size, Image.Transform.AFFINE, coefficients, Image.Resampling.NEAREST)


# The values are: shear as a slope, translation as a share of the side, rotation in degrees, solarisation as the lowest
# inverted grey value, posterisation in bits, enhancement as a factor.
OPERATIONS = {
    'ShearX': Operation(lambda image, value: _affine(image, (1, value, 0, 0, 1, 0)), 0.0, 0.3, mirrored=True),
    'ShearY': Operation(lambda image, value: _affine(image, (1, 0, 0, value, 1, 0)), 0.0, 0.3, mirrored=True),
    'TranslateX': Operation(
        lambda image, value: _affine(image, (1, 0, value * image.width, 0, 1, 0)), 0.0, 0.45, mirrored=True
    ),
    'TranslateY': Operation(
        lambda image, value: _affine(image, (1, 0, 0, 0, 1, value * image.height)), 0.0, 0.45, mirrored=True
    ),
    'Rotate': Operation(lambda image, value: image.rotate(value), 0.0, 30.0, mirrored=True),
    'AutoContrast': Operation(lambda image, _: ImageOps.autocontrast(image)),
    'Invert': Operation(lambda image, _: ImageOps.invert(image)),
    'Equalize': Operation(lambda image, _: ImageOps.equalize(image)),
    'Solarize': Operation(lambda image, value: ImageOps.solarize(image, math.ceil(value)), 0.0, 256.0),
    'Posterize': Operation(lambda image, value: ImageOps.posterize(image, int(value)), 4.0, 8.0),
    'Contrast': Operation(lambda image, value: ImageEnhance.Contrast(image).enhance(value), 0.1, 1.9),
    'Color': Operation(lambda image, value: ImageEnhance.Color(image).enhance(value), 0.1, 1.9),
    'Brightness': Operation(lambda image, value: ImageEnhance.Brightness(image).enhance(value), 0.1, 1.9),
    'Sharpness': Operation(lambda image, value: ImageEnhance.Sharpness(image).enhance(value), 0.1, 1.9),
}


def apply_operation(image: Image.Image, name: str, magnitude: int, *, mirror: bool = False) -> Image.Image:
    """Apply one operation.

    Args:
        image: RGB image of 8 bits.
        name: Operation, such as ``'ShearX'``.
        magnitude: 0 to 10. For ``Solarize`` and ``Posterize`` more is weaker; 5 leaves the enhancements without effect.
        mirror: Turn the sign of a shear, translation or rotation.
    """
    operation = OPERATIONS[name]
    value = magnitude / MAX_MAGNITUDE * (operation.high - operation.low) + operation.low
    return operation.apply(image, -value if mirror and operation.mirrored else value)
