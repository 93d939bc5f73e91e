"""The transfer check on a good config, and on that config broken in one way at a time."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import pytest

pytest.importorskip('mmcv.ops', exc_type=ImportError)

import torch
import torchvision

from agmax_mm.commands.doctor import add_arguments, main
from agmax_mm.engine.options import parse_options
from agmax_mm.transfer.backbone import Backbone, read_backbone
from agmax_mm.transfer.check import check_transfer
from agmax_mm.transfer.check_backbone import _check_contract
from agmax_mm.transfer.export import write_export
from tests.detection.sets import write_coco, write_voc
from tests.transfer.mistakes import BROKEN

ROOT = Path(__file__).parents[2]
CONTRACT = {
    'mean': [123.675, 116.28, 103.53],
    'std': [58.395, 57.12, 57.375],
    'channel_order': 'rgb',
    'style': 'pytorch',
    'backbone': {'type': 'ResNet', 'depth': 18, 'deep_stem': False},
}
# A detector of the host's with the parts that the check looks at, small and quick to read.
CONFIG = """
default_scope = 'mmdet'
{metainfo}
model = dict(
    type='FasterRCNN',
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True),
    backbone=dict(type='ResNet', depth=18, num_stages={stages}, out_indices=({out},), strides=(1, 2, 2, 2)[:{stages}],
        dilations=(1, 1, 1, 1)[:{stages}], frozen_stages=1, norm_eval=True, style='pytorch',
        norm_cfg=dict(type='BN', requires_grad=True), init_cfg=None),
    rpn_head=dict(type='RPNHead', in_channels={channels}, feat_channels=8,
        anchor_generator=dict(type='AnchorGenerator', scales=[8], ratios=[1.0], strides=[16]),
        bbox_coder=dict(type='DeltaXYWHBBoxCoder'), loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=True),
        loss_bbox=dict(type='L1Loss')),
    roi_head=dict(type='StandardRoIHead', {shared}
        bbox_roi_extractor=dict(type='SingleRoIExtractor', out_channels={channels}, featmap_strides=[16],
            roi_layer=dict(type='RoIAlign', output_size=7)),
        bbox_head=dict(type='BBoxHead', in_channels=512, roi_feat_size=4, num_classes={classes},
            bbox_coder=dict(type='DeltaXYWHBBoxCoder'), loss_cls=dict(type='CrossEntropyLoss'),
            loss_bbox=dict(type='L1Loss'))),
    train_cfg=dict(rpn=dict(), rcnn=dict()), test_cfg=dict(rpn=dict(), rcnn=dict()),
)
_load = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations', with_bbox=True)]
{data}
default_hooks = dict(backbone=dict(type='agmax_mm.LoadBackboneHook', checkpoint=None))
"""
VOC = """
train_dataloader = dict(dataset=dict(type='RepeatDataset', times=2, dataset=dict(
    type='XMLDataset', serialize_data=False, data_root='{root}/', metainfo=dict(classes=('box',)),
    ann_file='VOC2007/ImageSets/Main/trainval.txt', data_prefix=dict(sub_data_root='VOC2007/'),
    pipeline=[*_load, dict(type='Expand', mean=[123.675, 116.28, 103.53], to_rgb=True), dict(type='PackDetInputs')])))
val_dataloader = dict(dataset=dict(
    type='XMLDataset', serialize_data=False, data_root='{root}/', metainfo=dict(classes=('box',)),
    ann_file='VOC2007/ImageSets/Main/test.txt', data_prefix=dict(sub_data_root='VOC2007/'),
    test_mode=True, pipeline=[*_load, dict(type='PackDetInputs')]))
test_dataloader = val_dataloader
val_evaluator = dict(type='VOCMetric', metric='mAP', eval_mode='11points')
test_evaluator = val_evaluator
"""
COCO = """
_set = dict(type='CocoDataset', serialize_data=False, data_root='{root}/', data_prefix=dict(img='images/'),
    metainfo=dict(classes=('box', 'other')), pipeline=[*_load, dict(type='PackDetInputs')])
