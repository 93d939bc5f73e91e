"""Which checkpoint layouts are recognised, on the state dicts of real networks."""

from __future__ import annotations

import pytest
import torch
import torchvision
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS

from agmax_mm.checkpoints.checkpoint import read_checkpoint
from agmax_mm.checkpoints.formats import FORMATS, detect_format, resnet_depth
from tests.checkpoints import authors_reference as reference
from tests.checkpoints.states import flat_state


@pytest.fixture(scope='module')
def resnet18():
    return torchvision.models.resnet18().state_dict()


def trunk(state):
    return {key: value for key, value in state.items() if not key.startswith('fc.')}


def prefixed(state, prefix):
    return {prefix + key: value for key, value in state.items()}


@pytest.mark.parametrize(
    ('wrap', 'name'),
    [
        (lambda state: state, 'torchvision'),
        (lambda state: prefixed(state, 'module.'), 'torchvision'),
        (lambda state: {'model_state_dict': state, 'epoch': 3}, 'torchvision'),
        # The AgMax authors' code: a pair of views, and the single-view baseline, both within DataParallel.
        (lambda state: {'model_state_dict': prefixed(trunk(state), 'module.backbone.feature_extractor.')}, 'agmax'),
        (lambda state: {'model_state_dict': prefixed(trunk(state), 'module.feature_extractor.')}, 'agmax'),
        (lambda state: {'state_dict': prefixed(state, 'backbone.')}, 'openmmlab'),
    ],
)
def test_layouts_are_told_apart_and_yield_the_same_backbone(resnet18, wrap, name):
    state = flat_state(wrap(resnet18))
    assert detect_format(state) == name
    backbone = FORMATS[name].extract(state)
    kept = trunk(resnet18)
    assert set(kept) <= set(backbone)
    assert all(torch.equal(backbone[key], value) for key, value in kept.items())
    assert name == 'openmmlab' or not any(key.startswith('fc.') for key in backbone)


@pytest.mark.parametrize(
    ('name', 'expected'),
    [
        ('WideResNet40-2', 'agmax_cifar'),
        ('RegNetX002', 'agmax'),
        ('RegNetY004', 'agmax'),
        ('EfficientNetB0', 'agmax'),
    ],
)
def test_authors_networks_and_bare_extractors_yield_backbones_that_load(name, expected, generator):
    state = flat_state({'model_state_dict': reference.authors_state(name, generator)})
    assert detect_format(state) == expected
    prefix = 'feature_extractor.'
    state = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
    assert detect_format(state) == expected
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        backbone = MODELS.build(dict(reference.NETWORKS[name][3]))
    backbone.load_state_dict(FORMATS[expected].extract(state), strict=True)


def test_authors_speech_networks_are_not_taken_for_others():
    state = {'backbone.feature_extractor.conv1.weight': torch.zeros(6, 1, 5, 5), 'qnet.model.0.bias': torch.zeros(1)}
    assert detect_format(state) is None


def test_old_files_get_the_counters_that_batchnorm_lacked(resnet18):
    old = {key: value for key, value in resnet18.items() if not key.endswith('num_batches_tracked')}
    assert set(FORMATS['torchvision'].extract(old)) == set(trunk(resnet18))
    assert set(FORMATS['agmax'].extract(prefixed(trunk(old), 'feature_extractor.'))) == set(trunk(resnet18))


@pytest.mark.parametrize('depth', [18, 34, 50, 101])
def test_depth_is_read_off_the_tensors(depth):
    with torch.device('meta'):
        model = getattr(torchvision.models, f'resnet{depth}')()
    assert resnet_depth(model.state_dict()) == depth


def test_other_networks_have_no_depth():
    with torch.device('meta'):
        model = torchvision.models.mobilenet_v2()
    assert resnet_depth(model.state_dict()) is None


def test_unknown_layout_names_file_formats_and_keys(tmp_path):
    torch.save({'w': torch.zeros(1)}, tmp_path / 'x.pth')
    with pytest.raises(
        ValueError,
        match=r"checkpoint '.*x.pth': expected one of agmax, agmax_cifar, agmax_speech, openmmlab, .* the keys w",
    ):
        read_checkpoint(tmp_path / 'x.pth').backbone()


@pytest.mark.parametrize('name', ['agmax', 'torchvision', 'timm', 'cutmix'])
def test_others_imagenet_networks_were_fed_normalised_rgb(name):
    contract = FORMATS[name].contract
    assert contract['channel_order'] == 'rgb'
    assert [value / 255 for value in contract['mean']] == pytest.approx([0.485, 0.456, 0.406])
    assert [value / 255 for value in contract['std']] == pytest.approx([0.229, 0.224, 0.225])
