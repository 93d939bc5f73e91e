"""What the corruptions and the attacks are compared with: the formulas are the authors', the two attacks one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

pytest.importorskip('imagecorruptions')

from agmax_mm.datasets.transforms.corrupt import EXTRA, SCORED
from benchmarks.suites import corruption_formulas, robustness
from benchmarks.suites.photographs import jpeg_files


@pytest.fixture(scope='module')
def image():
    return robustness._middle(jpeg_files(None, 1)[0])


def test_what_corrupt_makes_is_the_formulas(image, monkeypatch):
    names = (
        'gaussian_noise',
        'glass_blur',
        'fog',
        'elastic_transform',
        'frost',
        'pixelate',
        'impulse_noise',
        'contrast',
    )
    monkeypatch.setattr(robustness, 'FORMULAS', {name: corruption_formulas.FORMULAS[name] for name in names})
    monkeypatch.setattr(robustness, 'SEVERITIES', (1, 4))
    found = robustness.compare([image])
    # The package sums fog's heights in single precision; impulse noise draws other pixels, as many.
    assert {name: values['largest'] for name, values in found.items() if values['largest'] > 1} == {
        'impulse_noise': 255
    }
    for values in found.values():
        assert values['change'] == pytest.approx(values['authors_change'], rel=0.02)
        assert values['change'] > 1
    assert found['fog']['mean'] < 0.01


def test_each_corruption_has_a_formula():
    assert {*SCORED, *EXTRA} == set(corruption_formulas.FORMULAS)


def test_photographs_have_the_size_of_imagenet_c(image):
    assert image.shape == (224, 224, 3)
    assert image.dtype == np.uint8


def test_both_forms_of_the_attack_are_run():
    torch.manual_seed(0)
    batch, found = robustness.attack_speed(robustness._linear(), 32, 1, batch=3)
    assert batch == 3
    assert found.median > 0


def test_the_page_says_which_attacks_reach_ten_times():
    words = robustness.attack_words({'linear': 10.0, 'deep': 9.4})
    assert words.endswith('At least 10 times as fast: linear. Less, bound by computing: deep (9.4 times).')
    assert 'At least 10 times as fast: none.' in robustness.attack_words({'deep': 3.17})
