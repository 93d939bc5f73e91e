from collections import Counter

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageEnhance, ImageOps

from agmax_mm.datasets.transforms import auto_augment
from agmax_mm.datasets.transforms.auto_augment import POLICIES, AutoAugment, apply_operation


@pytest.fixture
def image():
    noise = np.random.default_rng(0).integers(0, 256, (24, 36, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((36, 24), Image.Resampling.BILINEAR)


def test_values_of_the_magnitudes(monkeypatch):
    """The tabled values at each magnitude; note that more is weaker for solarize and posterize."""
    tables = {
        'ShearX': [0, 0.03, 0.06, 0.09, 0.12, 0.15, 0.18, 0.21, 0.24, 0.27],
        'TranslateY': [0, 0.045, 0.09, 0.135, 0.18, 0.225, 0.27, 0.315, 0.36, 0.405],
        'Rotate': [0, 3, 6, 9, 12, 15, 18, 21, 24, 27],
        'Solarize': [0, 25.6, 51.2, 76.8, 102.4, 128, 153.6, 179.2, 204.8, 230.4],
        'Color': [0.10, 0.28, 0.46, 0.64, 0.82, 1.00, 1.18, 1.36, 1.54, 1.72],
    }
    for name, values in tables.items():
        seen = []
        monkeypatch.setitem(auto_augment._OPERATIONS, name, lambda image, value, seen=seen: seen.append(value))
        for magnitude in range(10):
            apply_operation(None, name, magnitude)
        assert seen == pytest.approx(values)
    seen = []
    monkeypatch.setattr(ImageOps, 'posterize', lambda image, bits: seen.append(bits))
    for magnitude in range(10):
        apply_operation(None, 'Posterize', magnitude)
    assert seen == [4, 4, 4, 5, 5, 6, 6, 6, 7, 7]


def test_operations_on_pixels(image):
    array = np.asarray(image)

    def same(result, expected):
        return np.array_equal(np.asarray(result), np.asarray(expected))

    assert same(apply_operation(image, 'Invert', 3), 255 - array)
    assert same(apply_operation(image, 'Solarize', 5), np.where(array < 128, array, 255 - array))
    assert same(apply_operation(image, 'Posterize', 8), array & 0xFE)
    assert same(apply_operation(image, 'Equalize', 1), ImageOps.equalize(image))
    assert same(apply_operation(image, 'Color', 0), ImageEnhance.Color(image).enhance(0.1))
    for name in ('Color', 'Contrast', 'Brightness', 'Sharpness'):
        assert same(apply_operation(image, name, 5), image)
    # 0.18 of 24 rows is 4.32: content moves up by 4 rows, or down when mirrored, and black comes in.
    moved = np.asarray(apply_operation(image, 'TranslateY', 4))
    assert np.array_equal(moved[:19], array[4:23])
    assert not moved[20:].any()
    mirrored = np.asarray(apply_operation(image, 'TranslateY', 4, mirror=True))
    assert np.array_equal(mirrored[5:], array[1:20]) or np.array_equal(mirrored[4:], array[:20])
    assert not mirrored[:4].any()
    wide = apply_operation(image, 'TranslateX', 4)  # 0.18 of 36 columns is 6.48
    assert ImageChops.difference(wide.crop((0, 0, 29, 24)), image.crop((6, 0, 35, 24))).getbbox() is None
    assert same(apply_operation(image, 'Rotate', 5), image.rotate(15))
    assert same(apply_operation(image, 'Rotate', 5, mirror=True), image.rotate(-15))


@pytest.mark.parametrize('policy', ['cifar', 'imagenet'])
def test_frequencies_of_operations(policy, image, monkeypatch):
    expected = Counter()
    for sub_policy in POLICIES[policy]:
        for name, prob, magnitude in sub_policy:
            expected[name, magnitude] += prob / len(POLICIES[policy])
    draws, mirrors = Counter(), []

    def record(image, name, magnitude, *, mirror):
        draws[name, magnitude] += 1
        mirrors.append(mirror)
        return image

    monkeypatch.setattr(auto_augment, 'apply_operation', record)
    np.random.seed(0)
    transform, rounds = AutoAugment(policy), 20_000
    for _ in range(rounds):
        transform({'img': image})
    assert len(POLICIES[policy]) == 25
    assert all(len(sub_policy) == 2 for sub_policy in POLICIES[policy])
    assert set(draws) == {key for key, share in expected.items() if share > 0}
    for key, share in expected.items():
        assert draws[key] / rounds == pytest.approx(share, abs=0.006)
    assert np.mean(mirrors) == pytest.approx(0.5, abs=0.02)


def test_arrays_are_bgr(image, monkeypatch):
    monkeypatch.setattr(auto_augment, '_parse', None)
    monkeypatch.setitem(POLICIES, 'cifar', [[('Color', 1.0, 0), ('Color', 1.0, 0)]])
    bgr = np.ascontiguousarray(np.asarray(image)[..., ::-1])
    result = AutoAugment('cifar')({'img': bgr})['img']
    expected = ImageEnhance.Color(ImageEnhance.Color(image).enhance(0.1)).enhance(0.1)
    assert np.array_equal(result[..., ::-1], np.asarray(expected))


def test_unknown_policy():
    with pytest.raises(ValueError, match=r"expected one of \['cifar', 'imagenet'\], got 'svhn'"):
        AutoAugment('svhn')
