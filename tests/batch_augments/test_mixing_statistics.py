"""Coin, ratio, partners and views of mixing, as registered and through the preprocessor."""

import math

import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate
from mmpretrain.structures import DataSample

from agmax_mm.batch_augments import ScheduledCutMix
from agmax_mm.models import TwoViewDataPreprocessor
from agmax_mm.registry import BATCH_AUGMENTS
from tests.functional.test_mixing import kept_share

IMAGES = 6


def _batch(side, views=2):
    return default_collate(
        [
            {
                'inputs': [torch.zeros(1, side, side, dtype=torch.uint8) for _ in range(views)],
                'data_samples': DataSample().set_gt_label(label),
            }
            for label in range(IMAGES)
        ]
    )


def _ratios(augment, prob, side, steps):
    """For each step and view the weight of the image's own label, 1 where the view was not mixed."""
    preprocessor = TwoViewDataPreprocessor(num_classes=IMAGES, batch_augments=dict(augments=[augment], probs=[prob]))
    np.random.seed(0)
    torch.manual_seed(0)
    batch, rows = _batch(side), []
    for _ in range(steps):
        samples = preprocessor(batch, training=True)['data_samples']
        scores = torch.stack([sample.gt_score for sample in samples]).view(2, IMAGES, IMAGES)
        # Images that are their own partner keep a weight of 1; the others tell the ratio.
        rows.append(scores.diagonal(dim1=1, dim2=2).min(dim=1).values)
    return torch.stack(rows).double()


def _told(augment, fraction):
    augment.set_progress(fraction)
    return augment


@pytest.mark.parametrize(
    ('augment', 'prob'),
    [
        (dict(type='agmax_mm.CutMix', alpha=1.0), 0.5),
        (dict(type='agmax_mm.CutMix', alpha=1.0, prob=0.5), 1.0),
        (_told(ScheduledCutMix(prob=0.8), 0.625), 1.0),
    ],
    ids=['probs', 'prob', 'scheduled'],
)
def test_cutmix_in_half_of_the_steps(augment, prob):
    steps, side = 800, 32
    ratios = _ratios(augment, prob, side, steps)
    mixed = (ratios < 1).any(dim=1)
    assert mixed.double().mean().item() == pytest.approx(0.5, abs=5 * 0.5 / math.sqrt(steps))
    mean, deviation = kept_share(side)  # 0.700749
    views = ratios[mixed]
    for view in views.T:
        assert view.mean().item() == pytest.approx(mean, abs=5 * deviation / math.sqrt(len(views)))
    # One coin for both views: but for an empty box, once in 256, both are mixed.
    assert (views == 1).any(dim=1).double().mean() < 0.03
    assert abs(torch.corrcoef(views.T)[0, 1]) < 5 / math.sqrt(len(views))  # each with its own ratio


@pytest.mark.parametrize('alpha', [0.2, 1.0])
def test_mixup_in_every_step(alpha):
    """Mean 1/2, variance 1 / (4 (2 alpha + 1)); with alpha = 1 uniform."""
    steps = 800
    ratios = _ratios(dict(type='agmax_mm.MixUp', alpha=alpha), 1.0, 8, steps)
    # Once in 720 all images are their own partners; and in 32 bits the ratio may be 1, a few times in a hundred for the
    # small alpha. Both are far below what follows can tell.
    assert (ratios < 1).any(dim=1).double().mean() > 0.99
    variance = 1 / (4 * (2 * alpha + 1))
    for view in ratios.T:
        assert view.mean().item() == pytest.approx(0.5, abs=5 * math.sqrt(variance / steps))
        assert view.var().item() == pytest.approx(variance, rel=0.2)
        if alpha == 1.0:  # Kolmogorov and Smirnov's distance, at a chance of 5e-6
            distance = (view.sort().values - torch.linspace(0, 1, steps, dtype=torch.float64)).abs().max()
            assert distance < 2.5 / math.sqrt(steps)
    assert abs(torch.corrcoef(ratios.T)[0, 1]) < 5 / math.sqrt(steps)


