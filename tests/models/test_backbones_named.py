"""Backbones by name: their features are what the library's own classifier sees, and nothing is downloaded."""

from __future__ import annotations

import copy
import socket

import pytest
import timm
import torch
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS

from agmax_mm.models.backbones import TimmBackbone, named_backbone


def build(config):
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        module = MODELS.build(copy.deepcopy(config))
    module.eval()
    return module


def features(named, images):
    """What the head gets."""
    with torch.no_grad():
        maps = build(named.backbone)(images)
        maps = maps if named.neck is None else build(named.neck)(maps)
    return maps[-1]


TINY_SWIN = dict(img_size=64, window_size=4, embed_dim=24, depths=(1, 2), num_heads=(1, 2))


@pytest.mark.parametrize(
    ('name', 'options', 'width', 'is_map'),
    [
        ('resnet10t', {}, 512, True),
        ('regnety_002', {}, 368, True),
        ('densenet121', dict(block_config=(1, 1)), 80, True),
        ('vit_tiny_patch16_224', dict(img_size=32, depth=1), 192, False),
        ('swin_tiny_patch4_window7_224', TINY_SWIN, 48, False),
        ('convnext_atto', dict(depths=(1, 1, 1, 1)), 320, False),  # normalises after pooling
        ('mobilenetv3_small_050', {}, 1024, False),  # widens 288 maps after pooling
        ('mixer_s32_224', dict(img_size=64), 512, False),
        ('resnet10t', dict(drop_rate=0.5), 512, False),  # timm drops in its head
    ],
)
def test_timm_features_are_those_of_its_own_classifier(name, options, width, is_map, generator):
    named = named_backbone(f'timm/{name}', **options)
    assert named.in_channels == width
    backbone = build(named.backbone)
    assert isinstance(backbone, TimmBackbone)
    source = timm.create_model(name, num_classes=7, **options).eval()
    # The names of all but the classifier agree.
    known = backbone.timm_model.state_dict().keys()
    backbone.timm_model.load_state_dict({key: value for key, value in source.state_dict().items() if key in known})
    size = options.get('img_size', 64)
    images = torch.randn(2, 3, size, size, generator=generator)
    with torch.no_grad():
        maps = backbone(images)
        assert len(maps) == 1
        assert maps[0].shape[:2] == (2, width)
        assert (maps[0].shape[2] > 1) == is_map
        logits = source.get_classifier()(build(named.neck)(maps)[0])
        torch.testing.assert_close(logits, source(images), rtol=1e-5, atol=1e-5)


def test_timm_backbone_takes_the_hosts_weights():
    ours = TimmBackbone('resnet10t', in_channels=1)
    hosts = build(dict(type='TIMMBackbone', model_name='resnet10t', in_channels=1))
    assert {key: value.shape for key, value in ours.state_dict().items()} == {
        key: value.shape for key, value in hosts.state_dict().items()
    }


@pytest.mark.parametrize(
    ('name', 'options', 'kind', 'width'),
    [
        ('resnet18_8xb32_in1k', {}, 'ResNet', 512),
        ('resnet18_8xb16_cifar10', {}, 'ResNet_CIFAR', 512),
        ('mobilenet-v3-small-050_3rdparty_in1k', {}, 'MobileNetV3', 288),  # a stack of linear layers
        ('deit-tiny_4xb256_in1k', dict(img_size=32), 'VisionTransformer', 192),  # no neck
        ('hrnet-w18_3rdparty_8xb32_in1k', {}, 'HRNet', 2048),  # two necks
    ],
)
def test_mmpretrain_backbones_fit_their_necks_and_width(name, options, kind, width, generator):
    named = named_backbone(f'mmpretrain/{name}', **options)
    assert (named.backbone['type'], named.in_channels) == (kind, width)
    assert features(named, torch.randn(2, 3, 32, 32, generator=generator)).shape == (2, width)


def test_a_named_config_builds_in_any_scope():
    named = named_backbone('mmpretrain/resnet18_8xb32_in1k')
    with DefaultScope.overwrite_default_scope('mmdet'):
        backbone = MODELS.build(named.backbone)
    assert type(backbone).__module__.startswith('mmpretrain.')


@pytest.mark.parametrize('name', ['timm/resnet18.a1_in1k', 'mmpretrain/resnet50_8xb8_cub'])
def test_names_that_stand_for_weights_download_nothing(name, monkeypatch):
    def refuse(*_):
        raise AssertionError('a connection was opened')

    monkeypatch.setattr(socket.socket, 'connect', refuse)
    monkeypatch.setattr(socket, 'getaddrinfo', refuse)
    backbone = build(named_backbone(name).backbone)
    before = {key: value.clone() for key, value in backbone.state_dict().items()}
    backbone.init_weights()
    assert before.keys() == backbone.state_dict().keys()


def test_frozen_stages_of_a_probe_are_trained():
    """The zoo's entry freezes all 12 blocks of its pretrained network."""
    named = named_backbone('mmpretrain/vit-base-p16_mae-300e-pre_8xb2048-linear-coslr-90e_in1k')
    assert 'frozen_stages' not in named.backbone
    assert 'init_cfg' not in named.backbone


@pytest.mark.parametrize(
    ('name', 'parts'),
    [
        ('timm/resnet18x', ['timm knows no model', 'timm/resnet18', 'timm.list_models()', 'lists all']),
        ('timm/hf-hub:someone/resnet18', ['timm knows no model']),
        ('mmpretrain/resnet18_8xb32', ['mmpretrain knows no model', 'mmpretrain/resnet18_8xb32_in1k']),
        ('resnet18d', ['expected timm/<model> or mmpretrain/<model>', 'timm/resnet18d']),
        ('torchvision/resnet18', ['expected timm/<model> or mmpretrain/<model>', 'timm/resnet18']),
        ('mmpretrain/mae_vit-base-p16_8xb512-amp-coslr-300e_in1k', ['expected a classifier', 'got MAE']),
        ('mmpretrain/vgg11_8xb32_in1k', ['expected a classifier with a linear head', 'got the head ClsHead']),
        ('mmpretrain/replknet-31b_3rdparty_in1k', ["can't read its own config"]),
    ],
)
def test_unknown_names_tell_the_known_ones(name, parts):
    with pytest.raises(ValueError, match=r'^backbone') as raised:
        named_backbone(name)
    assert all(part in str(raised.value) for part in parts), str(raised.value)
