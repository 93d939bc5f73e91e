"""Exported backbones: what is written, what is refused, and that mmdet computes with them what mmpretrain did."""

from __future__ import annotations

import json
import os

import pytest
import torch
import torchvision
from mmengine.config import ConfigDict
from mmengine.registry import MODELS, DefaultScope
from safetensors import safe_open
from torch import nn

from agmax_mm.checkpoints import files as subject
from agmax_mm.models.contract import preprocessing_contract
from agmax_mm.transfer.backbone import load_backbone, read_backbone, write_backbone

NORM = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])


@pytest.fixture(autouse=True)
def _scope():
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield


def build_classifier(depth=18, **backbone):
    torch.manual_seed(0)
    model = MODELS.build(
        ConfigDict(
            type='mmpretrain.ImageClassifier',
            data_preprocessor=dict(type='mmpretrain.ClsDataPreprocessor', to_rgb=True, **NORM),
            backbone=dict(type='mmpretrain.ResNet', depth=depth, out_indices=(0, 1, 2, 3), **backbone),
            head=dict(type='mmpretrain.LinearClsHead', in_channels=512, num_classes=3),
        )
    )
    # Random statistics and affine parameters: untrained BatchNorm would hide swapped or forgotten buffers.
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
    return model


def build_detector(depth=18, preprocessor=None, **backbone):
    pytest.importorskip('mmcv.ops', exc_type=ImportError)
    model = nn.Module()
    prepared = NORM | dict(bgr_to_rgb=True) | (preprocessor or {})
    model.data_preprocessor = MODELS.build(ConfigDict(type='mmdet.DetDataPreprocessor', **prepared))
    model.backbone = MODELS.build(ConfigDict(type='mmdet.ResNet', depth=depth, **backbone))
    return model


def save_checkpoint(model, path, **note):
    note = dict(recipe='some_recipe', scores={'accuracy/top1': 50.0}, contract=preprocessing_contract(model)) | note
    torch.save({'state_dict': model.state_dict(), 'meta': {'agmax_mm': note}}, path)
    return path


@pytest.fixture
def checkpoint(tmp_path):
    return save_checkpoint(build_classifier(), tmp_path / 'epoch_1.pth')


@pytest.mark.parametrize('suffix', ['.safetensors', '.pth'])
def test_export_holds_the_backbone_alone_with_its_provenance(tmp_path, checkpoint, suffix):
    out = tmp_path / f'backbone{suffix}'
    write_backbone(read_backbone(checkpoint), out)
    back = read_backbone(out)
    expected = build_classifier().backbone.state_dict()
    assert set(back.tensors) == set(expected)
    assert all(torch.equal(back.tensors[key], expected[key]) for key in expected)
    assert back.info['recipe'] == 'some_recipe'
    assert back.info['scores'] == {'accuracy/top1': 50.0}
    assert back.info['source'] == 'epoch_1.pth'
    assert len(back.info['source_sha256']) == 64
    assert back.contract == preprocessing_contract(build_classifier())
    # A copy of the copy still names the training checkpoint.
    write_backbone(back, tmp_path / 'again.safetensors')
    assert read_backbone(tmp_path / 'again.safetensors').info == back.info


def test_safetensors_metadata_is_readable_without_this_package(tmp_path, checkpoint):
    write_backbone(read_backbone(checkpoint), tmp_path / 'b.safetensors')
    with safe_open(tmp_path / 'b.safetensors', framework='pt') as file:
        assert json.loads(file.metadata()['agmax_mm'])['recipe'] == 'some_recipe'
        assert all(key.startswith('backbone.') for key in file.keys())  # noqa: SIM118 (not a mapping)


def test_exporting_again_gives_the_same_bytes(tmp_path, checkpoint):
    contents = set()
    for name in map(str, range(5)):
        write_backbone(read_backbone(checkpoint), tmp_path / f'{name}.safetensors')
        contents.add((tmp_path / f'{name}.safetensors').read_bytes())
    assert len(contents) == 1


@pytest.mark.parametrize('depth', [18, 50])
def test_features_in_mmdet_equal_those_in_mmpretrain(tmp_path, depth):
    source = build_classifier(depth)
    detector = build_detector(depth)
    write_backbone(read_backbone(save_checkpoint(source, tmp_path / 'epoch_1.pth')), tmp_path / 'b.safetensors')
    load_backbone(detector, tmp_path / 'b.safetensors')
    source.eval()
    detector.backbone.eval()
    image = torch.randint(0, 256, (3, 64, 96), dtype=torch.uint8)
    with torch.no_grad():
        prepared = source.data_preprocessor({'inputs': [image]})['inputs']
        expected = source.backbone(prepared)
        # The base class's forward: mmdet's own also wants data samples.
        inputs = super(type(detector.data_preprocessor), detector.data_preprocessor).forward({'inputs': [image]})
        found = detector.backbone(inputs['inputs'])
    assert len(expected) == len(found) == 4
    for one, other in zip(expected, found, strict=True):
        assert (one - other).abs().max() == 0


