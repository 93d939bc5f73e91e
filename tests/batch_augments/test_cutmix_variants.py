"""The registered variants: their options reach the function, their schedule, and all of them under two views."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample

from agmax_mm.functional import cutmix, mse_agreement, mutual_information
from agmax_mm.models import TwoViewDataPreprocessor
from agmax_mm.registry import BATCH_AUGMENTS, MODELS

CLASSES, IMAGES, SIDE = 6, 6, 16

# Options of the registered class, and what the function is called with.
VARIANTS = {
    'CutMix': (dict(), dict()),
    'CenterGaussianCutMix': (dict(sigma=0.1), dict(center_sigma=0.1)),
    'FixedSizeCutMix': (dict(size=6), dict(size=6)),
    'OneHotCutMix': (dict(), dict(label='one_hot')),
    'CompleteLabelCutMix': (dict(), dict(label='complete')),
    'ScheduledCutMix': (dict(), dict()),
}
DEFAULTS = {'CenterGaussianCutMix': dict(center_sigma=0.25), 'FixedSizeCutMix': dict(size=16)}


def _build(name, **options):
    augment = BATCH_AUGMENTS.build(dict(type=f'agmax_mm.{name}', **options))
    if hasattr(augment, 'set_progress'):
        augment.set_progress(1.0)
    return augment


def _equal(one, other):
    return all(torch.equal(*pair) for pair in zip(one, other, strict=True))


@pytest.mark.parametrize('name', VARIANTS)
@pytest.mark.parametrize(
    'common', [dict(), dict(alpha=0.25, correct_lam=False), dict(rounding='paper')], ids=['defaults', 'ratio', 'paper']
)
def test_is_its_function(name, common):
    own, passed = VARIANTS[name]
    images, scores = torch.randn(5, 2, 24, 40), torch.eye(5)
    before = images.clone()
    for seed in range(5):
        results = []
        for call in (
            lambda: _build(name, **common, **own).mix(images, scores),
            lambda: cutmix(images, scores, **common, **passed),
        ):
            torch.manual_seed(seed)
            results.append(call())
        assert _equal(*results)
    assert torch.equal(images, before)


@pytest.mark.parametrize('name', DEFAULTS)
def test_defaults(name):
    images, scores = torch.randn(5, 2, 32, 32), torch.eye(5)
    torch.manual_seed(0)
    mixed = _build(name).mix(images, scores)
    torch.manual_seed(0)
    assert _equal(mixed, cutmix(images, scores, **DEFAULTS[name]))


def test_fixed_size_inside():
    images, scores = torch.randn(4, 1, 8, 8), torch.eye(4)
    augment = _build('FixedSizeCutMix', size=4, inside=True)
    for seed in range(20):
        torch.manual_seed(seed)
        _, mixed = augment.mix(images, scores)
        assert mixed.diagonal().unique().tolist() in ([0.75], [0.75, 1.0], [1.0])


def test_scheduled_grows_from_never_to_always():
    augment = BATCH_AUGMENTS.build(dict(type='agmax_mm.ScheduledCutMix', prob=0.5))
    images, scores = torch.randn(16, 1, 64, 64), torch.eye(16)
    with pytest.raises(ValueError, match=r"how far training is, got nothing; add dict\(type='agmax_mm.SetProgressH"):
        augment.mix(images, scores)
    for fraction in (0.0, 0.3, 1.0):
        augment.set_progress(fraction)
        assert augment.probability() == pytest.approx(0.5 * fraction)
    augment = BATCH_AUGMENTS.build(dict(type='agmax_mm.ScheduledCutMix'))
    torch.manual_seed(0)
    for fraction, mixed in ((0.0, False), (1.0, True)):
        augment.set_progress(fraction)
        assert [torch.equal(augment.mix(images, scores)[0], images) for _ in range(40)] == [not mixed] * 40


def test_the_schedule_is_needed_under_two_views_too():
    augments = dict(augments=[dict(type='agmax_mm.ScheduledCutMix')], probs=[1.0])
    preprocessor = TwoViewDataPreprocessor(num_classes=CLASSES, batch_augments=augments)
    with pytest.raises(ValueError, match='SetProgressHook'):
        preprocessor(_batch(), training=True)
    preprocessor(_batch(), training=False)


def _batch():
    generator = torch.Generator().manual_seed(0)
    views = [torch.randint(256, (IMAGES, 3, SIDE, SIDE), generator=generator, dtype=torch.uint8) for _ in range(2)]
    return {'inputs': views, 'data_samples': [DataSample().set_gt_label(label) for label in range(IMAGES)]}


def _soft_cross_entropy(logits, scores):
    return -(scores * F.log_softmax(logits, dim=1)).sum(dim=1).mean()


@pytest.mark.parametrize('share', [False, True])
@pytest.mark.parametrize('agreement', ['mi', 'mse'])
@pytest.mark.parametrize('name', VARIANTS)
def test_two_views_that_must_agree(name, agreement, share):
    """Each view mixed on its own or both alike, the loss by hand, and a gradient in every weight."""
    own, passed = VARIANTS[name]
    augment = _build(name, **own)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        torch.manual_seed(0)
        model = MODELS.build(
            dict(
                type='agmax_mm.AgMaxClassifier',
                backbone=dict(type='agmax_mm.WideResNet', depth=10, widen_factor=1),
                neck=dict(type='GlobalAveragePooling'),
                head=dict(type='LinearClsHead', num_classes=CLASSES, in_channels=64),
                agreement=agreement,
                data_preprocessor=dict(
                    mean=[128.0] * 3,
                    std=[64.0] * 3,
                    share_mix=share,
                    batch_augments=dict(augments=[augment], probs=[1.0]),
                ),
            )
        )
    torch.manual_seed(5)
    np.random.seed(0)
    data = model.data_preprocessor(_batch(), training=True)
    torch.manual_seed(5)
    clean = [(view.float() - 128) / 64 for view in _batch()['inputs']]
    if share:
        images, scores = cutmix(torch.cat(clean, dim=1), torch.eye(CLASSES), **passed)
        images, scores = torch.cat(images.chunk(2, dim=1)), torch.cat([scores, scores])
    else:
        views = [cutmix(view, torch.eye(CLASSES), **passed) for view in clean]
        images, scores = (torch.cat(parts) for parts in zip(*views, strict=True))
    assert torch.equal(data['inputs'], images)
    assert torch.equal(torch.stack([sample.gt_score for sample in data['data_samples']]), scores)

    losses = model(**data, mode='loss')
    logits = model.train()(images)
    a, b = logits.chunk(2)
    expected = -mutual_information(a, b) if agreement == 'mi' else mse_agreement(a, b)
    torch.testing.assert_close(losses['loss_cls'], _soft_cross_entropy(logits, scores))
    torch.testing.assert_close(losses['loss_agreement'], expected * model.agreement.loss_weight)
    (losses['loss_cls'] + losses['loss_agreement']).backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


def test_bad_options():
    for sigma in (0, -1):
        with pytest.raises(ValueError, match=f'CenterGaussianCutMix.sigma: expected a number above 0, got {sigma}'):
            _build('CenterGaussianCutMix', sigma=sigma)
    with pytest.raises(ValueError, match='FixedSizeCutMix.size: expected a whole number of pixels, at least 1, got 0'):
        _build('FixedSizeCutMix', size=0)
    with pytest.raises(ValueError, match='size: expected 1 to 8, the smaller side of the image, got 16'):
        _build('FixedSizeCutMix').mix(torch.zeros(2, 1, 8, 8), torch.eye(2))
    for name in VARIANTS:
        with pytest.raises(ValueError, match=f"{name}.rounding: expected one of reference, paper, got 'up'"):
            _build(name, rounding='up')
