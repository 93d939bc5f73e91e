"""Corruptions against the library's own output or the authors' formulas, drawn from the image's path."""

from __future__ import annotations

import io
import random

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import TRANSFORMS as ROOT_TRANSFORMS
from mmengine.registry import DefaultScope

imagecorruptions = pytest.importorskip('imagecorruptions')
data = pytest.importorskip('skimage.data')

from agmax_mm.datasets import Corrupt  # noqa: E402
from agmax_mm.datasets.transforms import corrupt  # noqa: E402
from agmax_mm.datasets.transforms.corruptions import CORRUPTIONS  # noqa: E402

NAMES = imagecorruptions.get_corruption_names('all')
# Without randomness, so that the library's output is the one there is.
FIXED = (
    'defocus_blur',
    'zoom_blur',
    'brightness',
    'contrast',
    'pixelate',
    'jpeg_compression',
    'gaussian_blur',
    'saturate',
)
# Compiled at their first call, for seconds.
COMPILED = 'glass_blur'


@pytest.fixture(scope='module')
def photograph():
    """48 x 40 pixels of a coffee cup, red and brown: RGB."""
    return np.ascontiguousarray(data.coffee()[100:340:5, 150:350:5])


@pytest.fixture(scope='module')
def large_photograph():
    """224 x 224 pixels, which the authors' constants are for."""
    return np.ascontiguousarray(data.coffee()[60:284, 100:324])


def corrupted(image, name, path='a/1.jpg', **options):
    results = Corrupt(name, **options)({'img': image[..., ::-1].copy(), 'img_path': path})
    assert results['img'].dtype == np.uint8
    assert results['img'].shape == image.shape
    return results['img'][..., ::-1]


@pytest.mark.parametrize('name', FIXED)
@pytest.mark.parametrize('severity', [1, 5])
def test_colours_are_the_librarys(photograph, name, severity):
    expected = imagecorruptions.corrupt(photograph, severity, name)
    assert np.array_equal(corrupted(photograph, name, severity=severity), expected)
    assert not np.array_equal(expected, photograph)


def test_the_names_are_the_librarys():
    assert imagecorruptions.get_corruption_names('common') == list(corrupt.SCORED)
    assert imagecorruptions.get_corruption_names('validation') == list(corrupt.EXTRA)


@pytest.mark.parametrize('severity', [1, 2, 3, 4, 5])
def test_elastic_transform_is_the_authors(large_photograph, severity):
    np.random.seed(severity)
    expected = authors_elastic_transform(large_photograph, severity)
    np.random.seed(severity)
    found = CORRUPTIONS['elastic_transform'](large_photograph, severity)
    assert np.array_equal(found, expected)
    # The library's changes the image by less than half at the first severities.
    librarys = imagecorruptions.corrupt(large_photograph, severity, 'elastic_transform')
    change, other = (np.abs(image.astype(float) - large_photograph).mean() for image in (found, librarys))
    assert change > 2 * other if severity <= 2 else change > 0


def authors_elastic_transform(image, severity):
    """As make_imagenet_c.py of hendrycks/robustness has it, for square images."""
    ndimage, filters = pytest.importorskip('scipy.ndimage'), pytest.importorskip('skimage.filters')
    alpha, sigma, affine = [
        (488, 244 * 0.7, 244 * 0.1),
        (488, 244 * 0.08, 244 * 0.2),
        (244 * 0.05, 2.44, 4.88),
        (244 * 0.07, 2.44, 4.88),
        (244 * 0.12, 2.44, 4.88),
    ][severity - 1]
    values = image.astype(np.float32) / 255
    source = np.float32([[186, 186], [186, 38], [38, 38]])
    target = source + np.random.uniform(-affine, affine, size=(3, 2)).astype(np.float32)
    matrix = cv2.getAffineTransform(source, target)
    values = cv2.warpAffine(values, matrix, (224, 224), borderMode=cv2.BORDER_REFLECT_101)
    fields = []
    for _ in range(2):
        noise = np.random.uniform(-1, 1, size=(224, 224))
        fields.append((filters.gaussian(noise, sigma, mode='reflect', truncate=3) * alpha).astype(np.float32))
    x, y, z = np.meshgrid(np.arange(224), np.arange(224), np.arange(3))
    places = (y + fields[1][..., None]).ravel(), (x + fields[0][..., None]).ravel(), z.ravel()
    result = ndimage.map_coordinates(values, places, order=1, mode='reflect').reshape(values.shape)
    return np.uint8(np.clip(result, 0, 1) * 255)


