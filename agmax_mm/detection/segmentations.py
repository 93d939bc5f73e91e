"""COCO's masks: polygons and run lengths, checked before pycocotools sees them.

pycocotools reads what it is given without a check: a polygon of four numbers is a box, numbers that are not finite or
very large end in a crash or take all memory, run lengths that do not add up read beyond their end.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

WITHOUT = 'without a mask'
OTHER_FORM = "with a mask that is neither COCO's list of polygons nor its run lengths"
SHORT = 'with polygons of fewer than three points'
NOT_FINITE = 'with polygons of numbers that are not finite'
FAR = 'with polygons far outside the image'
NO_AREA = 'with a mask of no area inside the image'
OTHER_SIZE = 'with a run-length mask of another size than the image'
BROKEN = 'with run lengths that do not add up to the image'

# pycocotools follows an outline in steps of a fifth of a pixel, with some 16 bytes for each.
_LONGEST_OUTLINE = 10_000_000
# A compressed run length: five bits a character, from the lowest, with a flag for more to come.
_FIRST_CHARACTER = 48
_BITS = 5
_MORE = 1 << _BITS
_SIGN = _MORE >> 1
_MOST_CHARACTERS = 7
_LEAST_NUMBERS = 6


def checked_segmentation(segmentation: Any, height: int, width: int) -> tuple[Any, str | None]:
    """Return a mask as pycocotools and the host read it, or say why it cannot be read.

    Args:
        segmentation: What an annotation file holds: polygons (lists of x1, y1, x2, y2, ...) in pixels, or run lengths
            (``size`` and ``counts``, a list or COCO's compressed text).
        height: Height of the image in pixels.
        width: Width of the image in pixels.

    Returns:
        The mask and None, or None and one of this module's reasons. Polygons of fewer than three points are left out
        of a mask that has others, as the host does.
    """
    if not segmentation:
        return None, WITHOUT
    if isinstance(segmentation, dict):
        return _checked_runs(segmentation, height, width)
    if not isinstance(segmentation, list) or not all(isinstance(polygon, list) for polygon in segmentation):
        return None, OTHER_FORM
    # To numpy a text of a number is that number; pycocotools takes none.
    if any(isinstance(number, str | bytes) for polygon in segmentation for number in polygon):
        return None, OTHER_FORM
    try:
        polygons = [np.asarray(polygon, dtype=np.float64) for polygon in segmentation if polygon]
    except (TypeError, ValueError, OverflowError):
        return None, OTHER_FORM
    if not polygons:
        return None, WITHOUT
    if any(polygon.ndim != 1 or len(polygon) % 2 for polygon in polygons):
        return None, OTHER_FORM
    if all(len(polygon) == 2 for polygon in polygons) and len(polygons) > 1:  # [[x1, y1], [x2, y2], ...]
        return None, OTHER_FORM
    polygons = [polygon for polygon in polygons if len(polygon) >= _LEAST_NUMBERS]
    if not polygons:
        return None, SHORT
    defects = [_polygon_defect(polygon, height, width) for polygon in polygons]
    for reason in (NOT_FINITE, FAR):
        if reason in defects:
            return None, reason
    if all(defect is not None for defect in defects):
        return None, NO_AREA
    return [polygon.tolist() for polygon in polygons], None


def run_lengths(text: str) -> NDArray[np.int64] | None:
    """Read COCO's compressed run lengths, by the rules of pycocotools' ``rleFrString``; None if they are damaged."""
    try:
        characters = np.frombuffer(text.encode('ascii'), dtype=np.uint8).astype(np.int64) - _FIRST_CHARACTER
    except UnicodeEncodeError:
        return None
    last = characters & _MORE == 0
    if not len(characters) or not last[-1] or characters.min() < 0 or characters.max() >= 2 * _MORE:
        return None
    ends = np.flatnonzero(last)
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts + 1
    if lengths.max() > _MOST_CHARACTERS:
        return None
    position = np.arange(len(characters)) - np.repeat(starts, lengths)
    values = np.add.reduceat((characters & (_MORE - 1)) << (_BITS * position), starts)
    # The highest of the bits is the sign.
    values -= np.where(characters[ends] & _SIGN, np.int64(1) << (_BITS * lengths), 0)
    # From the fourth on, the difference to the last but one is stored.
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values


def _checked_runs(segmentation: dict[str, Any], height: int, width: int) -> tuple[Any, str | None]:
    size, counts = segmentation.get('size'), segmentation.get('counts')
    if not isinstance(size, list) or not isinstance(counts, list | str):
        return None, OTHER_FORM
    if size != [height, width]:
        return None, OTHER_SIZE
    if isinstance(counts, str):
        runs = run_lengths(counts)
    else:
        try:
            runs = np.asarray(counts, dtype=np.int64)
            whole = runs.ndim == 1 and runs.tolist() == counts
        except (TypeError, ValueError, OverflowError):
            whole = False
        runs = runs if whole else None
    if runs is None or (runs < 0).any() or (runs > height * width).any() or runs.sum() != height * width:
        return None, BROKEN
    if not runs[1::2].any():
        return None, NO_AREA
    # Whole numbers written as floats are read, too.
    kept = counts if isinstance(counts, str) else runs.tolist()
    return {'size': [int(height), int(width)], 'counts': kept}, None


def _polygon_defect(polygon: NDArray[np.float64], height: int, width: int) -> str | None:
    x, y = polygon[0::2], polygon[1::2]
    # One number that is not finite makes an end of the range so.
    left, right, top, bottom = (float(edge) for edge in (x.min(), x.max(), y.min(), y.max()))
    if not all(map(math.isfinite, (left, right, top, bottom))):
        return NOT_FINITE
    if left < -width or right > 2 * width or top < -height or bottom > 2 * height:
        return FAR
    # No side is longer than the range.
    if len(x) * max(right - left, bottom - top) > _LONGEST_OUTLINE:
        steps = np.maximum(np.abs(np.diff(x, append=x[0])), np.abs(np.diff(y, append=y[0])))
        if steps.sum() > _LONGEST_OUTLINE:
            return FAR
    outside = right <= 0 or bottom <= 0 or left >= width or top >= height
    # By the shoelace formula, from the first point, so that numbers stay small.
    x, y = x - x[0], y - y[0]
    area = abs(float(x[:-1] @ y[1:] - x[1:] @ y[:-1])) / 2
    return NO_AREA if outside or area == 0 else None
