"""The CutMix authors' checkpoints: the same logits here, and the same tensors on the way back."""

from __future__ import annotations

import pytest
import torch
import torchvision
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS

from agmax_mm.checkpoints.checkpoint import read_checkpoint
from agmax_mm.checkpoints.convert import convert_file
from agmax_mm.checkpoints.cutmix_authors import checkpoint_of, network_of, to_agmax_mm
from agmax_mm.checkpoints.formats import FORMATS
from agmax_mm.fileio import load_checkpoint_file
from agmax_mm.models import AgMaxClassifier
from tests.checkpoints import cutmix_reference as reference

CONFIGS = {
    'PyramidNet200': 'pyramidnet200',
    'PyramidNet110': 'pyramidnet110',
    'ResNet110': 'resnet110',
    'ResNet50': 'resnet50_he',
}
# Mean and standard deviation that their networks were fed with.
CIFAR = [125.3, 123.0, 113.9], [63.0, 62.1, 66.7]
IMAGENET = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]


def build(name):
    """The network of our recipes."""
    config = Config.fromfile(f'configs/_base_/models/{CONFIGS[name]}.py').model
    config.head.num_classes = reference.CLASSES
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(config)
    assert isinstance(model, AgMaxClassifier)
    return model.double().eval()


OWNER = "the CutMix authors'"


def read(folder, content, name='x.pth'):
    torch.save(content, folder / name)
    return read_checkpoint(folder / name)


def check_note(note, name):
    arch = 'pyramidnet' if 'Pyramid' in name else 'resnet'
    assert note['recipe'] == "the CutMix authors' model_best.pth.tar"
    assert (note['num_classes'], note['contract']['channel_order']) == (reference.CLASSES, 'rgb')
    assert (note['contract']['mean'], note['contract']['std']) == (IMAGENET if name == 'ResNet50' else CIFAR)
    run = {'epoch': 298, 'arch': arch, 'best_err1': 14.23, 'best_err5': 2.75}
    converted = note['converted']
    assert len(converted.pop('sha256')) == 64
    assert converted == {'from': 'model_best.pth.tar', **run}


