"""Classifiers as ONNX files, run by another runtime."""

from __future__ import annotations

import importlib.util
import json

import numpy as np
import pytest
import torch
from mmengine.registry import MODELS, DefaultScope
from mmpretrain.structures import DataSample
from skimage import data

from agmax_mm.engine.config import load_config
from agmax_mm.transfer.onnx_export import export_onnx

onnxruntime = pytest.importorskip('onnxruntime')
onnx = pytest.importorskip('onnx')

CONFIG = """
default_scope = 'mmpretrain'
model = dict(
    type='agmax_mm.AgMaxClassifier',
    data_preprocessor=dict(
        type='agmax_mm.TwoViewDataPreprocessor',
        mean=[125.3, 123.0, 113.9], std=[51.6, 50.8, 51.3], to_rgb={to_rgb}, num_classes=5),
    backbone=dict(type='mmpretrain.ResNet', depth=18, base_channels=4, stem_channels=4, expansion=1),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=5, in_channels=32, loss=dict(type='CrossEntropyLoss')),
    agreement=dict(type='agmax_mm.MutualInfoAgreement'),
)
test_dataloader = dict(dataset=dict(pipeline=[
    dict(type='LoadImageFromFile'), dict(type='ResizeEdge', scale=72), dict(type='CenterCrop', crop_size=64)]))
"""


def prepare(tmp_path, to_rgb=True):
    (tmp_path / 'tiny.py').write_text(CONFIG.format(to_rgb=to_rgb))
    config = load_config(str(tmp_path / 'tiny.py'))
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(config.model)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    note = {'recipe': 'tiny.py', 'scores': {'last': {'accuracy/top1': 61.5}}}
    torch.save({'state_dict': model.state_dict(), 'meta': {'agmax_mm': note}}, tmp_path / 'epoch_3.pth')
    model.eval()
    return model, str(tmp_path / 'tiny.py'), tmp_path / 'epoch_3.pth'


@pytest.mark.parametrize('to_rgb', [True, False])
def test_file_predicts_photographs_as_the_package_does(tmp_path, to_rgb):
    """The oracle goes the host's way: a BGR image, its preprocessor, its predict."""
    model, config, checkpoint = prepare(tmp_path, to_rgb)
    line = export_onnx(config, checkpoint, tmp_path / 'tiny.onnx')
    assert line.startswith('AgMaxClassifier, 64 x 64 RGB pixels')
    assert 'equal to torch in onnxruntime' in line
    rgb = [getattr(data, name)()[100:164, 100:164] for name in ('astronaut', 'chelsea', 'coffee')]
    bgr = [torch.from_numpy(np.ascontiguousarray(image[..., ::-1])).permute(2, 0, 1) for image in rgb]
    with torch.no_grad():
        batch = model.data_preprocessor({'inputs': bgr, 'data_samples': [DataSample() for _ in bgr]}, training=False)
        expected = torch.stack([sample.pred_score for sample in model.predict(**batch)])
    session = onnxruntime.InferenceSession(str(tmp_path / 'tiny.onnx'), providers=['CPUExecutionProvider'])
    pixels = np.stack(rgb).transpose(0, 3, 1, 2).astype(np.float32)
    (logits,) = session.run(None, {'images': pixels})
    assert expected.std() > 0.01
    torch.testing.assert_close(torch.from_numpy(logits).softmax(1), expected, rtol=0, atol=1e-5)
    assert [path.name for path in tmp_path.glob('*.onnx*')] == ['tiny.onnx']
    note = json.loads(
        {entry.key: entry.value for entry in onnx.load(tmp_path / 'tiny.onnx').metadata_props}['agmax_mm']
    )
    assert (note['recipe'], note['scores']['last']['accuracy/top1']) == ('tiny.py', 61.5)
    assert note['contract']['channel_order'] == ('rgb' if to_rgb else 'bgr')


def test_size_and_weights_are_chosen(tmp_path):
    _, config, checkpoint = prepare(tmp_path)
    assert ', 96 x 96 RGB' in export_onnx(config, checkpoint, tmp_path / 'a.onnx', size=96)
    with pytest.raises(ValueError, match='expected a checkpoint with a moving average'):
        export_onnx(config, checkpoint, tmp_path / 'b.onnx', weights='average')
    with pytest.raises(ValueError, match='image size: expected one'):
        export_onnx(config, checkpoint, tmp_path / 'b.onnx', options={'test_dataloader.dataset.pipeline': []})


def test_other_network_is_refused_and_nothing_written(tmp_path):
    _, config, checkpoint = prepare(tmp_path)
    with pytest.raises(
        ValueError, match=r'expected the tensors of the AgMaxClassifier, .* 2 of another shape \(head.fc'
    ):
        export_onnx(config, checkpoint, tmp_path / 'a.onnx', options={'model.head.num_classes': 7})
    assert not list(tmp_path.glob('*.onnx'))


def test_missing_package_is_one_line(tmp_path, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None if name == 'onnx' else find(name))
    with pytest.raises(ValueError, match=r"ONNX: expected the package onnx, got none: pip install 'agmax_mm\[onnx\]'"):
        export_onnx('x.py', 'x.pth', tmp_path / 'a.onnx')


def test_what_cannot_be_compared_is_said(tmp_path, monkeypatch):
    _, config, checkpoint = prepare(tmp_path)
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None if name == 'onnxruntime' else find(name))
    assert 'not compared with torch' in export_onnx(config, checkpoint, tmp_path / 'a.onnx')
