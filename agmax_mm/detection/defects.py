"""Faults of pictures and boxes of a detection set, and the messages about them."""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import cv2
from PIL import Image

from agmax_mm.wording import first_names

# Headers of images are read so many at a time: on a network drive the time is spent waiting.
_READERS = 8
_ORIENTATION_TAG = 0x0112
_TRANSPOSED = (5, 6, 7, 8)
_LARGEST_EDGE = 1e9
# How a whole file ends, by format.
_ENDINGS = {'JPEG': b'\xff\xd9', 'PNG': b'IEND\xaeB`\x82'}
# Zeros at the end of a file of which the last part was never written.
_UNWRITTEN = 64


@dataclass
class DataReport:
    """Counts of one annotation file.

    Attributes:
        source: The annotation file, or the list of them.
        images: Images.
        empty: Images without objects.
        objects: Objects that are used.
        ignored: Objects among them that count neither way: COCO's crowds, Pascal VOC's difficult ones.
        left_out: What is wrong with an object or an image to where such ones are.
        unknown: Name of a class that the config does not know to where it is.
        without_size: Annotations that say no size, which is read from the image.
    """

    source: str
    images: int = 0
    empty: int = 0
    objects: int = 0
    ignored: int = 0
    left_out: dict[str, list[str]] = field(default_factory=dict)
    unknown: dict[str, list[str]] = field(default_factory=dict)
    without_size: list[str] = field(default_factory=list)

    def leave_out(self, defect: str, where: str) -> None:
        """Count one object or image."""
        self.left_out.setdefault(defect, []).append(where)

    def summary(self) -> str:
        """All counts in one line, with places of what is left out."""
        line = f'{self.source}: {self.images} images ({self.empty} without objects), {self.objects} objects'
        if self.ignored:
            line += f' ({self.ignored} of them crowds or difficult, which count neither way)'
        if self.without_size:
            line += f'; {len(self.without_size)} sizes read from the image (in {first_names(self.without_size)})'
        reasons = self.reasons()
        return f'{line}; left out: {reasons}' if reasons else line

    def reasons(self) -> str:
        """A text of the parts that are left out, with counts and places; empty if none are."""
        left_out = {**self.left_out, **{f'of the unknown class {name!r}': at for name, at in self.unknown.items()}}
        return ', '.join(f'{len(places)} {defect} (in {first_names(places)})' for defect, places in left_out.items())


def box_defect(box: Sequence[float], width: float, height: float) -> str | None:
    """Say why a box cannot be learnt or found, if it cannot.

    Such a box makes a detector's regression targets infinite, and has no overlap with any detection.

    Args:
        box: Left, top, right and bottom edge in pixels.
        width: Width of the image in pixels.
        height: Height of the image in pixels.

    Returns:
        ``'with reversed corners'``, ``'of zero area'``, ``'outside the image'`` or None. A box that reaches beyond the
        image with a part of it is sound: the host cuts it at the edge.

    Raises:
        ValueError: If an edge is not finite, or a billion pixels away.
    """
    left, top, right, bottom = box
    if not all(math.isfinite(edge) and abs(edge) < _LARGEST_EDGE for edge in box):
        raise ValueError(f'expected a box of finite numbers, got {list(box)}')
    if right < left or bottom < top:
        return 'with reversed corners'
    if right == left or bottom == top:
        return 'of zero area'
    if right <= 0 or bottom <= 0 or left >= width or top >= height:
        return 'outside the image'
    return None


def check_images(source: str, images: Sequence[tuple[str, int, int]]) -> None:
    """Compare images with what their annotations say, by their headers.

    Args:
        source: The annotation file, for messages.
        images: Path, width and height in pixels, as annotated.

    Raises:
        ValueError: If files are missing, are no images that the host reads, are half-written, or are of another size;
            as the host loads them, which turns photographs as their EXIF orientation says. Damage in the middle of a
            file is not looked for.
    """
    missing = [path for path, _, _ in images if not os.path.isfile(path)]
    if missing:
        raise ValueError(f'{source}: {len(missing)} of {len(images)} images do not exist: {first_names(missing)}')
    with ThreadPoolExecutor(_READERS) as pool:
        sizes = list(pool.map(loaded_size, (path for path, _, _ in images)))
    damaged = [path for (path, _, _), size in zip(images, sizes, strict=True) if size is None]
    if damaged:
        raise ValueError(
            f'{source}: {len(damaged)} of {len(images)} images are damaged, half-written or something else: '
            f'{first_names(damaged)}'
        )
    differing = [
        f'{path} ({width} x {height} annotated, is {size[0]} x {size[1]})'
        for (path, width, height), size in zip(images, sizes, strict=True)
        if size is not None and size != (width, height)
    ]
    if differing:
        raise ValueError(
            f'{source}: {len(differing)} of {len(images)} images are not of the size that is annotated, so their boxes '
            f'may be of other images: {first_names(differing)}'
        )


def is_inside(path: str, folders: Iterable[str | None]) -> bool:
    """Tell whether a path is below one of the folders by its name; links are followed wherever they lead.

    Without any folder, every path is.
    """
    roots = [os.path.abspath(folder) for folder in folders if folder]
    path = os.path.abspath(path)
    return not roots or any(os.path.commonpath((path, root)) == root for root in roots)


def loaded_size(path: str) -> tuple[int, int] | None:
    """Width and height in pixels as the host loads the image; None if it is none, or half-written."""
    if not cv2.haveImageReader(path):
        return None
    try:
        with Image.open(path) as image:
            width, height = image.size
            turned = image.getexif().get(_ORIENTATION_TAG) in _TRANSPOSED
            if not _is_whole(path, _ENDINGS.get(image.format or '')):
                image.load()
    # What Pillow's readers raise on damaged files.
    except (OSError, SyntaxError, ValueError, TypeError, EOFError, struct.error, Image.DecompressionBombError):
        return None
    return (height, width) if turned else (width, height)


def _is_whole(path: str, ending: bytes | None) -> bool:
    """Tell by the end of a file whether it is whole, without decoding it.

    Raises:
        EOFError: If the file ends in zeros.
    """
    with open(path, 'rb') as file:
        file.seek(max(0, os.path.getsize(path) - _UNWRITTEN))
        end = file.read()
    if ending is None:
        return False
    if not end.strip(b'\0'):
        raise EOFError('zeros')
    return end.rstrip(b'\0').endswith(ending)
