"""The authors' initialisation: what it draws, what it resets, and what it leaves alone."""

from __future__ import annotations

import pytest
import timm
import torch
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS
from torch import nn

from agmax_mm.models.agreements.pair_head import PairHead
from agmax_mm.models.initialization import apply_init_std


def build(**config):
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(config)
        model.init_weights()
    return model


def gammas(model):
    return {name: m.weight.unique().tolist() for name, m in model.named_modules() if isinstance(m, nn.BatchNorm2d)}


@pytest.mark.parametrize('std', [0.2, 0.01])
def test_every_weight_is_normal_with_that_std(std):
    """On a network with grouped, depthwise and squeeze-and-excitation layers, and a pair head."""
    torch.manual_seed(0)
    model = nn.ModuleList([timm.create_model('efficientnet_b0', num_classes=10), PairHead(10)])
    for parameter in model.parameters():
        nn.init.constant_(parameter, 7.0)
    apply_init_std(model, std)
    layers = [module for module in model.modules() if isinstance(module, nn.Linear | nn.Conv2d)]
    assert len(layers) == 81 + 1 + 2  # convolutions, classifier, pair head
    for layer in layers:
        assert layer.bias is None or not layer.bias.any()
        # Of n normal values the mean is within 5 of its standard deviations, and so is the variance.
        values, n = layer.weight.detach().double(), layer.weight.numel()
        assert abs(values.mean()) < 5 * std / n**0.5
        assert abs(values.var() - std**2) < 5 * std**2 * (2 / n) ** 0.5
    everything = torch.cat([layer.weight.detach().flatten() for layer in layers]) / std
    assert everything.square().mean() == pytest.approx(1, abs=0.005)
    assert everything.pow(4).mean() == pytest.approx(3, abs=0.02)  # the normal distribution's, the uniform has 1.8
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    assert len(norms) == 49
    assert all((norm.weight == 1).all() and not norm.bias.any() for norm in norms)


@pytest.mark.parametrize(('depth', 'last'), [(18, 'bn2'), (50, 'bn3')])
def test_resnet_blocks_start_as_the_identity_again(depth, last):
    model = build(type='ResNet', depth=depth, zero_init_residual=True)
    apply_init_std(model, 0.2)
    assert all(values == [float(not name.endswith(last))] for name, values in gammas(model).items())


def test_resnet_without_zero_init_residual_keeps_ones():
    model = build(type='ResNet', depth=18, zero_init_residual=False)
    apply_init_std(model, 0.2)
    assert set(map(tuple, gammas(model).values())) == {(1.0,)}


def test_regnet_loses_its_zeros_like_the_authors():
    regnet = build(type='RegNet', arch='regnetx_400mf', zero_init_residual=True)
    assert regnet.zero_init_residual
    assert [0.0] in gammas(regnet).values()
    for model in (regnet, timm.create_model('regnety_004')):
        apply_init_std(model, 0.2)
        assert set(map(tuple, gammas(model).values())) == {(1.0,)}


def test_norms_without_parameters_and_statistics_stay():
    model = nn.Sequential(nn.BatchNorm2d(2, affine=False), nn.BatchNorm2d(2), nn.LayerNorm(2))
    model[1].running_mean.fill_(3)
    nn.init.constant_(model[2].weight, 5)
    apply_init_std(model, 0.2)
    assert model[1].running_mean.tolist() == [3, 3]
    assert model[2].weight.tolist() == [5, 5]


@pytest.mark.parametrize('std', [0, -0.1, float('nan'), float('inf')])
def test_bad_std(std):
    with pytest.raises(ValueError, match='init_std: expected a finite number above 0, got'):
        apply_init_std(nn.Linear(1, 1), std)
