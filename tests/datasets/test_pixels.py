"""Colour changes and geometry against Pillow and torchvision, alone and one after the other."""

import math

import cv2
import numpy as np
import pytest
import skimage.data
import torchvision.transforms as T
import torchvision.transforms.functional as TF
from PIL import Image

from agmax_mm.datasets import ColorJitter, RandomMirror, RandomPaddedCrop, RandomResizedCrop
from agmax_mm.datasets.encoded_image import Box
from agmax_mm.datasets.transforms import geometry, pixels
from agmax_mm.datasets.transforms.color_jitter import change_colors
from agmax_mm.datasets.transforms.pixels import Pixels

CAT = Image.fromarray(skimage.data.chelsea())
COFFEE = Image.fromarray(skimage.data.coffee())


def _bgr(picture):
    return np.ascontiguousarray(np.asarray(picture)[..., ::-1])


def _rgb(image):
    return image.array[..., ::-1].astype(int)


@pytest.mark.parametrize('change', ['brightness', 'contrast', 'saturation'])
@pytest.mark.parametrize('factor', [0.0, 0.137, 0.6, 1.0, 1.4, 3.7])
def test_enhancements_of_any_factor(change, factor):
    for picture in (CAT.crop((60, 30, 200, 150)), COFFEE.crop((100, 90, 180, 220))):
        expected = np.asarray(getattr(TF, f'adjust_{change}')(picture, factor)).astype(int)
        off = np.abs(_rgb(getattr(pixels, change)(Pixels(_bgr(picture)), factor)) - expected)
        # A grey value that is 1 off counts |1 - factor| times.
        assert off.max() <= (math.ceil(abs(1 - factor)) if change == 'saturation' else 0)
        assert (off > 0).mean() < 0.01


def test_jitter_draws_what_torchvision_draws():
    """The same factors in the same order; one level of a change may become more in the next."""
    np.random.seed(0)
    seen, jitter = set(), ColorJitter(0.4, 0.4, 0.4)
    picture = COFFEE.resize((60, 40))
    for _ in range(60):
        state = np.random.get_state()
        result = _rgb(jitter.augment(Pixels(_bgr(picture))))
        np.random.set_state(state)
        order = np.random.permutation(3)
        expected = picture
        for index in order:
            expected = (TF.adjust_brightness, TF.adjust_contrast, TF.adjust_saturation)[index](
                expected, np.random.uniform(0.6, 1.4)
            )
        seen.add(tuple(order))
        off = np.abs(result - np.asarray(expected).astype(int))
        assert off.max() <= 3
        assert (off > 1).mean() < 0.002
    assert len(seen) == 6


def test_jitter_in_few_passes_stays_within_what_is_said():
    """Large pictures: 3 levels at most, 0.25 on average, more than 1 at under 2 % of the values, and no drift."""
    rng = np.random.default_rng(0)
    names = ('brightness', 'contrast', 'saturation')
    pictures = [
        Image.fromarray(getattr(skimage.data, name)()).resize((120, 90)) for name in ('astronaut', 'chelsea', 'coffee')
    ]
    differences = []
    for index in range(120):
        expected = picture = pictures[index % 3]
        changes = [(names[change], rng.uniform(0.6, 1.4)) for change in rng.permutation(3)]
        for name, factor in changes:
            expected = getattr(TF, f'adjust_{name}')(expected, factor)
        array = _bgr(picture)
        before = array.copy()
        result = _rgb(Pixels(change_colors(array, changes)))
        assert np.array_equal(array, before)
        differences.append(result - np.asarray(expected).astype(int))
    off = np.abs(differences)
    assert off.max() <= 3
    assert off.mean() < 0.25
    assert (off > 1).mean() < 0.02
    assert abs(np.mean(differences)) < 0.05


@pytest.mark.parametrize(
    ('changes', 'expected'),
    [
        # 200 and 100 become 280, cut off at 255, and 140; half of it, less a half for each cut.
        ([('brightness', 1.4), ('brightness', 0.5)], (127, 70)),
        # The mean of 200 and 100 is 150: 150 + 2.5 * 50 = 275 and 25; half of 255 and of 25.
        ([('contrast', 2.5), ('brightness', 0.5)], (127, 12)),
        # Grey has no colour to lose. The mean of 100 and 50 is 75: 75 + 0.5 * 25 and 75 - 0.5 * 25.
        ([('saturation', 0.3), ('brightness', 0.5), ('contrast', 0.5)], (87, 62)),
    ],
)
def test_jitter_cuts_off_after_each_change(changes, expected):
    array = np.full((4, 6, 3), 200, np.uint8)
    array[2:] = 100
    result = change_colors(array, changes)
    assert np.abs(result[0, 0].astype(int) - expected[0]).max() <= 1
    assert np.abs(result[3, 5].astype(int) - expected[1]).max() <= 1


