"""Changes of an image's geometry: crops, flips and affine maps.

Affine maps take the nearest pixel, and fill with black. They equal Pillow's bit by bit.
"""

from __future__ import annotations

import functools
import math

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from agmax_mm.datasets.encoded_image import Box
from agmax_mm.datasets.transforms.pixels import Pixels, UInt8

# Coordinates are in 16.16 fixed point, as in Pillow.
_ONE = 1 << 16


def resized_crop(array: UInt8, box: Box, size: int) -> UInt8:
    """Cut a box out of an image and resize it, antialiased.

    Tolerance against Pillow's bilinear filter: 1 level.

    Args:
        array: Shape ``(H, W, 3)``.
        box: The part to cut out, within the image.
        size: Side of the result in pixels.

    Returns:
        Shape ``(size, size, 3)``.
    """
    top, left, height, width = box
    # Torch would copy the box by pixels, NumPy copies it by rows.
    crop = np.ascontiguousarray(array[top : top + height, left : left + width])
    # In this order the strides say "channels last". Torch has a kernel for it that is three times as fast.
    tensor = torch.from_numpy(crop).unsqueeze(0).permute(0, 3, 1, 2)
    resized = F.interpolate(tensor, size=(size, size), mode='bilinear', antialias=True)
    return np.ascontiguousarray(resized[0].permute(1, 2, 0).numpy())


def translate(array: UInt8, down: int, right: int) -> UInt8:
    """Move a window over the image by whole pixels, down and to the right. Outside of the image it is black."""
    height, width = array.shape[:2]
    moved = np.zeros_like(array)
    rows, columns = height - abs(down), width - abs(right)
    if rows > 0 and columns > 0:
        y, x = max(down, 0), max(right, 0)
        moved[y - down : y - down + rows, x - right : x - right + columns] = array[y : y + rows, x : x + columns]
    return moved


def flip(image: Pixels) -> Pixels:
    """Flip left and right."""
    return Pixels(cv2.flip(image.array, 1))


def translate_by_share(image: Pixels, *, x: float = 0.0, y: float = 0.0) -> Pixels:
    """Move a window over the image by shares of its sides."""
    shifts = [share * side for share, side in zip((y, x), image.size, strict=True)]
    if not any(_is_half(shift) for shift in shifts):
        down, right = (math.floor(shift + 0.5) for shift in shifts)
        return Pixels(translate(image.array, down, right))
    moved = image.array
    for axis, shift in enumerate(shifts):
        sources = _sources(shift, moved.shape[axis])
        moved = moved.take(sources, axis=axis)
        outside = (sources < 0)[:, None] if axis == 0 else sources < 0
        moved[np.broadcast_to(outside, moved.shape[:2])] = 0
    return Pixels(np.ascontiguousarray(moved))


def _is_half(shift: float) -> bool:
    return abs(shift - math.floor(shift) - 0.5) < 1e-6


def _sources(shift: float, length: int) -> NDArray[np.intp]:
    """Return the place that each pixel of an axis comes from, -1 for outside, as in Pillow.

    Pillow adds 1 from pixel to pixel. After a shift by a half pixel, the rounding errors of this sum decide.
    """
    places = np.cumsum(np.concatenate([[shift + 0.5], np.ones(length - 1)]))
    sources = np.where(places < 0, -1, places).astype(np.intp)
    return np.where(sources < length, sources, -1)


def shear(image: Pixels, *, x: float = 0.0, y: float = 0.0) -> Pixels:
    """Shear by slopes: ``x`` moves rows, ``y`` moves columns."""
    return _affine(image, (1.0, x, 0.0, y, 1.0, 0.0))


def rotate(image: Pixels, degrees: float) -> Pixels:
    """Rotate counter-clockwise around the centre."""
    if degrees == 0:
        return image
    height, width = image.size
    angle = -math.radians(degrees)
    cos, sin = round(math.cos(angle), 15), round(math.sin(angle), 15)
    x, y = width / 2.0, height / 2.0
    return _affine(image, (cos, sin, cos * -x + sin * -y + x, -sin, cos, -sin * -x + cos * -y + y))


def _affine(image: Pixels, coefficients: tuple[float, ...]) -> Pixels:
    """Take the pixel at ``(a x + b y + c, d x + e y + f)`` for each place; the coefficients are a to f."""
    a, b, c, d, e, f = coefficients
    height, width = image.size
    columns, rows = _coordinates(width), _coordinates(height)
    maps = []
    for along_x, along_y, offset in ((a, b, c), (d, e, f)):
        start = _fixed(offset + along_x * 0.5 + along_y * 0.5)
        coordinates = np.add.outer(rows * _fixed(along_y) + start, columns * _fixed(along_x)) >> 16
        maps.append(coordinates.astype(np.int16))
    moved = cv2.remap(image.array, cv2.merge(maps), None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
    return Pixels(moved)


def _fixed(value: float) -> np.int32:
    return np.int32(math.floor(value * _ONE + 0.5))


@functools.lru_cache(maxsize=8)
def _coordinates(length: int) -> NDArray[np.int32]:
    return np.arange(length, dtype=np.int32)
