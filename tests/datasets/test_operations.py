import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageEnhance, ImageOps

from agmax_mm.datasets.transforms import operations
from agmax_mm.datasets.transforms.operations import OPERATIONS
from agmax_mm.datasets.transforms.pixels import Pixels

BLACK = (0, 0, 0)
# What each magnitude from 0 to 10 stands for.
SHEAR = [0, 0.03, 0.06, 0.09, 0.12, 0.15, 0.18, 0.21, 0.24, 0.27, 0.3]
SHIFT = [0, 0.045, 0.09, 0.135, 0.18, 0.225, 0.27, 0.315, 0.36, 0.405, 0.45]
DEGREES = [0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30]
THRESHOLD = [0, 25.6, 51.2, 76.8, 102.4, 128, 153.6, 179.2, 204.8, 230.4, 256]
BITS = [4, 4, 4, 5, 5, 6, 6, 6, 7, 7, 8]
FACTOR = [0.10, 0.28, 0.46, 0.64, 0.82, 1.00, 1.18, 1.36, 1.54, 1.72, 1.90]
# Where the grey or smoothed image is rounded otherwise.
WITHIN_ONE = {'Color', 'Sharpness'}
MIRRORED = {'ShearX', 'ShearY', 'TranslateX', 'TranslateY', 'Rotate'}


def _move(image, matrix):
    return image.transform(image.size, Image.AFFINE, matrix, resample=Image.NEAREST, fillcolor=BLACK)


def _by_table(image, table):
    return Image.fromarray(np.array(table, np.uint8)[np.asarray(image)])


def _equalize(image):
    return Image.merge('RGB', [ImageOps.equalize(channel) for channel in image.split()])


# Written against PIL's and numpy's manuals alone; m is the magnitude and s the sign.
EXPECTED = {
    'ShearX': lambda im, m, s: _move(im, (1, s * SHEAR[m], 0, 0, 1, 0)),
    'ShearY': lambda im, m, s: _move(im, (1, 0, 0, s * SHEAR[m], 1, 0)),
    'TranslateX': lambda im, m, s: _move(im, (1, 0, s * SHIFT[m] * im.size[0], 0, 1, 0)),
    'TranslateY': lambda im, m, s: _move(im, (1, 0, 0, 0, 1, s * SHIFT[m] * im.size[1])),
    'Rotate': lambda im, m, s: im.rotate(s * DEGREES[m], resample=Image.NEAREST, expand=False, fillcolor=BLACK),
    'AutoContrast': lambda im, m, s: ImageOps.autocontrast(im, cutoff=0),
    'Invert': lambda im, m, s: _by_table(im, [255 - v for v in range(256)]),
    'Equalize': lambda im, m, s: _equalize(im),
    'Solarize': lambda im, m, s: _by_table(im, [v if v < THRESHOLD[m] else 255 - v for v in range(256)]),
    'Posterize': lambda im, m, s: _by_table(im, [v >> (8 - BITS[m]) << (8 - BITS[m]) for v in range(256)]),
    'Contrast': lambda im, m, s: ImageEnhance.Contrast(im).enhance(FACTOR[m]),
    'Color': lambda im, m, s: ImageEnhance.Color(im).enhance(FACTOR[m]),
    'Brightness': lambda im, m, s: ImageEnhance.Brightness(im).enhance(FACTOR[m]),
    'Sharpness': lambda im, m, s: ImageEnhance.Sharpness(im).enhance(FACTOR[m]),
}


def photos():
    astronaut, cat, coffee = (
        Image.fromarray(getattr(skimage.data, name)()) for name in ('astronaut', 'chelsea', 'coffee')
    )
    return [
        astronaut.crop((160, 20, 290, 150)).resize((32, 32)),
        cat.crop((110, 90, 206, 154)),
        coffee.resize((56, 84)),
    ]


