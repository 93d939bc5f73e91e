"""Backbones in detectors that build fewer stages: SSD, which does without, and C4, which has the last in its head."""

from __future__ import annotations

import pytest
import torch
import torchvision
from mmengine.config import ConfigDict
from mmengine.logging import MMLogger
from mmengine.registry import MODELS, DefaultScope
from torch import nn

from agmax_mm.transfer.backbone import load_backbone
from tests.transfer.test_backbone import build_classifier, build_detector, save_checkpoint


@pytest.fixture(autouse=True)
def _scope():
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield


@pytest.fixture
def checkpoint(tmp_path):
    return save_checkpoint(build_classifier(), tmp_path / 'epoch_1.pth')


def build_fewer_stages(shared_head=False, depth=18, style='pytorch', **options):
    """The parts that matter of an SSD (two stages) or of a C4 detector (three, and the fourth in the shared head)."""
    stages = 3 if shared_head else 2
    detector = build_detector(
        depth,
        num_stages=stages,
        strides=(1, 2, 2)[:stages],
        dilations=(1,) * stages,
        out_indices=(stages - 1,),
        **options,
    )
    if shared_head:
        detector.roi_head = nn.Module()
        head = dict(type='mmdet.ResLayer', depth=depth, stage=3, stride=2, style=style)
        detector.roi_head.shared_head = MODELS.build(ConfigDict(head))
    return detector


def test_c4_detector_gets_the_last_stage_in_its_shared_head(tmp_path):
    torch.manual_seed(0)
    oracle = torchvision.models.resnet18().eval()
    for module in oracle.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
    torch.save(oracle.state_dict(), tmp_path / 'resnet18.pth')
    detector = build_fewer_stages(shared_head=True)
    load_backbone(detector, tmp_path / 'resnet18.pth')
    detector.backbone.eval()
    detector.roi_head.shared_head.eval()
    oracle.avgpool = oracle.fc = nn.Identity()
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        found = detector.roi_head.shared_head(detector.backbone(image)[0])
        assert torch.equal(oracle(image).view(1, 512, 2, 2), found)


def test_shared_head_is_filled_completely_or_nothing_is(tmp_path):
    source = build_classifier()
    state = source.state_dict()
    del state['backbone.layer4.1.bn2.weight']
    torch.save({'state_dict': state}, tmp_path / 'e.pth')
    detector = build_fewer_stages(shared_head=True)
    before = {key: value.clone() for key, value in detector.state_dict().items()}
    with pytest.raises(ValueError, match=r'fit the ResLayer of the model: .* 1 missing in the file \(layer4\.1\.bn2'):
        load_backbone(detector, tmp_path / 'e.pth')
    assert all(torch.equal(value, before[key]) for key, value in detector.state_dict().items())


def test_style_of_the_shared_head_counts_too(tmp_path):
    path = save_checkpoint(build_classifier(50), tmp_path / 'e.pth')
    line = "style of the shared head: the backbone expects 'pytorch', the model has 'caffe'"
    with pytest.raises(ValueError, match=line):
        load_backbone(build_fewer_stages(shared_head=True, depth=50, style='caffe'), path)
    load_backbone(build_fewer_stages(shared_head=True, depth=50), path)


def test_only_stages_that_the_detector_does_not_build_are_left_and_named(tmp_path, checkpoint):
    detector = build_fewer_stages()
    MMLogger.get_instance(str(tmp_path), log_file=str(tmp_path / 'log'))
    load_backbone(detector, checkpoint)
    assert 'layer3, layer4 left (60 tensors), which the Module does not build' in (tmp_path / 'log').read_text()
    expected = build_classifier().backbone.state_dict()
    found = detector.backbone.state_dict()
    assert all(torch.equal(found[key], expected[key]) for key in found)

    state = build_classifier().state_dict()
    state['backbone.layer2.2.conv1.weight'] = state['backbone.layer2.1.conv1.weight']
    state['backbone.layer5.0.conv1.weight'] = state['backbone.layer4.1.conv1.weight']
    torch.save({'state_dict': state}, tmp_path / 'more.pth')
    message = r'2 unknown to the model \(layer2\.2\.conv1\.weight, layer5\.0\.conv1\.weight\)'
    for model in (detector, build_detector()):
        with pytest.raises(ValueError, match=message):
            load_backbone(model, tmp_path / 'more.pth')
