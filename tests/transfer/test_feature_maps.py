"""A ResNet-50 from each source computes in mmdet what it computes in its own library."""

from __future__ import annotations

import pytest
import timm
import torch
import torchvision
from mmengine.config import ConfigDict
from mmengine.registry import MODELS, DefaultScope
from torch import nn

from agmax_mm.transfer.backbone import load_backbone, read_backbone
from agmax_mm.transfer.export import write_export

STAGES = ('layer1', 'layer2', 'layer3', 'layer4')


def randomise(model):
    """Statistics and affine parameters, too: untrained normalisation would hide forgotten or swapped buffers."""
    generator = torch.Generator().manual_seed(0)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor, low, high in (
                (module.running_mean, -0.5, 0.5),
                (module.running_var, 0.5, 2),
                (module.weight.data, 0.3, 0.8),
                (module.bias.data, -0.5, 0.5),
            ):
                tensor.uniform_(low, high, generator=generator)
    model.eval()  # the host's returns nothing
    return model


@pytest.fixture(scope='module')
def networks():
    """The same class once for each library; the authors of AgMax and of CutMix wrote theirs after torchvision's."""
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        ours = MODELS.build(ConfigDict(type='mmpretrain.ResNet', depth=50, out_indices=(0, 1, 2, 3)))
    return {
        'torchvision': randomise(torchvision.models.resnet50()),
        'timm': randomise(timm.create_model('resnet50')),
        'ours': randomise(ours),
    }


@pytest.fixture(scope='module')
def detector():
    pytest.importorskip('mmcv.ops', exc_type=ImportError)
    model = nn.Module()
    norm = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True)
    with DefaultScope.overwrite_default_scope('mmdet'):
        model.data_preprocessor = MODELS.build(ConfigDict(type='mmdet.DetDataPreprocessor', **norm))
        model.backbone = MODELS.build(ConfigDict(type='mmdet.ResNet', depth=50))
    return model


def maps(network, images):
    found = []
    hooks = [
        getattr(network, stage).register_forward_hook(lambda module, inputs, output: found.append(output))
        for stage in STAGES
    ]
    network(images)
    for hook in hooks:
        hook.remove()
    return found


def prefixed(state, prefix, without=()):
    return {prefix + name: value for name, value in state.items() if not name.startswith(without)}


# Library, and how its state dict is found in a file of this source.
SOURCES = {
    'torchvision': ('torchvision', lambda state: state),
    'timm': ('timm', lambda state: {'state_dict': state, 'arch': 'resnet50', 'epoch': 90}),
    'cutmix': (
        'torchvision',
        lambda state: {
            'epoch': 299,
            'arch': 'resnet',
            'state_dict': prefixed(state, 'module.'),
            'best_err1': 21.4,
            'best_err5': 5.92,
        },
    ),
    'agmax': (
        'torchvision',
        lambda state: {
            'model_state_dict': {
                **prefixed(state, 'module.backbone.feature_extractor.', 'fc.'),
                'module.backbone.classifier.weight': state['fc.weight'],
                'module.backbone.classifier.bias': state['fc.bias'],
            },
            'best_top1': 79.12,
        },
    ),
    'openmmlab': (
        'ours',
        lambda state: {
            'state_dict': {**prefixed(state, 'backbone.'), 'head.fc.weight': torch.zeros(3, 2048)},
            'meta': {},
        },
    ),
}


@pytest.mark.parametrize('source', SOURCES)
def test_four_feature_maps_equal_those_of_the_source(source, networks, detector, tmp_path):
    library, wrap = SOURCES[source]
    network = networks[library]
    torch.save(wrap(network.state_dict()), tmp_path / 'source.pth')
    backbone = read_backbone(tmp_path / 'source.pth')
    assert backbone.info['format'] == ('torchvision' if source == 'timm' else source)
    write_export(backbone, tmp_path / 'backbone.safetensors')
    nn.init.zeros_(detector.backbone.conv1.weight)
    load_backbone(detector, tmp_path / 'backbone.safetensors')
    detector.backbone.eval()
    images = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected, found = maps(network, images), detector.backbone(images)
    assert [tuple(one.shape) for one in found] == [(1, 256 * 2**i, 16 >> i, 16 >> i) for i in range(4)]
    for one, other in zip(expected, found, strict=True):
        assert one.std() > 0.1
        assert (one - other).abs().max() < 1e-5


@pytest.mark.parametrize('library', ['torchvision', 'timm'])
def test_export_lacks_the_classifier_alone_in_the_other_library(library, networks, tmp_path):
    source, target = networks['ours'], networks[library]
    torch.save(SOURCES['openmmlab'][1](source.state_dict()), tmp_path / 'source.pth')
    write_export(read_backbone(tmp_path / 'source.pth'), tmp_path / 'r50.pth', library)
    content = torch.load(tmp_path / 'r50.pth', weights_only=True)
    before = {name: value.clone() for name, value in target.state_dict().items()}
    if library == 'timm':
        result = timm.models.load_checkpoint(target, str(tmp_path / 'r50.pth'), strict=False)
    else:
        result = target.load_state_dict(content['state_dict'], strict=False)
    assert (result.missing_keys, result.unexpected_keys) == (['fc.weight', 'fc.bias'], [])
    images = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        for one, other in zip(source(images), maps(target, images), strict=True):
            assert (one - other).abs().max() < 1e-5
    target.load_state_dict(before)
    assert content['meta']['agmax_mm']['source'] == 'source.pth'
