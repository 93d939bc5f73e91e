"""Images under augmentation, and changes of their colours.

The changes equal Pillow's. Changes that map each value of a channel to another value are collected, and run in one pass
over the image.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

UInt8 = NDArray[np.uint8]

_VALUES = np.arange(256)
_IDENTITY = _VALUES.astype(np.uint8)
_INVERTED = 255 - _IDENTITY
_CHANNELS = np.arange(3)
# Pillow's smoothing filter.
_SMOOTH = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]], np.float32) / 13
# OpenCV rounds, and Pillow cuts off. The offset is a little above -1/2, so that whole numbers keep their value in spite
# of the rounding errors of float32.
_CUT_OFF = -0.5 + 2.0**-10


class Pixels:
    """A BGR image of 8 bits, and a table of values that has yet to be applied to it.

    No method changes the array that the image was made from.

    Args:
        array: Shape ``(H, W, 3)``, in BGR order.
        table: Values to look up, shape ``(256,)`` or, with a column for each channel, ``(256, 3)``.
    """

    __slots__ = ('_array', '_table')

    def __init__(self, array: UInt8, table: UInt8 | None = None) -> None:
        self._array = array
        self._table = table

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self._array.shape[0], self._array.shape[1]

    @property
    def array(self) -> UInt8:
        """The pixels with all changes. Do not write to them."""
        if self._table is not None:
            self._array = cv2.LUT(self._array, self._table if self._table.ndim == 1 else self._table[None])
            self._table = None
        return self._array

    def lookup(self, table: UInt8, direct: Callable[[UInt8], UInt8] | None = None) -> Pixels:
        """Replace each value by its entry in a table of shape ``(256,)`` or ``(256, 3)``.

        Args:
            table: The table.
            direct: Function from the pixels to new ones that does the same in less time. It is taken where no other
                table waits.
        """
        before = self._table
        if before is None:
            return Pixels(self._array, table) if direct is None else Pixels(direct(self._array))
        if table.ndim == 1:
            return Pixels(self._array, table[before])
        return Pixels(self._array, table[before.reshape(256, -1), _CHANNELS])

    def histograms(self) -> NDArray[np.int64]:
        """Count each value in each channel; shape ``(256, 3)``."""
        counts = [cv2.calcHist([self._array], [channel], None, [256], [0, 256]).ravel() for channel in range(3)]
        if self._table is not None:
            tables = np.broadcast_to(self._table.reshape(256, -1), (256, 3))
            counts = [np.bincount(tables[:, channel], counts[channel], 256) for channel in range(3)]
        return np.stack(counts, axis=1).astype(np.int64)


def invert(image: Pixels) -> Pixels:
    """Return the negative of the image."""
    return image.lookup(_INVERTED, cv2.bitwise_not)


def solarize(image: Pixels, threshold: float) -> Pixels:
    """Invert the values from a threshold on."""
    below = math.ceil(threshold) - 1

    def direct(array: UInt8) -> UInt8:
        # 255 where a value is inverted, 0 elsewhere.
        return cv2.bitwise_xor(array, cv2.threshold(array, below, 255, cv2.THRESH_BINARY)[1])

    return image.lookup(np.where(threshold > _VALUES, _IDENTITY, _INVERTED), direct)


def posterize(image: Pixels, bits: int) -> Pixels:
    """Keep the upper ``bits`` of each value, 1 to 8."""
    mask = np.uint8(256 - 2 ** (8 - bits))
    return image.lookup(_IDENTITY & mask, lambda array: array & mask)


def autocontrast(image: Pixels) -> Pixels:
    """Stretch each channel to the full range. A channel with a single value stays."""
    used = image.histograms() > 0
    low, high = used.argmax(axis=0), 255 - used[::-1].argmax(axis=0)
    scale = 255.0 / np.maximum(high - low, 1)
    table = (_VALUES[:, None] * scale - low * scale).clip(0, 255).astype(np.uint8)
    return image.lookup(np.where(high > low, table, _IDENTITY[:, None]))


def equalize(image: Pixels) -> Pixels:
    """Spread each channel's values evenly. A channel with too few pixels or a single value stays."""
    counts = image.histograms()
    highest = 255 - (counts[::-1] > 0).argmax(axis=0)
    up_to = counts.cumsum(axis=0)
    step = (up_to[-1] - counts[highest, _CHANNELS]) // 255
    table = np.minimum((step // 2 + up_to - counts) // np.maximum(step, 1), 255).astype(np.uint8)
    return image.lookup(np.where(step > 0, table, _IDENTITY[:, None]))


def brightness(image: Pixels, factor: float) -> Pixels:
    """Blend with black: 0 is black, 1 the image."""
    return image.lookup(_blend_table(0, factor))


def contrast(image: Pixels, factor: float) -> Pixels:
    """Blend with the mean of the grey values: 0 is grey, 1 the image. Tolerance: 1 level if the mean is near a half."""
    mean = int(cv2.mean(_grey(image))[0] + 0.5)
    return image.lookup(_blend_table(mean, factor))


def saturation(image: Pixels, factor: float) -> Pixels:
    """Blend with the grey image: 0 is grey, 1 the image. Tolerance: ``|1 - factor|`` levels, at 1 % of values."""
    grey = cv2.cvtColor(_grey(image), cv2.COLOR_GRAY2BGR)
    return Pixels(cv2.addWeighted(image.array, factor, grey, 1.0 - factor, _CUT_OFF))


def sharpness(image: Pixels, factor: float) -> Pixels:
    """Blend with the smoothed image: 0 is smooth, 1 the image. Tolerance: 1, at 1 % of the values."""
    array = image.array
    smooth = cv2.filter2D(array, -1, _SMOOTH)
    # Pillow leaves the border as it is.
    smooth[[0, -1]], smooth[:, [0, -1]] = array[[0, -1]], array[:, [0, -1]]
    return Pixels(cv2.addWeighted(array, factor, smooth, 1.0 - factor, _CUT_OFF))


def _grey(image: Pixels) -> UInt8:
    """Return the luma by ITU-R 601. OpenCV's weights are coarser than Pillow's: 1 level off, at under 1 % of pixels."""
    return cv2.cvtColor(image.array, cv2.COLOR_BGR2GRAY)


def _blend_table(value: int, factor: float) -> UInt8:
    """Return the table that blends every value with one value, in float32 and cut off, as in Pillow."""
    blend = np.float32(value) + np.float32(factor) * (_VALUES - value).astype(np.float32)
    return blend.clip(0, 255).astype(np.uint8)
