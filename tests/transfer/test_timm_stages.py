"""timm's classifiers as backbones of detectors: the maps of their stages, with layers behind the last one."""

from __future__ import annotations

import pytest
import timm
import torch
from mmengine.config import ConfigDict
from mmengine.registry import MODELS, DefaultScope
from torch import nn

from agmax_mm.models.backbones import TimmBackbone
from agmax_mm.transfer.backbone import load_backbone
from tests.transfer.test_feature_maps import randomise

CHANNELS = {'efficientnet_b0': [24, 40, 112, 320], 'regnety_004': [48, 104, 208, 440]}


def detector(backbone):
    model = nn.Module()
    norm = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model.data_preprocessor = MODELS.build(ConfigDict(type='mmpretrain.ClsDataPreprocessor', **norm))
        model.backbone = MODELS.build(ConfigDict(backbone))
    return model


@pytest.fixture(scope='module', params=CHANNELS)
def pretrained(request, tmp_path_factory):
    """A classifier of timm and its file."""
    torch.manual_seed(0)
    network = randomise(timm.create_model(request.param))
    path = tmp_path_factory.mktemp('timm') / 'x.pth'
    torch.save({'state_dict': network.state_dict()}, path)
    return request.param, network, path


def maps_of(network, images):
    """The oracle: timm's own intermediate maps of the whole classifier."""
    with torch.no_grad():
        return network.forward_intermediates(images, indices=[1, 2, 3, 4], intermediates_only=True)


def test_maps_are_those_of_the_classifier(pretrained):
    name, network, path = pretrained
    ours = detector(dict(type='agmax_mm.TimmBackbone', model_name=name, out_indices=(1, 2, 3, 4)))
    load_backbone(ours, path)
    ours.eval()
    images = torch.randn(2, 3, 64, 96)
    with torch.no_grad():
        found = ours.backbone(images)
    assert [one.shape[1] for one in found] == CHANNELS[name]
    assert [64 // one.shape[2] for one in found] == [4, 8, 16, 32]
    for one, expected in zip(found, maps_of(network, images), strict=True):
        assert expected.std() > 1e-3
        torch.testing.assert_close(one, expected, rtol=0, atol=0)


def test_the_hosts_class_leaves_what_is_behind_its_last_stage(pretrained):
    name, network, path = pretrained
    stages = dict(type='mmpretrain.TIMMBackbone', model_name=name, features_only=True, out_indices=(1, 2, 3, 4))
    ours = detector(stages)
    load_backbone(ours, path)
    ours.eval()
    images = torch.randn(2, 3, 64, 96)
    with torch.no_grad():
        found = ours.backbone(images)
    for one, expected in zip(found, maps_of(network, images), strict=True):
        torch.testing.assert_close(one, expected, rtol=0, atol=0)


def test_other_tensors_are_never_left(pretrained, tmp_path):
    name, network, _ = pretrained
    stages = dict(type='mmpretrain.TIMMBackbone', model_name=name, features_only=True, out_indices=(1, 2, 3, 4))
    torch.save({**network.state_dict(), 'extra.weight': torch.zeros(1)}, tmp_path / 'x.pth')
    with pytest.raises(ValueError, match=r'1 unknown to the model \(timm_model.extra.weight\)'):
        load_backbone(detector(stages), tmp_path / 'x.pth')


def test_what_computes_learns_and_nothing_else():
    """The layers behind the last stage would be waited for on several processes."""
    backbone = TimmBackbone('efficientnet_b0', out_indices=(1, 2), frozen_stages=0).train()
    sum(one.mean() for one in backbone(torch.randn(2, 3, 64, 64))).backward()
    learning = {name for name, one in backbone.named_parameters() if one.requires_grad}
    assert learning == {name for name, one in backbone.named_parameters() if one.grad is not None}
    stages = {'.'.join(name.split('.')[1:3]) for name in learning}
    assert stages == {'blocks.1', 'blocks.2'}
    norms = {name for name, one in backbone.named_modules() if isinstance(one, nn.BatchNorm2d) and one.training}
    assert {'.'.join(name.split('.')[1:3]) for name in norms} >= {'blocks.1', 'blocks.2'}
    assert not any(name.startswith(('timm_model.bn1', 'timm_model.blocks.0')) for name in norms)
    fixed = TimmBackbone('regnety_004', out_indices=(1, 2), norm_eval=True).train()
    assert not any(one.training for one in fixed.modules() if isinstance(one, nn.BatchNorm2d))


def test_a_classifier_may_keep_its_statistics_or_all_of_its_weights():
    # Without stages, where the last map is returned.
    free, fixed = TimmBackbone('resnet10t').train(), TimmBackbone('resnet10t', norm_eval=True).train()
    frozen = TimmBackbone('resnet10t', frozen=True).train()
    for backbone, trains, learns in ((free, True, True), (fixed, False, True), (frozen, False, False)):
        norms = [one for one in backbone.modules() if isinstance(one, nn.BatchNorm2d)]
        assert norms
        assert all(one.training == trains for one in norms)
        assert all(one.requires_grad == learns for one in backbone.parameters())
    # Frozen also with stages.
    staged = TimmBackbone('resnet10t', out_indices=(1, 2), frozen=True).train()
    assert not any(one.requires_grad for one in staged.parameters())


@pytest.mark.parametrize(
    ('options', 'text'),
    [
        (dict(out_indices=(1, 7)), r'expected stages of .regnety_004., got \[1, 7\]'),
        (dict(frozen_stages=1), 'expected out_indices beside frozen_stages, got none'),
    ],
)
def test_wrong_options_are_one_line(options, text):
    with pytest.raises(ValueError, match=text):
        TimmBackbone('regnety_004', **options)