def test_jitter_of_small_pictures_is_step_by_step():
    """Pictures of CIFAR's size are what they were before there was another way."""
    picture = COFFEE.resize((64, 64))
    np.random.seed(1)
    result = ColorJitter(0.4, 0.4, 0.4).augment(Pixels(_bgr(picture))).array
    np.random.seed(1)
    image = Pixels(_bgr(picture))
    for index in np.random.permutation(3):
        image = (pixels.brightness, pixels.contrast, pixels.saturation)[index](image, np.random.uniform(0.6, 1.4))
    assert np.array_equal(result, image.array)
    assert not np.array_equal(result, _bgr(picture))


def test_jitter_s_range_and_switches():
    white = Pixels(np.full((2, 2, 3), 100, np.uint8))
    np.random.seed(0)
    levels = [int(ColorJitter(brightness=0.4).augment(white).array[0, 0, 0]) for _ in range(2000)]
    assert min(levels) == 60
    assert max(levels) == 139
    assert abs(np.mean(levels) - 99.5) < 5 * 23.1 / math.sqrt(2000)
    assert ColorJitter().augment(white) is white
    darkest = [int(ColorJitter(brightness=3.0).augment(white).array[0, 0, 0]) for _ in range(200)]
    assert min(darkest) < 10
    assert darkest.count(0) < 10  # the factor stops at 0: below it a third would be black


def test_tables_are_composed_in_order_and_per_channel():
    rng = np.random.default_rng(0)
    array = rng.integers(0, 256, (9, 11, 3), dtype=np.uint8)
    shared, other = (rng.permutation(256).astype(np.uint8) for _ in range(2))
    channels = rng.integers(0, 256, (256, 3), dtype=np.uint8)
    for tables in ([shared, other], [shared, channels], [channels, shared], [channels, channels[::-1].copy()]):
        image, expected = Pixels(array), array
        for table in tables:
            image = image.lookup(table)
            expected = table[expected] if table.ndim == 1 else table[expected, np.arange(3)]
        counts = np.stack([np.bincount(expected[..., channel].ravel(), minlength=256) for channel in range(3)], 1)
        assert np.array_equal(image.histograms(), counts)  # before the table is applied
        assert np.array_equal(image.array, expected)
        assert np.array_equal(image.histograms(), counts)  # and after


@pytest.mark.parametrize('threshold', [-3, 0, 0.5, 1, 127, 128.2, 255, 256, 300])
def test_changes_without_a_table_equal_those_with_one(threshold):
    values = np.arange(256, dtype=np.uint8)
    array = np.random.default_rng(0).permutation(np.repeat(values, 3)).reshape(16, 16, 3)
    waiting = Pixels(array).lookup(values)  # a table that changes nothing
    expected = np.where(array >= threshold, 255 - array, array)
    for image in (Pixels(array), waiting):
        assert np.array_equal(pixels.solarize(image, threshold).array, expected)
        assert np.array_equal(pixels.invert(image).array, 255 - array)
        for bits in range(1, 9):
            assert np.array_equal(pixels.posterize(image, bits).array, array >> (8 - bits) << (8 - bits))


def test_equalize_and_autocontrast_after_other_changes():
    from PIL import ImageOps

    picture = CAT.crop((60, 30, 200, 150))
    expected = ImageOps.autocontrast(ImageOps.equalize(ImageOps.posterize(ImageOps.solarize(picture, 90), 3)))
    image = pixels.posterize(pixels.solarize(Pixels(_bgr(picture)), 90), 3)
    result = pixels.autocontrast(pixels.equalize(image))
    assert np.array_equal(_rgb(result), np.asarray(expected))


@pytest.mark.parametrize('array', [np.full((5, 4, 3), 7, np.uint8), np.arange(12, dtype=np.uint8).reshape(2, 2, 3)])
def test_images_that_histograms_say_nothing_of(array):
    from PIL import ImageOps

    for ours, theirs in ((pixels.equalize, ImageOps.equalize), (pixels.autocontrast, ImageOps.autocontrast)):
        assert np.array_equal(ours(Pixels(array)).array, np.asarray(theirs(Image.fromarray(array))))
    assert np.array_equal(pixels.sharpness(Pixels(array), 0.3).array, array) == (
        min(array.shape[:2]) < 3 or array.std() == 0
    )


