"""Names of other libraries, on the state dicts of their own networks."""

from __future__ import annotations

import pytest
import timm
import torch
import torchvision
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS
from safetensors.torch import save_file
from torch import nn

from agmax_mm.checkpoints.checkpoint import read_checkpoint
from agmax_mm.checkpoints.formats import FORMATS, detect_format
from agmax_mm.checkpoints.libraries import last_layer, ssd_layers, to_library

REGNETX_200MF = dict(w0=24, wa=36.44, wm=2.49, group_w=8, depth=13, bot_mul=1.0)
NETWORKS = [
    ('torchvision', 'resnet34', dict(type='ResNet', depth=34), 'fc.'),
    ('torchvision', 'resnet101', dict(type='ResNet', depth=101), 'fc.'),
    ('torchvision', 'resnext50_32x4d', dict(type='ResNeXt', depth=50, groups=32, width_per_group=4), 'fc.'),
    ('torchvision', 'regnet_x_800mf', dict(type='RegNet', arch='regnetx_800mf'), 'fc.'),
    ('torchvision', 'vgg16', dict(type='VGG', depth=16), 'classifier.'),
    ('torchvision', 'vgg11_bn', dict(type='VGG', depth=11, norm_cfg=dict(type='BN')), 'classifier.'),
    ('timm', 'resnext101_32x4d', dict(type='ResNeXt', depth=101, groups=32, width_per_group=4), 'fc.'),
    ('timm', 'regnetx_002', dict(type='RegNet', arch=REGNETX_200MF), 'head.fc.'),
    ('timm', 'vgg16', dict(type='VGG', depth=16), ('pre_logits.', 'head.fc.')),
]


def theirs(library, name):
    if library == 'timm':
        with torch.device('meta'):
            return timm.create_model(name).state_dict()
    if 'regnet' in name:  # computes its widths with tensors
        return getattr(torchvision.models, name)().state_dict()
    with torch.device('meta'):
        return getattr(torchvision.models, name)().state_dict()


@pytest.mark.parametrize(('library', 'name', 'config', 'classifier'), NETWORKS)
def test_names_and_shapes_are_the_hosts_and_go_back(library, name, config, classifier):
    state = theirs(library, name)
    trunk = {key: value for key, value in state.items() if not key.startswith(classifier)}
    # timm's ResNets and VGGs have torchvision's names.
    assert detect_format(state) == ('timm' if 'regnetx' in name else 'torchvision')
    backbone = FORMATS[library].extract(state)
    with DefaultScope.overwrite_default_scope('mmpretrain'), torch.device('meta' if 'vgg' in name else 'cpu'):
        expected = MODELS.build(dict(config)).state_dict()
    assert {key: value.shape for key, value in backbone.items()} == {key: v.shape for key, v in expected.items()}
    back = to_library(library, backbone)
    assert back.keys() == trunk.keys()
    assert all(back[key] is trunk[key] for key in trunk)


@pytest.mark.parametrize('name', ['alexnet', 'squeezenet1_1', 'densenet121', 'mobilenet_v2', 'regnet_y_400mf'])
def test_other_networks_of_torchvision_are_not_recognised(name):
    assert detect_format(theirs('torchvision', name)) is None


def test_pyramidnets_are_not_taken_for_resnets():
    """The CutMix authors' PyramidNets begin like a ResNet, and so do ResNets with another stem."""
    state = theirs('torchvision', 'resnet18')
    stem = {**state, 'conv1.weight': torch.zeros(64, 3, 3, 3)}
    for other in ({**state, 'bn_final.weight': torch.zeros(1)}, stem):
        assert detect_format(other) is None


def test_library_without_the_network_says_which_it_has():
    regnet = FORMATS['timm'].extract(theirs('timm', 'regnety_004'))
    with pytest.raises(
        ValueError, match=r'names of torchvision: expected one of ResNet, RegNetX, VGG, got .* timm_mod'
    ):
        to_library('torchvision', regnet)
    normalised = FORMATS['torchvision'].extract(theirs('torchvision', 'vgg16_bn'))
    with pytest.raises(ValueError, match='names of ssdvgg: expected one of VGG without batch normalisation'):
        to_library('ssdvgg', normalised)