@pytest.mark.parametrize('severity', [1, 5])
def test_frost_is_the_authors_and_of_five_pictures(large_photograph, severity):
    weight, other = {1: (1, 0.4), 5: (0.6, 0.75)}[severity]
    folder = imagecorruptions.__path__[0]
    drawn = set()
    for seed in range(12):
        np.random.seed(seed)
        index = np.random.randint(5)
        drawn.add(index)
        picture = cv2.imread(f'{folder}/frost/frost{index + 1}.{"png" if index < 3 else "jpg"}')
        top = np.random.randint(0, picture.shape[0] - 224)
        left = np.random.randint(0, picture.shape[1] - 224)
        part = picture[top : top + 224, left : left + 224][..., [2, 1, 0]]
        np.random.seed(seed)
        found = CORRUPTIONS['frost'](large_photograph, severity)
        assert np.array_equal(found, np.uint8(np.clip(weight * large_photograph + other * part, 0, 255)))
    assert drawn == set(range(5))


def test_zoom_blur_has_the_librarys_pixels(large_photograph):
    for image in (large_photograph, large_photograph[:60, :75], large_photograph[:33, :32]):
        for severity in corrupt.SEVERITIES:
            expected = imagecorruptions.corrupt(np.ascontiguousarray(image), severity, 'zoom_blur')
            assert np.array_equal(CORRUPTIONS['zoom_blur'](image, severity), expected), (image.shape, severity)


@pytest.mark.parametrize('name', sorted(CORRUPTIONS))
@pytest.mark.parametrize('shape', [(32, 32), (700, 40), (40, 1000)])
def test_images_of_any_size(large_photograph, name, shape):
    image = cv2.resize(large_photograph, shape[::-1])
    one = corrupted(image, name, severity=5)
    assert np.abs(one.astype(int) - image).mean() > 0.5


def test_jpeg_as_the_stored_images_have_it(photograph):
    from PIL import Image

    plain, stored = (corrupted(photograph, 'fog', severity=2, jpeg_quality=quality) for quality in (None, 85))
    buffer = io.BytesIO()
    Image.fromarray(plain).save(buffer, 'JPEG', quality=85, optimize=True)
    assert np.abs(stored.astype(int) - np.asarray(Image.open(buffer)).astype(int)).max() <= 1
    assert 0.5 < np.abs(stored.astype(int) - plain.astype(int)).mean() < 10


@pytest.mark.parametrize('quality', [None, 85])
def test_cached_results_are_the_results(photograph, tmp_path, quality, monkeypatch):
    options = dict(severity=3, jpeg_quality=quality)
    expected = corrupted(photograph, 'gaussian_noise', **options)
    cache = str(tmp_path / 'cache')
    assert np.array_equal(corrupted(photograph, 'gaussian_noise', cache=cache, **options), expected)
    assert len(list((tmp_path / 'cache').rglob('*.*'))) == 1
    with monkeypatch.context() as patch:
        # From now on nothing can be made.
        patch.setattr(Corrupt, '_corrupted', None)
        assert np.array_equal(corrupted(photograph, 'gaussian_noise', cache=cache, **options), expected)
        for change in (dict(path='b/1.jpg'), dict(seed=1), dict(severity=2), dict(jpeg_quality=50)):
            with pytest.raises(TypeError):
                corrupted(photograph, 'gaussian_noise', **{**options, **change}, cache=cache)
        # Another image of the same name is another one.
        with pytest.raises(TypeError):
            corrupted(photograph + 1, 'gaussian_noise', cache=cache, **options)
    with pytest.raises(ValueError, match='cache: expected a seed beside it'):
        Corrupt('fog', seed=None, cache=cache)


def test_the_draw_follows_the_path_below_the_root(photograph):
    def noise(path, root=None):
        return corrupted(photograph, 'gaussian_noise', path, severity=3, root=root)

    one = noise('/data/val/n01/7.JPEG', '/data/val')
    assert np.array_equal(noise('/moved/n01/7.JPEG', '/moved'), one)
    assert np.array_equal(noise('n01/7.JPEG'), one)
    for path in ('/data/val/n02/7.JPEG', '/data/val/7.JPEG', '/elsewhere/n01/7.JPEG'):
        assert not np.array_equal(noise(path, '/data/val'), one)


