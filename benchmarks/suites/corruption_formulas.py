"""The corruptions of ImageNet-C by their authors' formulas and constants, for images of 224 x 224 pixels.

Written from the description of ``make_imagenet_c.py`` (github.com/hendrycks/robustness): what is compared with. Motion
blur, and snow with it, is ImageMagick's; those two need the package ``Wand``. All draws are from numpy's generator.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import cv2
import imagecorruptions
import numpy as np
import skimage.color
from numpy.typing import NDArray
from PIL import Image as Picture
from scipy import ndimage
from skimage.filters import gaussian

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]
_SIDE = 224


def corrupted(image: Image, name: str, severity: int) -> Image:
    """An RGB image under a corruption.

    Raises:
        ImportError: If it is motion blur or snow, and ``Wand`` is not installed.
    """
    return np.uint8(FORMULAS[name](image, severity - 1))


def _gaussian_noise(image: Image, level: int) -> Floats:
    scale = (0.08, 0.12, 0.18, 0.26, 0.38)[level]
    return 255 * np.clip(image / 255.0 + np.random.normal(size=image.shape, scale=scale), 0, 1)


def _shot_noise(image: Image, level: int) -> Floats:
    photons = (60, 25, 12, 5, 3)[level]
    return 255 * np.clip(np.random.poisson(image / 255.0 * photons) / photons, 0, 1)


def _impulse_noise(image: Image, level: int) -> Floats:
    share = (0.03, 0.06, 0.09, 0.17, 0.27)[level]
    values = image / 255.0
    flipped = np.random.choice([True, False], size=values.shape, p=[share, 1 - share])
    salt = np.random.choice([True, False], size=values.shape)
    values[flipped & salt] = 1
    values[flipped & ~salt] = 0
    return 255 * values


def _speckle_noise(image: Image, level: int) -> Floats:
    values = image / 255.0
    scale = (0.15, 0.2, 0.35, 0.45, 0.6)[level]
    return 255 * np.clip(values + values * np.random.normal(size=values.shape, scale=scale), 0, 1)


def _blurred(values: Floats, sigma: float) -> Floats:
    return gaussian(values, sigma=sigma, channel_axis=-1)


def _gaussian_blur(image: Image, level: int) -> Floats:
    return 255 * np.clip(_blurred(image / 255.0, (1, 2, 3, 4, 6)[level]), 0, 1)


def _glass_blur(image: Image, level: int) -> Floats:
    sigma, reach, rounds = ((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2))[level]
    levels = np.uint8(_blurred(image / 255.0, sigma) * 255)
    for _ in range(rounds):
        for y in range(_SIDE - reach, reach, -1):
            for x in range(_SIDE - reach, reach, -1):
                dx, dy = np.random.randint(-reach, reach, size=(2,))
                # The authors' exchange of two views of one array: the second keeps what it had.
                levels[y, x], levels[y + dy, x + dx] = levels[y + dy, x + dx], levels[y, x]
    return 255 * np.clip(_blurred(levels / 255.0, sigma), 0, 1)


def _defocus_blur(image: Image, level: int) -> Floats:
    radius, smoothing = ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5))[level]
    reach, kernel = (8, (3, 3)) if radius <= 8 else (radius, (5, 5))
    x, y = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1))
    disk = np.array(x**2 + y**2 <= radius**2, np.float32)
    disk = cv2.GaussianBlur(disk / disk.sum(), kernel, smoothing)
    channels = [cv2.filter2D(image[..., channel] / 255.0, -1, disk) for channel in range(3)]
    return 255 * np.clip(np.stack(channels, -1), 0, 1)


def _by_imagemagick(image: Image, radius: float, sigma: float, angle: float) -> Image:
    from wand.image import Image as WandImage

    buffer = io.BytesIO()
    Picture.fromarray(image).save(buffer, 'PNG')
    with WandImage(blob=buffer.getvalue()) as picture:
        picture.motion_blur(radius=radius, sigma=sigma, angle=angle)
        decoded = cv2.imdecode(np.frombuffer(picture.make_blob('png'), np.uint8), cv2.IMREAD_UNCHANGED)
    return decoded if decoded.ndim == 2 else decoded[..., [2, 1, 0]]


def _motion_blur(image: Image, level: int) -> Image:
    radius, sigma = ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15))[level]
    return _by_imagemagick(image, radius, sigma, np.random.uniform(-45, 45))


def _zoomed(values: Floats, zoom: float) -> Floats:
    part = int(np.ceil(_SIDE / zoom))
    start = (_SIDE - part) // 2
    large = ndimage.zoom(values[start : start + part, start : start + part], (zoom, zoom, 1), order=1)
    trim = (large.shape[0] - _SIDE) // 2
    return large[trim : trim + _SIDE, trim : trim + _SIDE]


def _zoom_blur(image: Image, level: int) -> Floats:
    zooms = np.arange(1, *((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03))[level])
    values = (image / 255.0).astype(np.float32)
    total = np.zeros_like(values)
    for zoom in zooms:
        total += _zoomed(values, zoom)
    return 255 * np.clip((values + total) / (len(zooms) + 1), 0, 1)


def _plasma(decay: float, size: int = 256) -> Floats:
    """Heights from 0 to 1 by midpoint displacement on a torus."""
    heights = np.zeros((size, size))
    step, amount = size, 100.0

    def displaced(total: Floats) -> Floats:
        return total / 4 + amount * np.random.uniform(-amount, amount, total.shape)

    while step >= 2:
        half = step // 2
        corners = heights[::step, ::step]
        total = corners + np.roll(corners, -1, 0)
        heights[half::step, half::step] = displaced(total + np.roll(total, -1, 1))
        centres = heights[half::step, half::step]
        corners = heights[::step, ::step]
        heights[::step, half::step] = displaced(centres + np.roll(centres, 1, 0) + (corners + np.roll(corners, -1, 1)))
        heights[half::step, ::step] = displaced(centres + np.roll(centres, 1, 1) + (corners + np.roll(corners, -1, 0)))
        step, amount = half, amount / decay
    heights -= heights.min()
    return heights / heights.max()


def _fog(image: Image, level: int) -> Floats:
    amount, decay = ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4))[level]
    values = image / 255.0
    highest = values.max()
    values = values + amount * _plasma(decay)[:_SIDE, :_SIDE, None]
    return 255 * np.clip(values * highest / (highest + amount), 0, 1)


def _frost(image: Image, level: int) -> Floats:
    weight, other = ((1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75))[level]
    name = ('frost1.png', 'frost2.png', 'frost3.png', 'frost4.jpg', 'frost5.jpg')[np.random.randint(5)]
    picture = cv2.imread(str(Path(imagecorruptions.__path__[0]) / 'frost' / name))
    top, left = np.random.randint(0, picture.shape[0] - _SIDE), np.random.randint(0, picture.shape[1] - _SIDE)
    return np.clip(weight * image + other * picture[top : top + _SIDE, left : left + _SIDE, ::-1], 0, 255)


def _snow(image: Image, level: int) -> Floats:
    mean, spread, zoom, least, radius, sigma, weight = (
        (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
        (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
        (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
        (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
        (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
    )[level]
    values = image.astype(np.float32) / 255
    flakes = _zoomed(np.random.normal(size=(_SIDE, _SIDE), loc=mean, scale=spread)[..., None], zoom)
    flakes[flakes < least] = 0
    layer = (np.clip(flakes.squeeze(), 0, 1) * 255).astype(np.uint8)
    layer = _by_imagemagick(layer, radius, sigma, np.random.uniform(-135, -45))
    layer = (layer if layer.ndim == 2 else layer[..., 0])[..., None] / 255.0
    grey = cv2.cvtColor(values, cv2.COLOR_RGB2GRAY)[..., None]
    values = weight * values + (1 - weight) * np.maximum(values, grey * 1.5 + 0.5)
    return 255 * np.clip(values + layer + np.rot90(layer, k=2), 0, 1)


def _brightness(image: Image, level: int) -> Floats:
    values = skimage.color.rgb2hsv(image / 255.0)
    values[..., 2] = np.clip(values[..., 2] + (0.1, 0.2, 0.3, 0.4, 0.5)[level], 0, 1)
    return 255 * np.clip(skimage.color.hsv2rgb(values), 0, 1)


def _saturate(image: Image, level: int) -> Floats:
    factor, added = ((0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (20, 0.2))[level]
    values = skimage.color.rgb2hsv(image / 255.0)
    values[..., 1] = np.clip(values[..., 1] * factor + added, 0, 1)
    return 255 * np.clip(skimage.color.hsv2rgb(values), 0, 1)


def _contrast(image: Image, level: int) -> Floats:
    values = image / 255.0
    means = values.mean(axis=(0, 1), keepdims=True)
    return 255 * np.clip((values - means) * (0.4, 0.3, 0.2, 0.1, 0.05)[level] + means, 0, 1)


def _elastic_transform(image: Image, level: int) -> Floats:
    amount, sigma, shift = (
        (488, 170.8, 24.4),
        (488, 19.52, 48.8),
        (12.2, 2.44, 4.88),
        (17.08, 2.44, 4.88),
        (29.28, 2.44, 4.88),
    )[level]
    values = image.astype(np.float32) / 255
    source = np.float32([[186, 186], [186, 38], [38, 38]])
    target = source + np.random.uniform(-shift, shift, size=source.shape).astype(np.float32)
    matrix = cv2.getAffineTransform(source, target)
    values = cv2.warpAffine(values, matrix, (_SIDE, _SIDE), borderMode=cv2.BORDER_REFLECT_101)
    noise = [np.random.uniform(-1, 1, (_SIDE, _SIDE)) for _ in range(2)]
    dx, dy = ((gaussian(one, sigma, mode='reflect', truncate=3) * amount).astype(np.float32) for one in noise)
    x, y, z = np.meshgrid(np.arange(_SIDE), np.arange(_SIDE), np.arange(3))
    places = [np.reshape(axis, (-1, 1)) for axis in (y + dy[..., None], x + dx[..., None], z)]
    return 255 * np.clip(ndimage.map_coordinates(values, places, order=1, mode='reflect').reshape(values.shape), 0, 1)


def _pixelate(image: Image, level: int) -> Image:
    small = int(_SIDE * (0.6, 0.5, 0.4, 0.3, 0.25)[level])
    picture = Picture.fromarray(image).resize((small, small), Picture.Resampling.BOX)
    return np.asarray(picture.resize((_SIDE, _SIDE), Picture.Resampling.BOX))


def _jpeg_compression(image: Image, level: int) -> Image:
    buffer = io.BytesIO()
    Picture.fromarray(image).save(buffer, 'JPEG', quality=(25, 18, 15, 10, 7)[level])
    return np.asarray(Picture.open(buffer))


def _spatter(image: Image, level: int) -> Floats:
    mean, spread, sigma, least, amount, mud = (
        (0.65, 0.3, 4, 0.69, 0.6, False),
        (0.65, 0.3, 3, 0.68, 0.6, False),
        (0.65, 0.3, 2, 0.68, 0.5, False),
        (0.65, 0.3, 1, 0.65, 1.5, True),
        (0.67, 0.4, 1, 0.65, 1.5, True),
    )[level]
    values = image.astype(np.float32) / 255
    liquid = gaussian(np.random.normal(size=values.shape[:2], loc=mean, scale=spread), sigma=sigma)
    liquid[liquid < least] = 0
    if mud:
        share = gaussian((liquid > least).astype(np.float32), sigma=amount)
        share[share < 0.8] = 0
        brown = np.array([63, 42, 20]) / 255
        return 255 * np.clip(values * (1 - share[..., None]) + brown * share[..., None], 0, 1)
    levels = (liquid * 255).astype(np.uint8)
    distance = cv2.distanceTransform(255 - cv2.Canny(levels, 50, 150), cv2.DIST_L2, 5)
    distance = cv2.blur(np.minimum(distance, 20), (3, 3)).astype(np.uint8)
    relief = np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])
    shades = cv2.filter2D(cv2.equalizeHist(distance), cv2.CV_8U, relief)
    drops = levels * cv2.blur(shades, (3, 3)).astype(np.float32)
    drops = drops / drops.max() * amount
    turquoise = np.array([175, 238, 238], np.float32) / 255
    return 255 * np.clip(values + drops[..., None] * turquoise, 0, 1)


FORMULAS: dict[str, Callable[[Image, int], NDArray]] = {
    'gaussian_noise': _gaussian_noise,
    'shot_noise': _shot_noise,
    'impulse_noise': _impulse_noise,
    'defocus_blur': _defocus_blur,
    'glass_blur': _glass_blur,
    'motion_blur': _motion_blur,
    'zoom_blur': _zoom_blur,
    'snow': _snow,
    'frost': _frost,
    'fog': _fog,
    'brightness': _brightness,
    'contrast': _contrast,
    'elastic_transform': _elastic_transform,
    'pixelate': _pixelate,
    'jpeg_compression': _jpeg_compression,
    'speckle_noise': _speckle_noise,
    'gaussian_blur': _gaussian_blur,
    'saturate': _saturate,
    'spatter': _spatter,
}
