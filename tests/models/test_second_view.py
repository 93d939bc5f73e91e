"""A cheaper view B: on part of the batch, at lower resolution."""

import copy

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample

from agmax_mm.functional import mutual_information
from agmax_mm.models.second_view import SecondView
from agmax_mm.registry import MODELS

CLASSES = 5
IMAGES = 6
LABELS = [index % CLASSES for index in range(IMAGES)]


@pytest.fixture(autouse=True)
def _scope():
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield


def _model(**options):
    torch.manual_seed(0)
    config = dict(
        type='agmax_mm.AgMaxClassifier',
        backbone=dict(type='ResNet', depth=18, base_channels=8, stem_channels=8),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', num_classes=CLASSES, in_channels=64),
        data_preprocessor=dict(mean=[120.0] * 3, std=[60.0] * 3),
        agreement='mi',
    )
    return MODELS.build({**config, **options}).double()


def _inputs(side=64):
    torch.manual_seed(1)
    samples = [DataSample(metainfo={'num_views': 2}).set_gt_label(label) for label in LABELS * 2]
    return torch.randn(2 * IMAGES, 3, side, side, dtype=torch.float64), samples


def _expected(logits_a, logits_b):
    rows = len(logits_b)
    loss_cls = F.cross_entropy(torch.cat([logits_a, logits_b]), torch.tensor(LABELS + LABELS[:rows]))
    return loss_cls, -mutual_information(logits_a[:rows], logits_b)


def _check(losses, model, logits_a, logits_b):
    loss_cls, loss_agreement = _expected(logits_a, logits_b)
    torch.testing.assert_close(losses['loss_cls'], loss_cls, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(losses['loss_agreement'], loss_agreement, rtol=1e-12, atol=1e-12)
    same = (logits_a[: len(logits_b)].argmax(1) == logits_b.argmax(1)).float().mean()
    assert losses['view_agreement'] == same


def test_part_of_the_batch_is_one_pass_over_the_images_there_are():
    model, (inputs, samples) = _model(second_view=dict(share=0.5)), _inputs()
    by_hand = copy.deepcopy(model)
    logits = by_hand(inputs[: IMAGES + 3], mode='tensor')
    losses = model.loss(inputs, samples)
    _check(losses, model, logits[:IMAGES], logits[IMAGES:])
    # The mean of all predictions: an image with both views counts twice.
    for (name, mine), theirs in zip(model.named_buffers(), by_hand.buffers(), strict=True):
        assert torch.equal(mine, theirs), name


def test_lower_resolution_is_a_pass_of_its_own():
    model, (inputs, samples) = _model(second_view=dict(scale=0.5, share=0.5)), _inputs()
    by_hand = copy.deepcopy(model)
    view_b = F.interpolate(inputs[IMAGES : IMAGES + 3], size=(32, 32), mode='bilinear', antialias=True)
    feats = [by_hand.extract_feat(view)[0] for view in (inputs[:IMAGES], view_b)]
    logits = [by_hand.head((feat,)) for feat in feats]
    _check(model.loss(inputs, samples), model, *logits)
    # Each pass moves the running statistics.
    assert int(model.backbone.bn1.num_batches_tracked) == 2


def test_antialiased_shrinking_of_a_checkerboard_is_grey_and_keeps_ramps():
    checkerboard = ((torch.arange(8)[:, None] + torch.arange(12)) % 2).double()[None, None]
    shrunk = SecondView(scale=0.25).shrink(checkerboard)
    assert shrunk.shape == (1, 1, 2, 3)
    torch.testing.assert_close(shrunk, torch.full_like(shrunk, 0.5), atol=0.02, rtol=0)


def test_the_full_second_view_is_none_bit_for_bit():
    inputs, samples = _inputs()
    plain, full = (_model(**options).loss(inputs, samples) for options in ({}, dict(second_view=dict())))
    assert plain.keys() == full.keys()
    for name in plain:
        assert torch.equal(plain[name], full[name]), name


def test_sides_are_rounded():
    assert SecondView(scale=0.7).shrink(torch.zeros(1, 1, 34, 32)).shape == (1, 1, 24, 22)
    assert SecondView(scale=0.01).shrink(torch.zeros(1, 1, 34, 32)).shape == (1, 1, 1, 1)


@pytest.mark.parametrize(
    ('share', 'images', 'rows'), [(1.0, 5, 5), (0.5, 64, 32), (0.45, 64, 29), (0.1, 8, 2), (0.1, 1, 1)]
)
def test_number_of_second_views(share, images, rows):
    assert SecondView(share=share).num_second_views(images) == rows


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(share=0), r'second_view.share: expected a number above 0 and up to 1, got 0'),
        (dict(scale=1.5), r'second_view.scale: expected a number above 0 and up to 1, got 1.5'),
    ],
)
def test_values_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        _model(second_view=options)


def test_what_does_not_fit():
    with pytest.raises(ValueError, match=r"second_view: expected options such as {'share': 0.5}, got 'dict"):
        _model(second_view='dict(share=0.5)')
    with pytest.raises(ValueError, match='expected num_views=2 beside it, got 3'):
        _model(second_view=dict(share=0.5), num_views=3)
    mixing = dict(type='agmax_mm.FeatureMix', mix=dict(type='agmax_mm.CutMix'))
    with pytest.raises(ValueError, match='expected no second_view beside feature_mix with share_mix'):
        _model(second_view=dict(share=0.5), feature_mix=mixing, data_preprocessor=dict(share_mix=True))
    inputs, samples = _inputs()
    flat = _model(
        second_view=dict(scale=0.5), neck=None, head=dict(type='LinearClsHead', num_classes=CLASSES, in_channels=64)
    )
    with pytest.raises(
        ValueError, match=r'features of one shape from both views, .* got \[\(64, 2, 2\), \(64, 1, 1\)\]'
    ):
        flat.loss(inputs, samples)
    with pytest.raises(ValueError, match='expected a batch of 2 views, got 1'):
        _model(second_view=dict(share=0.5), agreement=None).loss(inputs, [DataSample().set_gt_label(0)] * len(inputs))
