"""Activation checkpointing: the same losses, gradients, statistics and draws, from fewer tensors kept."""

from __future__ import annotations

import copy
import json

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import nn

from agmax_mm.engine.checkpointing import checkpoint_activations, repeated_blocks
from agmax_mm.models.backbones import named_backbone
from agmax_mm.registry import MODELS
from tests.engine.small import make_runner, model_config


class Net(nn.Module):
    """A model with a backbone, and nothing else."""

    def __init__(self, backbone):
        super().__init__()
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            self.backbone = MODELS.build(backbone) if isinstance(backbone, dict) else backbone

    def forward(self, images):
        outputs = self.backbone(images)
        return outputs[-1] if isinstance(outputs, tuple | list) else outputs


class Wide(nn.Module):
    """Blocks with dropout and with lists that they append to, as dense networks' have."""

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)
            self.norm = nn.BatchNorm2d(4, momentum=None)

        def forward(self, maps, *, scale=1.0):
            new = self.second(nn.functional.dropout(self.norm(self.first(sum(maps))), 0.5, self.training))
            return scale * new

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([self.Block(), self.Block()])

    def forward(self, images):
        maps = [images]
        for block in self.blocks:
            maps.append(block(maps, scale=2.0))
        return maps[-1]


BACKBONES = {
    'resnet': ({'type': 'ResNet', 'depth': 18, 'base_channels': 8, 'stem_channels': 8}, 8, 'layer1.0', 'layer4.1'),
    'regnet': ('timm/regnety_002', 13, 'timm_model.s1.b1', 'timm_model.s4.b7'),
    'wide': (
        {'type': 'agmax_mm.WideResNet', 'depth': 16, 'widen_factor': 1, 'drop_rate': 0.3},
        6,
        'layer1.0',
        'layer3.1',
    ),
    'vit': (
        {'type': 'VisionTransformer', 'arch': 'deit-tiny', 'img_size': 32, 'patch_size': 16, 'drop_rate': 0.1},
        *(12, 'layers.0', 'layers.11'),
    ),
    'lists': (None, 2, 'blocks.0', 'blocks.1'),
}


def make_net(name):
    backbone = BACKBONES[name][0]
    if backbone is None:
        return Net(Wide())
    return Net(named_backbone(backbone).backbone if isinstance(backbone, str) else backbone)


def kept_bytes(net, images):
    """A training step; what the graph keeps from the forward pass for the backward pass, in bytes."""
    storages = {}

    def pack(tensor):
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    torch.manual_seed(1)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        output = net(images)
    kept = sum(storages.values())
    output.square().mean().backward()
    return output, kept


@pytest.mark.parametrize('name', BACKBONES)
def test_the_same_from_less(name):
    torch.manual_seed(0)
    plain = make_net(name).train()
    saving = copy.deepcopy(plain)
    _, count, first, last = BACKBONES[name]
    blocks = checkpoint_activations(saving, True)
    assert (len(blocks), blocks[0], blocks[-1]) == (count, f'backbone.{first}', f'backbone.{last}')
    assert list(saving.state_dict()) == list(plain.state_dict())
    assert [type(module).__name__ for module in saving.modules()] == [type(m).__name__ for m in plain.modules()]

    images = torch.randn(4, 4 if name == 'lists' else 3, 32, 32)
    for _ in range(2):
        expected, all_kept = kept_bytes(plain, images)
        found, kept = kept_bytes(saving, images)
        assert torch.equal(found, expected)
        assert kept < 0.8 * all_kept
    for one, other in zip(plain.parameters(), saving.parameters(), strict=True):
        assert (one.grad is None and other.grad is None) or torch.equal(one.grad, other.grad)
    # Each batch was taken into the statistics once: they are those of two forward passes.
    for one, other in zip(plain.buffers(), saving.buffers(), strict=True):
        assert torch.equal(one, other)


def test_copies_stand_alone_and_evaluation_is_left_alone():
    net = make_net('wide')
    checkpoint_activations(net, ['backbone.layer2'])
    twin = copy.deepcopy(net).eval()
    images = torch.randn(2, 3, 16, 16)
    before = twin(images)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
    assert torch.equal(twin(images), before)
    _, all_kept = kept_bytes(make_net('wide').eval(), images)
    _, kept = kept_bytes(twin, images)
    assert kept == all_kept


@pytest.mark.parametrize(
    ('names', 'message'),
    [
        (['backbone.layer9'], "expected names of the model's parts, got 'backbone.layer9'"),
        ('backbone.depth', "got 'backbone.depth'"),
        (True, 'expected a backbone of repeated blocks, got Conv2d'),
    ],
)
def test_mistakes_are_named(names, message):
    net = Net(nn.Conv2d(3, 4, 3)) if names is True else make_net('wide')
    with pytest.raises(ValueError, match=message):
        checkpoint_activations(net, names)


def test_runs_are_the_same(tmp_path):
    curves = []
    for name, options in (('plain', {}), ('saving', {'activation_checkpointing': True})):
        runner = make_runner(tmp_path / name, epochs=2, **options)
        runner.train()
        curves.append(json.loads((tmp_path / name / 'result.json').read_text()))
        weights = torch.load(tmp_path / name / 'epoch_2.pth', weights_only=False)['state_dict']
        curves[-1]['weights'] = {key: value.sum().item() for key, value in weights.items()}
        (dumped,) = (tmp_path / name).glob('*.py')
        assert Config.fromfile(dumped).get('activation_checkpointing') == options.get('activation_checkpointing')
    for part in ('history', 'weights', 'config_sha256'):
        assert curves[0][part] == curves[1][part]
    with pytest.raises(ValueError, match='activation_checkpointing: expected no compile beside it'):
        make_runner(tmp_path / 'both', activation_checkpointing=True, compile=True)


def test_features_are_mixed_outside_of_what_is_computed_twice(tmp_path):
    losses = {}
    for layers, parts in (([0, 2], None), ([0, 2], ['backbone.layer1']), ([0], ['backbone']), ([0], None)):
        mix = {'type': 'agmax_mm.FeatureMix', 'mix': {'type': 'agmax_mm.CutMix'}, 'layers': layers}
        name = f'{layers} {parts}'
        runner = make_runner(tmp_path / name, model=model_config(feature_mix=mix), activation_checkpointing=parts)
        runner.train()
        history = json.loads((tmp_path / name / 'result.json').read_text())['history']['train']
        losses[name] = [point['loss'] for point in history]
    assert losses["[0, 2] ['backbone.layer1']"] == losses['[0, 2] None'] != losses['[0] None']
    assert losses["[0] ['backbone']"] == losses['[0] None']
    mix['layers'] = [0, 'layer1.0']
    for part, layer in (('backbone', 'layer1.0'), ('backbone.layer1', 'layer1.0')):
        with pytest.raises(ValueError, match=f"mix, got '{part}', which holds its layer '{layer}'; True takes"):
            make_runner(tmp_path / 'refused', model=model_config(feature_mix=mix), activation_checkpointing=[part])


def test_of_kinds_within_each_other_the_inner_ones_are_blocks():
    def block():
        return nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU(), nn.Conv2d(3, 3, 1))

    stages = nn.Sequential(nn.ModuleDict({'a': block(), 'b': block()}), nn.Linear(2, 2), nn.Linear(2, 2))
    assert repeated_blocks(Net(stages)) == ['backbone.0.a', 'backbone.0.b']