def apply_operation(image, *args, **kwargs):
    """On a Pillow image; ours are BGR."""
    before = np.ascontiguousarray(np.asarray(image)[..., ::-1])
    array = before.copy()
    result = operations.apply_operation(Pixels(array), *args, **kwargs).array
    assert np.array_equal(array, before)
    assert result.dtype == np.uint8
    return Image.fromarray(np.ascontiguousarray(result[..., ::-1]))


def _same(one, other):
    return one.size == other.size and np.array_equal(np.asarray(one), np.asarray(other))


def test_there_are_fourteen():
    assert set(OPERATIONS) == set(EXPECTED)
    assert len(EXPECTED) == 14


@pytest.mark.parametrize('name', EXPECTED)
def test_every_magnitude_and_sign_on_photographs(name):
    for image in photos():
        for magnitude in range(11):
            for mirror in (False, True):
                result = apply_operation(image, name, magnitude, mirror=mirror)
                sign = -1 if mirror and name in MIRRORED else 1
                expected = EXPECTED[name](image, magnitude, sign)
                if name in WITHIN_ONE:
                    off = np.abs(np.asarray(result).astype(int) - np.asarray(expected))
                    assert off.max() <= 1, (magnitude, mirror)
                    assert (off > 0).mean() < 0.01, (magnitude, mirror)
                else:
                    assert _same(result, expected), (magnitude, mirror)


@pytest.mark.parametrize('side', [25, 50, 100, 250, 300, 450])
def test_translation_by_half_pixels(side):
    """The authors' code gives Pillow such shifts, which are a little off a half in floating point."""
    image = photos()[0].resize((side, side), Image.BILINEAR)
    for magnitude in range(11):
        for mirror in (False, True):
            share = (magnitude / 10.0) * 0.45 * (-1 if mirror else 1)
            across, down = _move(image, (1, 0, share * side, 0, 1, 0)), _move(image, (1, 0, 0, 0, 1, share * side))
            assert _same(apply_operation(image, 'TranslateX', magnitude, mirror=mirror), across), (magnitude, mirror)
            assert _same(apply_operation(image, 'TranslateY', magnitude, mirror=mirror), down), (magnitude, mirror)


@pytest.mark.parametrize(
    ('name', 'magnitudes'),
    [
        *((name, [5]) for name in ('Contrast', 'Color', 'Brightness', 'Sharpness')),
        *((name, [0]) for name in sorted(MIRRORED)),
        ('Posterize', [10]),
        ('Solarize', [10]),
    ],
)
def test_magnitudes_without_effect(name, magnitudes):
    for image in photos():
        unchanged = [m for m in range(11) if _same(apply_operation(image, name, m), image)]
        assert unchanged == magnitudes


def test_direction_and_filling():
    """By hand on 10 x 10 white pixels: magnitude 5 moves by 0.225 of 10, so two pixels."""
    white = Image.new('RGB', (10, 10), (255, 255, 255))
    cases = {
        ('TranslateX', False): np.s_[:, 8:],
        ('TranslateX', True): np.s_[:, :2],
        ('TranslateY', False): np.s_[8:, :],
        ('TranslateY', True): np.s_[:2, :],
    }
    for (name, mirror), black in cases.items():
        expected = np.full((10, 10, 3), 255, np.uint8)
        expected[black] = 0
        assert np.array_equal(np.asarray(apply_operation(white, name, 5, mirror=mirror)), expected)
    # A shear by 0.3 moves the last of ten rows (centre at 9.5) by 2.85 pixels, to the left; the first by 0.15.
    sheared = np.asarray(apply_operation(white, 'ShearX', 10))[..., 0] == 0
    assert sheared.sum(1).tolist() == [int(0.3 * (row + 0.5) + 0.5) for row in range(10)]
    assert np.array_equal(sheared, np.sort(sheared, axis=1))
    # Rotating turns counter-clockwise: what was right of the centre comes to lie above.
    dot = Image.new('RGB', (11, 11))
    dot.putpixel((9, 5), (255, 0, 0))
    row, column = np.argwhere(np.asarray(apply_operation(dot, 'Rotate', 10))[..., 0])[0]
    assert row < 5 < column
