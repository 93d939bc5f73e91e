"""The networks of the paper: sizes counted by hand, and the same features as the authors' libraries."""

from __future__ import annotations

import pytest
import timm
import torch
import torchvision
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS

REGNETX = dict(type='RegNet', arch=dict(w0=24, wa=36.44, wm=2.49, group_w=8, depth=13, bot_mul=1.0))
RESNET = dict(type='ResNet', num_stages=4, out_indices=(3,), style='pytorch', zero_init_residual=True, init_cfg=[])


def build(config):
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return MODELS.build(dict(config))


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def randomised(module, generator):
    """Give every tensor a value of its own, also those that start at 0 or 1; variances stay positive."""
    for value in module.state_dict().values():
        if value.is_floating_point():
            value.copy_(torch.rand(value.shape, generator=generator) / max(1, value[0].numel()) + 0.01)
    return module


# WRN: stem 9*3*16 + 16 = 448. A block from c to w channels: norms 2c + 2w, convolutions 9cw + w and 9ww + w, and in
# the first of a stage the shortcut cw + w. At the end a norm of 2w.
# WRN-40-2, 6 blocks: 14,528 + 5 * 18,624; 57,728 + 5 * 74,112; 230,144 + 5 * 295,680; norm 256.
# WRN-28-10, 4 blocks: 256,832 + 3 * 461,760; 1,435,520 + 3 * 1,845,120; 5,738,240 + 3 * 7,376,640; norm 1,280.
# The others: published with a classifier of 1000 classes, which takes 1000 * (width + 1) of the count.
@pytest.mark.parametrize(
    ('config', 'expected'),
    [
        (dict(type='agmax_mm.WideResNet', depth=40, widen_factor=2), 2_245_184),
        (dict(type='agmax_mm.WideResNet', depth=28, widen_factor=10), 36_482_880),
        (dict(RESNET, depth=50), 25_557_032 - 2_049_000),
        (dict(RESNET, depth=101), 44_549_160 - 2_049_000),
        (REGNETX, 2_684_792 - 369_000),
        (dict(type='TIMMBackbone', model_name='regnety_004'), 4_344_144 - 441_000),
        (dict(type='TIMMBackbone', model_name='efficientnet_b0'), 5_288_548 - 1_281_000),
    ],
    ids=['wrn40-2', 'wrn28-10', 'resnet50', 'resnet101', 'regnetx-200mf', 'regnety-400mf', 'efficientnet-b0'],
)
def test_parameter_counts(config, expected):
    assert count(build(config)) == expected


def test_regnetx_is_timms_regnetx_002(generator):
    host, source = build(REGNETX), randomised(timm.create_model('regnetx_002', num_classes=0), generator)
    assert host.stage_widths == [24, 56, 152, 368]
    assert host.stage_blocks == [1, 1, 4, 7]
    ours, theirs = host.state_dict(), source.state_dict()
    # Both list their tensors in the order of computation.
    assert [value.shape for value in ours.values()] == [value.shape for value in theirs.values()]
    host.load_state_dict(dict(zip(ours, theirs.values(), strict=True)))
    host.eval()
    images = torch.randn(2, 3, 64, 64, generator=generator)
    with torch.no_grad():
        maps, expected = host(images)[-1], source.eval().forward_features(images)
    assert expected.std() > 0.01
    torch.testing.assert_close(maps, expected, rtol=1e-5, atol=1e-5)


def test_resnet50_is_torchvisions(generator):
    host, source = build(dict(RESNET, depth=50)), randomised(torchvision.models.resnet50(), generator)
    weights = {key: value for key, value in source.state_dict().items() if not key.startswith('fc.')}
    host.load_state_dict(weights)
    host.eval()
    source.fc = torch.nn.Identity()
    images = torch.randn(2, 3, 64, 64, generator=generator)
    with torch.no_grad():
        torch.testing.assert_close(host(images)[-1].mean((2, 3)), source.eval()(images), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(('name', 'width'), [('regnety_004', 440), ('efficientnet_b0', 1280)])
def test_hosts_timm_backbones_have_no_idle_parameters(name, width, generator):
    backbone = build(dict(type='TIMMBackbone', model_name=name))
    maps = backbone(torch.randn(2, 3, 64, 64, generator=generator))[-1]
    assert maps.shape == (2, width, 2, 2)
    maps.square().mean().backward()
    assert [key for key, parameter in backbone.named_parameters() if parameter.grad is None] == []
    assert {module.eps for module in backbone.modules() if isinstance(module, torch.nn.BatchNorm2d)} == {1e-5}