def test_ssdvgg_takes_every_tensor_and_its_sixth_layer_sees_what_the_classifier_saw():
    pytest.importorskip('mmcv.ops', exc_type=ImportError)
    from mmdet.models import SSDVGG

    state = theirs('torchvision', 'vgg16')
    generator = torch.Generator().manual_seed(0)
    for layer, shape in (('0', (4096, 512 * 49)), ('3', (4096, 4096))):
        state[f'classifier.{layer}.weight'] = torch.randn(shape, generator=generator)
        state[f'classifier.{layer}.bias'] = torch.randn(4096, generator=generator)
    names = to_library('ssdvgg', FORMATS['torchvision'].extract(state))
    further = ssd_layers(state, last_layer(names))
    with torch.device('meta'):
        expected = SSDVGG(depth=16, with_last_pool=False, out_indices=(3, 4), out_feature_indices=(22, 34)).state_dict()
    found = names | further
    assert {key: value.shape for key, value in found.items()} == {key: v.shape for key, v in expected.items()}
    # An image that is zero but for the 9 places that are kept: the convolution at its centre is the linear layer.
    fields = torch.zeros(1, 512, 7, 7)
    fields[:, :, ::3, ::3] = torch.randn(1, 512, 3, 3, generator=generator)
    linear = state['classifier.0.weight'] @ fields.flatten() + state['classifier.0.bias']
    sixth = nn.functional.conv2d(fields, further['features.31.weight'], further['features.31.bias'], dilation=3)
    torch.testing.assert_close(sixth.flatten(), linear[::4], rtol=1e-4, atol=1e-2)
    assert further['features.33.weight'][3, 5] == state['classifier.3.weight'][12, 20]
    assert not ssd_layers(names, 28)
    # timm has the same layers as convolutions.
    timm_s = {
        'pre_logits.fc1.weight': state['classifier.0.weight'].view(4096, 512, 7, 7),
        'pre_logits.fc1.bias': state['classifier.0.bias'],
        'pre_logits.fc2.weight': state['classifier.3.weight'][:, :, None, None],
        'pre_logits.fc2.bias': state['classifier.3.bias'],
    }
    for name, tensor in ssd_layers(timm_s, last_layer(names)).items():
        torch.testing.assert_close(tensor, further[name], rtol=0, atol=0)


def test_squeeze_and_excitation_is_no_plain_resnet():
    state = {name: torch.zeros(1) for name in timm.create_model('seresnet50').state_dict()}
    assert detect_format(state) is None


WHOLE = [
    ('torchvision', 'resnet18', dict(type='ResNet', depth=18), 512),
    ('torchvision', 'regnet_x_800mf', dict(type='RegNet', arch='regnetx_800mf'), 672),
    ('timm', 'regnetx_002', dict(type='RegNet', arch=REGNETX_200MF), 368),
    ('timm', 'regnety_004', dict(type='agmax_mm.TimmBackbone', model_name='regnety_004'), 440),
    ('timm', 'efficientnet_b0', dict(type='agmax_mm.TimmBackbone', model_name='efficientnet_b0'), 1280),
]


@pytest.mark.parametrize(('library', 'name', 'backbone', 'width'), WHOLE)
@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
def test_whole_classifiers_give_the_same_logits_here(library, name, backbone, width, suffix, tmp_path):
    """The oracle is the library's own network."""
    torch.manual_seed(0)
    theirs = getattr(torchvision.models, name)() if library == 'torchvision' else timm.create_model(name)
    images = torch.randn(4, 3, 64, 64)
    for module in theirs.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    theirs(images)  # statistics that keep the signal
    theirs.eval()
    path = tmp_path / f'x{suffix}'
    if suffix == '.pth':
        torch.save(theirs.state_dict(), path)
    else:
        save_file(theirs.state_dict(), path)
    own = read_checkpoint(path).own()
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        ours = MODELS.build(
            dict(
                type='agmax_mm.AgMaxClassifier',
                backbone=dict(backbone),
                neck=dict(type='GlobalAveragePooling'),
                head=dict(type='LinearClsHead', num_classes=1000, in_channels=width),
            )
        )
    ours.load_state_dict(own.tensors, strict=True)
    ours.eval()
    with torch.no_grad():
        expected = theirs(images)
        assert (expected[0] - expected[1]).abs().max() > 1e-2
        torch.testing.assert_close(ours(images), expected, rtol=1e-4, atol=1e-5)
    assert own.note['num_classes'] == 1000
    assert own.note['recipe'] == f"{library}'s x{suffix}"


def test_whole_vgg_is_the_hosts_with_its_three_layers(tmp_path):
    with torch.device('meta'):
        state = torchvision.models.vgg11().state_dict()
    with DefaultScope.overwrite_default_scope('mmpretrain'), torch.device('meta'):
        ours = MODELS.build(dict(type='VGG', depth=11, num_classes=1000)).state_dict()
    own = FORMATS['torchvision'].classifier(state)
    assert {name: value.shape for name, value in own.items()} == {f'backbone.{k}': v.shape for k, v in ours.items()}