train_dataloader = dict(dataset=dict(ann_file='annotations/instances_train.json', **_set))
val_dataloader = dict(dataset=dict(ann_file='annotations/instances_val.json', test_mode=True, **_set))
test_dataloader = val_dataloader
val_evaluator = dict(type='CocoMetric', metric='bbox', ann_file='{root}/annotations/instances_val.json')
test_evaluator = val_evaluator
"""
SHARED = "shared_head=dict(type='ResLayer', depth=18, stage=3, stride=2, style='pytorch', norm_eval=True),"


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """Data, backbones and two configs: a C4 detector on VOC and a plain one on COCO."""
    root = tmp_path_factory.mktemp('check')
    write_voc(root / 'voc')
    write_coco(root / 'coco')
    torch.manual_seed(0)
    for depth in (18, 34):
        state = getattr(torchvision.models, f'resnet{depth}')().state_dict()
        backbone = {f'backbone.{name}': value for name, value in state.items() if not name.startswith('fc.')}
        note = {'recipe': 'resnet_in1k.py', 'num_classes': 1000, 'contract': CONTRACT}
        torch.save({'state_dict': backbone, 'meta': {'agmax_mm': note}}, root / f'r{depth}.pth')
    torch.save({'state_dict': backbone, 'meta': {}}, root / 'r34_silent.pth')
    torch.save(state, root / 'r34_torchvision.pth')
    write_export(read_backbone(root / 'r18.pth'), root / 'r18.safetensors')
    parts = dict(stages=3, out=2, channels=256, shared=SHARED, classes=1, metainfo='')
    (root / 'voc.py').write_text(CONFIG.format(**parts, data=VOC.format(root=root / 'voc')))
    parts |= dict(stages=4, out=3, channels=512, shared='', classes=2)
    (root / 'coco.py').write_text(CONFIG.format(**parts, data=COCO.format(root=root / 'coco')))
    return root


def check(place, *options, config='voc', backbone='r18.safetensors', note=None):
    if note is not None:
        content = torch.load(place / 'r18.pth', weights_only=True)
        content['meta']['agmax_mm'].update(note)
        torch.save(content, place / 'noted.pth')
        backbone = 'noted.pth'
    given = [f'default_hooks.backbone.checkpoint={place / backbone}'] if backbone else []
    return check_transfer(str(place / f'{config}.py'), parse_options([*given, *options]))


@pytest.mark.parametrize('config', ['voc', 'coco'])
def test_good_config_has_no_findings(place, config):
    report = check(place, config=config)
    assert [finding.problem for finding in report.findings] == []
    assert report.exit_code == 0
    images = '8 images in train' if config == 'voc' else '4 images in train'
    classes = 1 if config == 'voc' else 2
    read = f'{images}, 2 images in val; {classes} classes'
    assert report.lines() == [f'nothing wrong: ResNet depth 18, 120 tensors, from resnet_in1k.py; {read}']


def found(place, *arguments, **keywords):
    return [(f.level, f.problem, f.fix) for f in check(place, *arguments, **keywords).findings]


@pytest.mark.parametrize(('config', 'options', 'level', 'problem', 'fix'), BROKEN)
def test_each_mistake_is_one_finding_with_its_fix(place, config, options, level, problem, fix):
    ((found_level, found_problem, found_fix),) = found(
        place, *(option.format(place=place) for option in options), config=config
    )
    assert found_level == level
    assert re.search(problem, found_problem), found_problem
    assert re.search(fix, found_fix), found_fix
    assert '\n' not in found_problem + found_fix


def test_without_a_backbone_nothing_may_be_frozen(place):
    found_ = found(place, config='coco', backbone=None)
    assert [(level, fix) for level, _, fix in found_] == [
        ('error', '--cfg-options model.backbone.frozen_stages=-1'),
        ('error', '--cfg-options model.backbone.norm_eval=False'),
        ('warning', '--cfg-options default_hooks.backbone.checkpoint=FILE, or --finetune scratch'),
    ]
    scratch = ['model.backbone.frozen_stages=-1', 'model.backbone.norm_eval=False']
    assert check(place, *scratch, config='coco', backbone=None).exit_code == 0
    ((_, problem, _), _) = found(
        place, *scratch, 'model.backbone.norm_cfg.requires_grad=False', config='coco', backbone=None
    )
    assert 'scale and shift of the normalisation would stay random' in problem


def test_what_was_trained_on_few_classes_is_not_kept_as_it_is_without_a_word(place):
    found_ = found(place, config='coco', note={'recipe': 'wrn_cifar10.py', 'num_classes': 10})
    assert [level for level, _, _ in found_] == ['warning', 'warning']
    assert all('as learnt on 10 classes (wrn_cifar10.py), not on ImageNet' in problem for _, problem, _ in found_)
    full = ['model.backbone.frozen_stages=-1', 'model.backbone.norm_eval=False']
    assert found(place, *full, config='coco', note={'num_classes': 10}) == []


def test_the_hosts_own_loading_is_seen_through(place):
    """Without a prefix it loads nothing and only warns; into the shared head it loads nothing by itself."""
    text = (place / 'voc.py').read_text()

    def with_init(checkpoint, prefix=''):
        init = f"init_cfg=dict(type='Pretrained', checkpoint='{checkpoint}'{prefix})"
        (place / 'init.py').write_text(text.replace('init_cfg=None', init, 1))
        return found(place, config='init', backbone=None)

    without, shared = with_init(place / 'r18.pth')
    assert "with prefix='' would leave 90 of 90 tensors random, and the host only warns" in without[1]
    assert without[2].endswith(f'default_hooks.backbone.checkpoint={place / "r18.pth"}')
    assert 'shared_head has no init_cfg: the last stage would be random' in shared[1]
    assert with_init(place / 'r18.pth', ", prefix='backbone'") == [shared]
    ((level, problem, _),) = with_init('torchvision://resnet18')
    assert (level, 'would be downloaded' in problem) == ('error', True)


def test_style_of_the_shared_head(place):
    from mmdet.models.roi_heads.shared_heads import ResLayer

    detector = torch.nn.Module()
    detector.backbone, detector.roi_head = torch.nn.Module(), torch.nn.Module()
    detector.data_preprocessor = torch.nn.Module()
    detector.roi_head.shared_head = ResLayer(depth=50, stage=3, style='caffe')
    backbone = Backbone({}, {'contract': {'style': 'pytorch'}}, 'x.pth')
    (finding,) = _check_contract(backbone, detector)
    assert finding.fix == '--cfg-options model.roi_head.shared_head.style=pytorch'


def test_classes_in_another_order_and_unknown_ones(place):
    content = json.loads((place / 'coco/annotations/instances_val.json').read_text())
    for category in content['categories']:
        category['name'] = {'box': 'other', 'other': 'box'}[category['name']]
    (place / 'coco/annotations/turned.json').write_text(json.dumps(content))
    options = [f'{split}_dataloader.dataset.ann_file=annotations/turned.json' for split in ('val', 'test')]
    options += [f'{split}_evaluator.ann_file={place}/coco/annotations/turned.json' for split in ('val', 'test')]
    ((level, problem, _),) = found(place, *options, config='coco')
    assert (level, 'val_dataloader would stop' in problem, 'order' in problem) == ('error', True, True)
    names = [f"{split}_dataloader.dataset.metainfo.classes=['other','box']" for split in ('val', 'test')]
    ((level, problem, fix),) = found(place, *options, *names, config='coco')
    assert (level, 'val_dataloader counts other classes' in problem) == ('error', True)
    assert fix == "--cfg-options \"val_dataloader.dataset.metainfo.classes=['box','other']\""
    unknown = ["train_dataloader.dataset.dataset.metainfo.classes=['tree']"]
    problems = [problem for level, problem, _ in found(place, *unknown) if level == 'error']
    assert any('train_dataloader would stop: ' in problem and "'box'" in problem for problem in problems)


def test_detector_that_cannot_be_built_does_not_hide_the_rest(place):
    problems = [problem for _, problem, _ in found(place, 'model.backbone.depth=19', 'load_from=x.pth')]
    assert any('the detector cannot be built' in problem for problem in problems)
    assert any('given twice' in problem for problem in problems)


def doctor(argv):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return main(parser.parse_args(argv))


def test_command_prints_the_lines_and_returns_the_code(place, capsys):
    def call(*options):
        code = doctor(['--transfer', str(place / 'coco.py'), '--cfg-options', *options])
        return code, capsys.readouterr().out.splitlines()

    given = f'default_hooks.backbone.checkpoint={place / "r18.pth"}'
    code, lines = call(given)
    assert (code, lines[-1].split(':')[0]) == (0, 'nothing wrong')
    code, lines = call(given, 'model.data_preprocessor.bgr_to_rgb=False')
    assert code == 1
    assert lines[-2].startswith('error: channel_order: ')
    assert lines[-2].endswith('; fix: --cfg-options model.data_preprocessor.bgr_to_rgb=True')
    assert lines[-1].startswith('1 error(s): ResNet depth 18')


def test_options_need_a_config_and_the_config_a_detector():
    with pytest.raises(ValueError, match='--cfg-options: expected --transfer CONFIG'):
        doctor(['--cfg-options', 'a=1'])
    with pytest.raises(ValueError, match='expected a detector with a backbone, got agmax_mm.AgMaxClassifier'):
        check_transfer(str(ROOT / 'configs/agmax/resnet50_cutmix_aa_270e.py'))
