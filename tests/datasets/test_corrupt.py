"""Corruptions against the library's own output on a photograph, drawn from the image's name."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from mmengine.registry import TRANSFORMS as ROOT_TRANSFORMS
from mmengine.registry import DefaultScope

imagecorruptions = pytest.importorskip('imagecorruptions')
data = pytest.importorskip('skimage.data')

from agmax_mm.datasets import Corrupt  # noqa: E402

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


@pytest.mark.parametrize('name', [name for name in NAMES if name not in (*FIXED, COMPILED)])
def test_random_ones_follow_the_seed(photograph, name):
    state = np.random.get_state()[1].copy(), random.getstate(), torch.get_rng_state()
    one = corrupted(photograph, name, severity=3)
    assert np.array_equal(corrupted(photograph, name, path='b/1.jpg', severity=3), one)
    assert not np.array_equal(corrupted(photograph, name, path='a/2.jpg', severity=3), one)
    assert not np.array_equal(corrupted(photograph, name, severity=3, seed=1), one)
    assert not np.array_equal(corrupted(photograph, name, severity=4), one)
    # The generators of the training have not been touched.
    assert np.array_equal(np.random.get_state()[1], state[0])
    assert random.getstate() == state[1]
    assert torch.equal(torch.get_rng_state(), state[2])


@pytest.mark.parametrize('name', ['frost', 'spatter', 'impulse_noise'])
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