@pytest.mark.parametrize('name', ['CutMix', 'MixUp'])
def test_as_the_host_calls_them(name):
    augment = BATCH_AUGMENTS.build(dict(type=f'agmax_mm.{name}', alpha=0.5))
    images, scores = torch.randn(4, 3, 16, 16), torch.eye(4)
    torch.manual_seed(3)
    called = augment(images, scores)
    torch.manual_seed(3)
    mixed = augment.mix(images, scores)
    assert all(torch.equal(one, other) for one, other in zip(called, mixed, strict=True))
    assert not torch.equal(mixed[0], images)


@pytest.mark.parametrize('name', ['CutMix', 'MixUp'])
def test_the_coin_of_the_host_s_single_view(name):
    """By itself, and through the host's own code with a chance of its own before it."""
    augment = BATCH_AUGMENTS.build(dict(type=f'agmax_mm.{name}', prob=0.25))
    images, scores = torch.randn(8, 1, 8, 8), torch.eye(8)
    preprocessor = TwoViewDataPreprocessor(num_classes=8, batch_augments=dict(augments=[augment], probs=[0.5]))
    batch = {'inputs': images, 'data_samples': [DataSample().set_gt_label(label) for label in range(8)]}
    torch.manual_seed(0)
    np.random.seed(0)
    draws, alone, hosted = 600, 0, 0
    for _ in range(draws):
        mixed, mixed_scores = augment.mix(images, scores)
        alone += not torch.equal(mixed, images)
        assert torch.equal(mixed, images) or not torch.equal(mixed_scores, scores)
        hosted += not torch.equal(preprocessor(batch, training=True)['inputs'], images)
    empty = 4 / 64 if name == 'CutMix' else 0
    for count, share in ((alone, 0.25 * (1 - empty)), (hosted, 0.125 * (1 - empty))):
        assert count / draws == pytest.approx(share, abs=5 * math.sqrt(share * (1 - share) / draws))


@pytest.mark.parametrize('name', ['CutMix', 'MixUp'])
def test_never_and_always(name):
    never, always = (BATCH_AUGMENTS.build(dict(type=f'agmax_mm.{name}', prob=prob)) for prob in (0.0, 1.0))
    images, scores = torch.randn(16, 1, 64, 64), torch.eye(16)
    state = torch.get_rng_state()
    for _ in range(20):
        assert all(torch.equal(*pair) for pair in zip(never.mix(images, scores), (images, scores), strict=True))
    torch.set_rng_state(state)
    mixed = always.mix(images, scores)
    torch.set_rng_state(state)
    # Where it cannot matter the coin is not tossed: recipes without one draw what they always drew.
    assert torch.equal(mixed[0], BATCH_AUGMENTS.build(dict(type=f'agmax_mm.{name}')).always(images, scores)[0])


@pytest.mark.parametrize('name', ['CutMix', 'MixUp'])
@pytest.mark.parametrize('prob', [-0.1, 1.5, float('nan')])
def test_bad_prob(name, prob):
    with pytest.raises(ValueError, match=rf'{name}.prob: expected a number within \[0, 1\], got {prob}'):
        BATCH_AUGMENTS.build(dict(type=f'agmax_mm.{name}', prob=prob))


@pytest.mark.parametrize('name', ['CutMix', 'MixUp'])
@pytest.mark.parametrize('alpha', [0, -1.0, float('nan')])
def test_bad_alpha(name, alpha):
    with pytest.raises(ValueError, match=rf'{name}.alpha: expected a number above 0, got {alpha}'):
        BATCH_AUGMENTS.build(dict(type=f'agmax_mm.{name}', alpha=alpha))


def test_bad_length():
    with pytest.raises(ValueError, match='CutOut.length: expected at least 2 pixels, got 1'):
        BATCH_AUGMENTS.build(dict(type='agmax_mm.CutOut', length=1))
    cutout = BATCH_AUGMENTS.build(dict(type='agmax_mm.CutOut', length=112))
    with pytest.raises(ValueError, match='expected 2 to 32, the side of the images, got 112'):
        cutout(torch.zeros(2, 3, 32, 32), torch.ones(3, 1, 1))