@pytest.mark.parametrize('name', reference.CLASSIFIERS)
def test_logits_are_identical_and_the_way_back_is_exact(name, generator, tmp_path):
    state = reference.classifier_state(name, generator)
    own = read(tmp_path, reference.checkpoint(name, state), 'model_best.pth.tar').own()
    check_note(own.note, name)
    model = build(name)
    model.load_state_dict(own.tensors, strict=True)
    side = reference.CLASSIFIERS[name][2]
    images = torch.randn(2, 3, side, side, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        expected = reference.logits(name, state, images)
        assert (expected[0] - expected[1]).abs().min() > 1e-3  # the images are told apart
        torch.testing.assert_close(model(images), expected, rtol=1e-9, atol=1e-9)
    back = checkpoint_of(model.state_dict())
    assert list(back['state_dict']) == list(state)
    assert all(torch.equal(back['state_dict'][key], value) for key, value in state.items())
    assert read(tmp_path, back).owner == OWNER
    assert back['arch'] == ('pyramidnet' if 'Pyramid' in name else 'resnet')


def small(generator, network='pyramidnet'):
    """A small network's flat state dict."""
    shapes = {'pyramidnet': lambda: reference.pyramidnet_shapes(11, 9), 'resnet': lambda: reference.resnet_shapes(11)}
    return reference.filled(shapes[network](), generator, 1)


@pytest.mark.parametrize('network', ['pyramidnet', 'resnet'])
def test_backbones_of_files_with_and_without_wrapper(network, generator, tmp_path):
    state = small(generator, network)
    for checkpoint in (state, {'state_dict': {f'module.{key}': value for key, value in state.items()}}):
        file = read(tmp_path, checkpoint)
        assert (file.owner, file.format) == (OWNER, 'cutmix_cifar')
        backbone = file.backbone()
        assert backbone.keys() == {key for key in state if not key.startswith('fc.')}
        assert all(torch.equal(value, state[key]) for key, value in backbone.items())


def test_old_files_get_the_counters_that_batchnorm_lacked(generator):
    state = small(generator)
    old = {key: value for key, value in state.items() if not key.endswith('num_batches_tracked')}
    assert to_agmax_mm(old).keys() == to_agmax_mm(state).keys()
    assert FORMATS['cutmix_cifar'].extract(old).keys() == {key for key in state if not key.startswith('fc.')}


def test_their_imagenet_resnet_is_known_by_what_is_beside_it_alone(tmp_path):
    """Its tensors are torchvision's."""
    state = torchvision.models.resnet18().state_dict()
    assert read(tmp_path, state).owner == "torchvision's"
    assert read(tmp_path, {'state_dict': state, 'best_err1': 30.0, 'best_err5': 10.0}).owner == OWNER


def test_files_there_and_back(generator, tmp_path):
    state = {f'module.{key}': value for key, value in small(generator).items()}
    torch.save(reference.checkpoint('Pyramid', state), tmp_path / 'their.pth')
    line = convert_file(tmp_path / 'their.pth', tmp_path / 'own.pth')
    assert line == f'{len(state)} tensors, without pair head'
    assert len(load_checkpoint_file(tmp_path / 'own.pth')['meta']['agmax_mm']['converted']['sha256']) == 64
    assert convert_file(tmp_path / 'own.pth', tmp_path / 'back.pth', 'cutmix_authors') == line
    back = load_checkpoint_file(tmp_path / 'back.pth')['state_dict']
    assert all(torch.equal(back[key], value) for key, value in state.items())
    with pytest.raises(ValueError, match="their.pth': expected one of this package, got the CutMix authors'"):
        convert_file(tmp_path / 'their.pth', tmp_path / 'out.pth', 'cutmix_authors')
    with pytest.raises(ValueError, match="own.pth': expected a network that the AgMax authors have"):
        convert_file(tmp_path / 'own.pth', tmp_path / 'out.pth', 'authors')
    assert not (tmp_path / 'out.pth').exists()


def with_basic_blocks(state):
    return {key: value for key, value in state.items() if 'conv3' not in key and 'bn4' not in key}


@pytest.mark.parametrize(
    'change',
    [
        with_basic_blocks,
        lambda state: {**state, 'extra.weight': torch.zeros(1)},
        lambda state: {key: value for key, value in state.items() if key != 'fc.bias'},
        lambda state: {key.replace('layer3', 'layer4'): value for key, value in state.items()},
    ],
    ids=['basic blocks', 'stray tensor', 'no bias', 'four stages'],
)
def test_other_networks_of_their_code_are_refused(change, generator, tmp_path):
    state = change(small(generator))
    checkpoint = {'state_dict': state, 'best_err1': 30.0, 'best_err5': 10.0}
    with pytest.raises(ValueError, match=r"x.pth': expected a PyramidNet .* got the keys conv1.weight"):
        read(tmp_path, checkpoint).own()


@pytest.mark.parametrize(
    ('name', 'expected'),
    [('resnet34', 'ResNet'), ('resnet101', 'ResNet'), ('resnext50_32x4d', None), ('wide_resnet50_2', None)],
)
def test_networks_that_share_a_resnets_names_are_told_apart(name, expected):
    with torch.device('meta'):
        state = getattr(torchvision.models, name)().state_dict()
    backbone = {key: value for key, value in state.items() if not key.startswith('fc.')}
    assert network_of(backbone) == expected
    ours = {f'backbone.{key}': value for key, value in backbone.items()}
    ours |= {f'head.{key}': value for key, value in state.items() if key.startswith('fc.')}
    if expected is None:
        with pytest.raises(ValueError, match='expected a network that the CutMix authors have'):
            checkpoint_of(ours)
    else:
        assert [f'module.{key}' for key in state] == list(checkpoint_of(ours)['state_dict'])


def test_networks_they_do_not_have_are_refused():
    with pytest.raises(ValueError, match='with a linear head, got the keys backbone.stem.weight'):
        checkpoint_of({'backbone.stem.weight': torch.zeros(1)})