@pytest.mark.parametrize('name', [name for name in NAMES if name not in (*FIXED, COMPILED)])
def test_random_ones_follow_the_seed(photograph, name):
    state = np.random.get_state()[1].copy(), random.getstate(), torch.get_rng_state()
    one = corrupted(photograph, name, severity=3)
    assert np.array_equal(corrupted(photograph, name, severity=3), one)
    # Equal names in two folders are two images.
    assert not np.array_equal(corrupted(photograph, name, path='b/1.jpg', severity=3), one)
    assert not np.array_equal(corrupted(photograph, name, path='a/2.jpg', severity=3), one)
    assert not np.array_equal(corrupted(photograph, name, severity=3, seed=1), one)
    assert not np.array_equal(corrupted(photograph, name, severity=4), one)
    # The generators of the training have not been touched.
    assert np.array_equal(np.random.get_state()[1], state[0])
    assert random.getstate() == state[1]
    assert torch.equal(torch.get_rng_state(), state[2])


@pytest.mark.parametrize('name', ['speckle_noise', 'spatter', 'impulse_noise'])
def test_without_a_seed_it_draws_from_the_global_generators(photograph, name):
    np.random.seed(4)
    options = {'seed': int(np.random.randint(2**31))} if name == 'impulse_noise' else {}
    expected = imagecorruptions.corrupt(photograph, 2, name, **options)
    np.random.seed(4)
    assert np.array_equal(corrupted(photograph, name, severity=2, seed=None), expected)
    assert not np.array_equal(corrupted(photograph, name, severity=2, seed=None), expected)


def test_the_compiled_one_is_seeded_by_itself(photograph):
    one = corrupted(photograph, COMPILED, severity=2)
    assert np.array_equal(corrupted(photograph, COMPILED, severity=2), one)
    assert not np.array_equal(corrupted(photograph, COMPILED, path='a/2.jpg', severity=2), one)


@pytest.mark.parametrize('scope', ['agmax_mm', 'mmpretrain', 'mmengine'])
def test_every_scope_knows_it_by_both_names(scope):
    with DefaultScope.overwrite_default_scope(scope):
        for kind in ('Corrupt', 'agmax_mm.Corrupt'):
            built = ROOT_TRANSFORMS.build(dict(type=kind, corruption='fog', severity=2))
            assert isinstance(built, Corrupt)
            assert repr(built) == "Corrupt(corruption='fog', severity=2, seed=0)"
    stored = Corrupt('fog', root='/data', jpeg_quality=85)
    assert repr(stored) == "Corrupt(corruption='fog', severity=1, seed=0, root='/data', jpeg_quality=85)"


def test_mmdets_scope_knows_it_as_its_robustness_tool_names_it():
    pytest.importorskip('mmcv.ops', exc_type=ImportError)
    from mmdet.registry import TRANSFORMS

    with DefaultScope.overwrite_default_scope('mmdet'):
        assert isinstance(TRANSFORMS.build(dict(type='Corrupt', corruption='snow', severity=5)), Corrupt)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(corruption='rain'), "expected one of gaussian_noise, .* got 'rain'"),
        (dict(corruption='fog', severity=0), 'severity: expected 1 to 5, got 0'),
        (dict(corruption='fog', severity=2.5), 'severity: expected 1 to 5, got 2.5'),
        (dict(corruption='fog', seed=-1), 'seed: expected None or at least 0, got -1'),
        (dict(corruption='fog', jpeg_quality=0), 'jpeg_quality: expected None or 1 to 100, got 0'),
    ],
)
def test_wrong_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        Corrupt(**options)


@pytest.mark.parametrize(
    'image', [np.zeros((31, 40, 3), np.uint8), np.zeros((40, 40), np.uint8), np.zeros((40, 40, 3))]
)
def test_images_it_cannot_take_are_named(image):
    with pytest.raises(ValueError, match=r'expected a uint8 image of .* for sample 7'):
        Corrupt('fog')({'img': image, 'sample_idx': 7})
