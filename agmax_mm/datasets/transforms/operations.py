"""The operations of AutoAugment and RandAugment, as in the AgMax authors' code."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from agmax_mm.datasets.transforms import geometry, pixels
from agmax_mm.datasets.transforms.pixels import Pixels

MAX_MAGNITUDE = 10


class Operation(NamedTuple):
    """A change of an image by a value, and the range of this value."""

    apply: Callable[[Pixels, float], Pixels]
    low: float = 0.0  # the value at magnitude 0
    high: float = 0.0  # the value at magnitude 10
    mirrored: bool = False  # whether the sign of the value is random


# Units of the values: shear is a slope, translation a share of the side, rotation in degrees, solarisation the lowest
# inverted value, posterisation in bits, enhancement a factor. All operations equal Pillow's; see the two modules.
OPERATIONS = {
    'ShearX': Operation(lambda image, value: geometry.shear(image, x=value), 0.0, 0.3, mirrored=True),
    'ShearY': Operation(lambda image, value: geometry.shear(image, y=value), 0.0, 0.3, mirrored=True),
    'TranslateX': Operation(lambda image, value: geometry.translate_by_share(image, x=value), 0.0, 0.45, mirrored=True),
    'TranslateY': Operation(lambda image, value: geometry.translate_by_share(image, y=value), 0.0, 0.45, mirrored=True),
    'Rotate': Operation(geometry.rotate, 0.0, 30.0, mirrored=True),
    'AutoContrast': Operation(lambda image, _: pixels.autocontrast(image)),
    'Invert': Operation(lambda image, _: pixels.invert(image)),
    'Equalize': Operation(lambda image, _: pixels.equalize(image)),
    'Solarize': Operation(lambda image, value: pixels.solarize(image, math.ceil(value)), 0.0, 256.0),
    'Posterize': Operation(lambda image, value: pixels.posterize(image, int(value)), 4.0, 8.0),
    'Contrast': Operation(pixels.contrast, 0.1, 1.9),
    'Color': Operation(pixels.saturation, 0.1, 1.9),
    'Brightness': Operation(pixels.brightness, 0.1, 1.9),
    'Sharpness': Operation(pixels.sharpness, 0.1, 1.9),
}


def apply_operation(image: Pixels, name: str, magnitude: int, *, mirror: bool = False) -> Pixels:
    """Apply one operation.

    Args:
        image: The image.
        name: Operation, such as ``'ShearX'``.
        magnitude: 0 to 10. For ``Solarize`` and ``Posterize`` a larger one is weaker. Enhancements have no effect at 5.
        mirror: Change the sign of a shear, translation or rotation.
    """
    operation = OPERATIONS[name]
    value = magnitude / MAX_MAGNITUDE * (operation.high - operation.low) + operation.low
    return operation.apply(image, -value if mirror and operation.mirrored else value)
