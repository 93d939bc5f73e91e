"""Which checkpoint layouts are recognised, on the state dicts of real networks."""

from __future__ import annotations

import pytest
import torch
import torchvision

from agmax_mm.transfer.formats import FORMATS, detect_format, flat_state, resnet_depth


@pytest.fixture(scope='module')
def resnet18():
    return torchvision.models.resnet18().state_dict()


def prefixed(state, prefix):
    return {prefix + key: value for key, value in state.items()}


@pytest.mark.parametrize(
    ('wrap', 'name'),
    [
        (lambda state: state, 'torchvision'),
        (lambda state: prefixed(state, 'module.'), 'torchvision'),
        (lambda state: {'model_state_dict': state, 'epoch': 3}, 'torchvision'),
        # The AgMax authors' code: a pair of views, and the single-view baseline, both within DataParallel.
        (lambda state: {'model_state_dict': prefixed(state, 'module.backbone.feature_extractor.')}, 'agmax'),
        (lambda state: {'model_state_dict': prefixed(state, 'module.feature_extractor.')}, 'agmax'),
        (lambda state: {'state_dict': prefixed(state, 'backbone.')}, 'openmmlab'),
    ],
)
def test_layouts_are_told_apart_and_yield_the_same_backbone(resnet18, wrap, name):
    state = flat_state(wrap(resnet18))
    assert detect_format(state, 'x.pth') == name
    backbone = FORMATS[name].extract(state)
    kept = [key for key in resnet18 if not key.startswith('fc.')]
    assert set(kept) <= set(backbone)
    assert all(torch.equal(backbone[key], resnet18[key]) for key in kept)
    assert name == 'openmmlab' or not any(key.startswith('fc.') for key in backbone)


def test_old_files_get_the_counters_that_batchnorm_lacked(resnet18):
    old = {key: value for key, value in resnet18.items() if not key.endswith('num_batches_tracked')}
    backbone = FORMATS['torchvision'].extract(old)
    assert set(backbone) == {key for key in resnet18 if not key.startswith('fc.')}


@pytest.mark.parametrize('depth', [18, 34, 50, 101])
def test_depth_is_read_off_the_tensors(depth):
    with torch.device('meta'):
        model = getattr(torchvision.models, f'resnet{depth}')()
    assert resnet_depth(model.state_dict()) == depth


def test_other_networks_have_no_depth():
    with torch.device('meta'):
        model = torchvision.models.mobilenet_v2()
    assert resnet_depth(model.state_dict()) is None


def test_unknown_layout_names_file_formats_and_keys():
    with pytest.raises(
        ValueError, match=r"checkpoint 'x.pth': expected one of agmax, openmmlab, torchvision .* got the keys w"
    ):
        detect_format({'w': torch.zeros(1)}, 'x.pth')
