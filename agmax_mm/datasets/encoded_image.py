"""Images that are decoded late, in the size that is needed."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

# JPEG's blocks of 8 pixels can be decoded to 4, 2 and 1.
_REDUCED = {2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}

_ORIENTATION, _UPRIGHT = 0x0112, 1
_SOI, _APP1, _SOS = 0xD8, 0xE1, 0xDA
# Markers that begin a frame and tell its size. 0xC4, 0xC8 and 0xCC have other meanings.
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}


class Box(NamedTuple):
    """A part of an image, in pixels."""

    top: int
    left: int
    height: int
    width: int


class EncodedImage:
    """A file's bytes, and the size of the picture in them.

    Args:
        content: The bytes.
        ignore_orientation: Leave the picture as it is stored, and do not turn it by its EXIF orientation.
    """

    def __init__(self, content: bytes, *, ignore_orientation: bool = False) -> None:
        self._content = np.frombuffer(content, np.uint8)
        self._shape = _jpeg_shape(content, ignore_orientation=ignore_orientation)
        self._flags = cv2.IMREAD_IGNORE_ORIENTATION if ignore_orientation else 0

    @property
    def shape(self) -> tuple[int, int] | None:
        """Height and width of a JPEG file that EXIF does not turn; ``None`` for files that must be decoded for it."""
        return self._shape

    def decode(self, factor: int = 1) -> NDArray[np.uint8]:
        """Decode the picture, whole or with 1/2, 1/4 or 1/8 of its sides, which takes less time.

        Returns:
            Shape ``(H, W, 3)``, in BGR order.

        Raises:
            OSError: If the bytes are no image.
        """
        if not len(self._content):
            raise OSError('an empty file')
        if self._shape is not None and factor == 1:
            # The same library as OpenCV's, built for newer processors: bit for bit the same in less time. What is
            # damaged it refuses, and OpenCV decides.
            with contextlib.suppress(ValueError):
                decoded: NDArray[np.uint8] = simplejpeg.decode_jpeg(self._content, 'BGR')
                return decoded
        image = cv2.imdecode(self._content, _REDUCED.get(factor, cv2.IMREAD_COLOR) | self._flags)
        if image is None:
            raise OSError(f'{len(self._content)} bytes that are no image')
        return image

    def decode_for(self, boxes: Sequence[Box], side: int) -> tuple[NDArray[np.uint8], list[Box]]:
        """Decode the picture in a size that leaves at least ``side`` pixels to each side of each box.

        Returns:
            The picture, and the boxes in it. A box of a reduced picture is off by up to half of its pixels.
        """
        smallest = min(min(box.height, box.width) for box in boxes)
        factor = next((factor for factor in (8, 4, 2) if smallest >= factor * side), 1)
        image = self.decode(factor)
        return image, [_reduced(box, factor) for box in boxes]


def _reduced(box: Box, factor: int) -> Box:
    # A reduced picture's sides are rounded up, so all edges stay inside.
    edges = (box.top, box.left, box.top + box.height, box.left + box.width)
    top, left, bottom, right = (round(edge / factor) for edge in edges)
    return Box(top, left, bottom - top, right - left)


def _jpeg_shape(content: bytes, *, ignore_orientation: bool) -> tuple[int, int] | None:
    """Read height and width from a JPEG file's header; ``None`` for other formats, and if EXIF may turn the image."""
    if content[:2] != bytes([0xFF, _SOI]):
        return None
    place, shape = 2, None
    while place + 9 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker in _FRAMES:
            height, width = (int.from_bytes(content[place + at : place + at + 2], 'big') for at in (5, 7))
            shape = (height, width) if height and width else None
        if marker == _SOS:
            return shape
        end = place + 2 + int.from_bytes(content[place + 2 : place + 4], 'big')
        if marker == _APP1 and not ignore_orientation and _turned(content[place + 4 : end]):
            return None
        place = end
    return None


def _turned(segment: bytes) -> bool:
    """Whether a segment's EXIF may ask for the picture to be turned or mirrored."""
    if segment[:4] != b'Exif':
        return False
    exif = Image.Exif()
    try:
        exif.load(segment)
        return exif.get(_ORIENTATION, _UPRIGHT) != _UPRIGHT
    except Exception:  # whatever damaged bytes lead Pillow to: OpenCV decides
        return True