def test_torchvision_weights_compute_the_same_in_mmdet(tmp_path):
    """An oracle of another library: torchvision's forward pass."""
    torch.manual_seed(0)
    oracle = torchvision.models.resnet18().eval()
    torch.save(oracle.state_dict(), tmp_path / 'resnet18.pth')
    detector = build_detector(18)
    loaded = load_backbone(detector, tmp_path / 'resnet18.pth')
    assert loaded.info['contract_assumed'] is True
    detector.backbone.eval()
    oracle.avgpool = oracle.fc = nn.Identity()
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(oracle(image).view(1, 512, 2, 2), detector.backbone(image)[-1])


def test_stock_pretrained_init_reads_the_pth_form(tmp_path, checkpoint):
    write_backbone(read_backbone(checkpoint), tmp_path / 'b.pth')
    pretrained = dict(type='Pretrained', checkpoint=str(tmp_path / 'b.pth'), prefix='backbone.')
    detector = build_detector(init_cfg=pretrained)
    detector.backbone.init_weights()
    expected = build_classifier().backbone.state_dict()
    found = detector.backbone.state_dict()
    assert all(torch.equal(found[key], expected[key]) for key in expected)


def test_missing_tensor_is_refused_and_the_model_left_alone(tmp_path):
    source = build_classifier()
    state = source.state_dict()
    del state['backbone.layer2.0.conv1.weight']
    torch.save({'state_dict': state}, tmp_path / 'e.pth')
    detector = build_detector()
    before = {key: value.clone() for key, value in detector.backbone.state_dict().items()}
    with pytest.raises(ValueError, match=r'1 missing in the file \(layer2\.0\.conv1\.weight\)'):
        load_backbone(detector, tmp_path / 'e.pth')
    assert all(torch.equal(value, before[key]) for key, value in detector.backbone.state_dict().items())


def test_wrong_depth_is_named(checkpoint):
    with pytest.raises(ValueError, match=r'a depth 18 file into a depth 50 backbone; .* of another shape \(layer1\.0'):
        load_backbone(build_detector(50), checkpoint)


@pytest.mark.parametrize(
    ('changes', 'line'),
    [
        (dict(style='caffe'), "style: the backbone expects 'pytorch', the model has 'caffe'"),
        (dict(preprocessor=dict(mean=[0, 0, 0])), r'mean: the backbone expects \[123\.675, .*the model has \[0\.0'),
        (dict(preprocessor=dict(bgr_to_rgb=False)), "channel_order: the backbone expects 'rgb', the model has 'bgr'"),
    ],
)
def test_other_preprocessing_is_refused_unless_told_to_ignore(checkpoint, changes, line):
    with pytest.raises(ValueError, match=line):
        load_backbone(build_detector(**changes), checkpoint)
    load_backbone(build_detector(**changes), checkpoint, contract='ignore')


def test_file_without_contract_is_refused_only_if_required(tmp_path):
    path = save_checkpoint(build_classifier(), tmp_path / 'e.pth', contract=None)
    with pytest.raises(ValueError, match='does not say how its images were prepared'):
        load_backbone(build_detector(), path, contract='require')
    assert load_backbone(build_detector(), path).contract is None


class _Shell:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f'touch {self.marker}',)


def test_code_in_a_checkpoint_is_refused_and_not_run(tmp_path):
    torch.save({'state_dict': {}, 'x': _Shell(tmp_path / 'ran')}, tmp_path / 'bad.pth')
    with pytest.raises(ValueError, match='expected tensors and plain values only'):
        read_backbone(tmp_path / 'bad.pth')
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize('suffix', ['.safetensors', '.pth'])
def test_truncated_file_is_refused(tmp_path, checkpoint, suffix):
    out = tmp_path / f'b{suffix}'
    write_backbone(read_backbone(checkpoint), out)
    out.write_bytes(out.read_bytes()[:100_000])
    with pytest.raises(ValueError, match=r"checkpoint '.*b\.(safetensors|pth)': expected"):
        read_backbone(out)


def test_weights_that_are_not_finite_are_refused(tmp_path):
    model = build_classifier()
    model.backbone.conv1.weight.data[0] = float('nan')
    with pytest.raises(ValueError, match=r'infinite or NaN values in conv1\.weight'):
        read_backbone(save_checkpoint(model, tmp_path / 'e.pth'))


@pytest.mark.parametrize('suffix', ['.safetensors', '.pth'])
def test_interrupted_export_leaves_nothing(tmp_path, checkpoint, suffix, monkeypatch):
    def interrupted(tensors, path, **_):
        with open(path, 'wb') as file:
            file.write(b'half')
        raise KeyboardInterrupt

    exported = read_backbone(checkpoint)
    monkeypatch.setattr(subject, 'save_file', interrupted)
    monkeypatch.setattr(subject.torch, 'save', interrupted)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt):
        write_backbone(exported, tmp_path / f'b{suffix}')
    assert sorted(tmp_path.iterdir()) == before


def test_unknown_suffix_is_refused(tmp_path, checkpoint):
    with pytest.raises(ValueError, match=r"ending in \.safetensors or \.pth, got '.*b\.bin'"):
        write_backbone(read_backbone(checkpoint), tmp_path / 'b.bin')
