"""Corruptions of ImageNet-C that the package ``imagecorruptions`` makes otherwise than their authors, or slowly.

Each takes an RGB image, uint8, shape ``(H, W, 3)``, and a severity of 1 to 5, draws from numpy's global generator in
the authors' order, and returns an image of the same kind. The authors' constants are for 224 x 224 pixels; there the
result is theirs. Elsewhere lengths grow with the shorter side.
"""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

# Pixels a side of the images that the authors' constants are for, and what they have written in their code.
_SIDE, _AUTHORS_SIDE = 224, 244
# Greatest displacement, width of its smoothing, and shift of three corners, as shares of the side.
_ELASTIC = ((2, 0.7, 0.1), (2, 0.08, 0.2), (0.05, 0.01, 0.02), (0.07, 0.01, 0.02), (0.12, 0.01, 0.02))
# Weights of the image and of the frost.
_FROST = ((1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75))
# The package has a sixth, which the authors' code never draws.
_FROST_PICTURES = ('frost1.png', 'frost2.png', 'frost3.png', 'frost4.jpg', 'frost5.jpg')
# Greatest zoom (left out) and step.
_ZOOM = ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03))


def elastic_transform(image: Image, severity: int) -> Image:
    """Shift three corners at random, then move each pixel by a smooth random field; the package has a milder form.

    Args:
        image: RGB image.
        severity: 1 to 5. The first two move whole regions, the others single pixels: the change is not monotonic.
    """
    from scipy.ndimage import map_coordinates
    from skimage.filters import gaussian

    height, width = image.shape[:2]
    side = _AUTHORS_SIDE * min(height, width) / _SIDE
    displacement, smoothing, shift = (side * share for share in _ELASTIC[severity - 1])
    centre = np.array([width, height], np.float32) // 2
    reach = min(height, width) // 3
    corners = np.array([centre + reach, [centre[0] + reach, centre[1] - reach], centre - reach], np.float32)
    moved = corners + np.random.uniform(-shift, shift, size=corners.shape).astype(np.float32)
    affine = cv2.getAffineTransform(corners, moved)
    values = cv2.warpAffine(image.astype(np.float32) / 255, affine, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    columns, rows = (
        (gaussian(np.random.uniform(-1, 1, size=(height, width)), smoothing, mode='reflect', truncate=3) * displacement)
        for _ in range(2)
    )
    y, x = np.mgrid[:height, :width]
    places = (y + rows.astype(np.float32), x + columns.astype(np.float32))
    channels = [map_coordinates(values[..., channel], places, order=1, mode='reflect') for channel in range(3)]
    return _as_levels(np.clip(np.stack(channels, axis=-1), 0, 1) * 255)


def frost(image: Image, severity: int) -> Image:
    """Lay a part of one of the authors' five pictures of frost over the image; the package has a sixth, and enlarges.

    Args:
        image: RGB image; a picture of frost is enlarged only as far as it must be to cover it.
        severity: 1 to 5.
    """
    weight, frost_weight = _FROST[severity - 1]
    picture = _frost_picture(_FROST_PICTURES[np.random.randint(len(_FROST_PICTURES))])
    height, width = image.shape[:2]
    # One pixel more than needed, so that there is a place to draw.
    scale = max((height + 1) / picture.shape[0], (width + 1) / picture.shape[1])
    if scale > 1:
        size = (int(np.ceil(picture.shape[1] * scale)), int(np.ceil(picture.shape[0] * scale)))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC)
    top = np.random.randint(0, picture.shape[0] - height)
    left = np.random.randint(0, picture.shape[1] - width)
    layer = picture[top : top + height, left : left + width]
    return _as_levels(np.clip(weight * image + frost_weight * layer, 0, 255))


def zoom_blur(image: Image, severity: int) -> Image:
    """Mean of the image and enlarged copies of it: the package's pixels in less than half of the time.

    Args:
        image: RGB image.
        severity: 1 to 5.
    """
    end, step = _ZOOM[severity - 1]
    zooms = np.arange(1, end, step)
    values = (image / 255.0).astype(np.float32)
    total = np.zeros_like(values)
    for zoom in zooms:
        total += _zoomed(values, float(zoom))
    return _as_levels(np.clip((values + total) / (len(zooms) + 1), 0, 1) * 255)


CORRUPTIONS: dict[str, Callable[[Image, int], Image]] = {
    'elastic_transform': elastic_transform,
    'frost': frost,
    'zoom_blur': zoom_blur,
}


def _as_levels(values: NDArray[np.floating]) -> Image:
    # The authors cut off the fraction.
    return values.astype(np.uint8)


@functools.cache
def _frost_picture(name: str) -> Image:
    reference = importlib.resources.files('imagecorruptions') / 'frost' / name
    with importlib.resources.as_file(reference) as path:
        picture = cv2.imread(str(path))
    return np.ascontiguousarray(picture[..., ::-1])


def _zoomed(values: NDArray[np.float32], zoom: float) -> NDArray[np.float32]:
    """The middle of an image, enlarged to its size: ``scipy.ndimage.zoom`` with ``order=1``, in the same arithmetic."""
    height, width = values.shape[:2]
    rows, columns = (int(np.ceil(side / zoom)) for side in (height, width))
    top, left = (height - rows) // 2, (width - columns) // 2
    middle = values[top : top + rows, left : left + columns].astype(np.float64)
    above, below, row_share, row_beyond = _places(rows, zoom)
    before, after, share, beyond = _places(columns, zoom)
    upper, lower = middle[above] * (1 - row_share)[:, None, None], middle[below] * row_share[:, None, None]
    share = share[:, None]
    # One after the other: sums of four in another order have other last bits.
    result = upper.take(before, 1) * (1 - share)
    result += upper.take(after, 1) * share
    result += lower.take(before, 1) * (1 - share)
    result += lower.take(after, 1) * share
    result[row_beyond] = 0
    result[:, beyond] = 0
    return result[:height, :width].astype(np.float32)


def _places(
    size: int, zoom: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64], NDArray[np.bool_]]:
    """Return the place of each pixel of an enlarged line.

    The arrays are both neighbours, the share of the second one, and whether the place is beyond the end. The last pixel
    is beyond the end if the division was rounded up; scipy makes it black.
    """
    enlarged = round(size * zoom)
    places = np.arange(enlarged) * ((size - 1) / max(enlarged - 1, 1))
    first = np.minimum(np.floor(places).astype(np.intp), size - 1)
    return first, np.minimum(first + 1, size - 1), places - first, places > size - 1