@pytest.mark.parametrize(
    'box', [Box(10, 20, 200, 150), Box(0, 0, 300, 451), Box(5, 7, 64, 300), Box(50, 60, 31, 40), Box(9, 9, 64, 64)]
)
def test_resized_crop_is_pillow_s(box):
    array = _bgr(CAT)
    expected = TF.resized_crop(CAT, box.top, box.left, box.height, box.width, [64, 64], antialias=True)
    off = np.abs(geometry.resized_crop(array, box, 64)[..., ::-1].astype(int) - np.asarray(expected).astype(int))
    assert off.max() <= 1


def test_boxes_have_torchvision_s_distribution():
    """Means and deviations of area, ratio and place against torchvision's own draws, and the fallback."""
    crop, rounds = RandomResizedCrop(224), 4000
    np.random.seed(0)
    ours = np.array([crop.draw(375, 500) for _ in range(rounds)], float)
    theirs = np.array(
        [T.RandomResizedCrop.get_params(Image.new('L', (500, 375)), (0.08, 1), (3 / 4, 4 / 3)) for _ in range(rounds)],
        float,
    )
    for values in (
        lambda b: b[:, 2] * b[:, 3],
        lambda b: np.log(b[:, 3] / b[:, 2]),
        lambda b: b[:, 0],
        lambda b: b[:, 1],
    ):
        mine, other = values(ours), values(theirs)
        assert abs(mine.mean() - other.mean()) < 5 * other.std() * math.sqrt(2 / rounds)
        assert mine.std() == pytest.approx(other.std(), rel=0.06)
    # Every place that a box of 2 x 2 has in 4 x 4.
    crop = RandomResizedCrop(8, scale=(0.25, 0.25), ratio=(1, 1))
    places = {crop.draw(4, 4)[:2] for _ in range(300)}
    assert places == {(top, left) for top in range(3) for left in range(3)}
    # No box of these ratios with 8 % of the area fits.
    for shape in ((10, 400), (400, 10)):
        top, left, height, width = T.RandomResizedCrop.get_params(Image.new('L', shape[::-1]), (0.5, 1), (3 / 4, 4 / 3))
        assert RandomResizedCrop(8, scale=(0.5, 1)).draw(*shape) == (top, left, height, width)


def test_padded_crop_at_every_offset():
    array = np.random.default_rng(0).integers(1, 256, (6, 5, 3), dtype=np.uint8)
    padded = np.pad(array, ((2, 2), (2, 2), (0, 0)))
    windows = {padded[top : top + 6, left : left + 5].tobytes(): (top, left) for top in range(5) for left in range(5)}
    np.random.seed(0)
    counts = dict.fromkeys(windows.values(), 0)
    for _ in range(2500):
        counts[windows[RandomPaddedCrop(2).augment(Pixels(array)).array.tobytes()]] += 1
    assert all(abs(count - 100) < 5 * math.sqrt(96) for count in counts.values())
    assert (geometry.translate(array, 6, 0) == 0).all()


def test_mirror():
    array = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    np.random.seed(0)
    mirrored = 0
    for _ in range(1000):
        result = RandomMirror(0.3).augment(Pixels(array)).array
        mirrored += np.array_equal(result, array[:, ::-1])
        assert np.array_equal(result, array[:, ::-1]) != np.array_equal(result, array)
    assert abs(mirrored - 300) < 5 * math.sqrt(210)


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (lambda: RandomResizedCrop(0), 'size: expected at least 1 pixel, got 0'),
        (lambda: RandomResizedCrop(8, scale=(0, 1)), 'scale: expected the least and the greatest share'),
        (lambda: RandomResizedCrop(8, ratio=(2, 1)), 'ratio: expected the least and the greatest ratio'),
        (lambda: RandomPaddedCrop(-1), 'padding: expected at least 0 pixels, got -1'),
        (lambda: RandomMirror(2), r'prob: expected a number within \[0, 1\], got 2'),
        (lambda: ColorJitter(contrast=-1), 'contrast: expected a number of at least 0, got -1'),
    ],
)
def test_bad_options(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_transforms_alone_keep_the_host_s_form():
    array = _bgr(CAT)
    np.random.seed(0)
    results = RandomResizedCrop(40)({'img': array, 'img_shape': array.shape[:2]})
    assert results['img_shape'] == results['img'].shape[:2] == (40, 40)
    np.random.seed(0)
    assert np.array_equal(results['img'], geometry.resized_crop(array, RandomResizedCrop(40).draw(300, 451), 40))
    cv2.resize(results['img'], (8, 8))  # an ordinary array
