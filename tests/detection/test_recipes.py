"""configs/detection/ as data: the papers' figures and their settings."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope

from agmax_mm.engine.config import load_config, prepare_config

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / 'configs' / 'detection'
# Atienza, WACV 2022, Table 10: VOC mAP, COCO box AP, COCO mask AP.
AGMAX_TABLE_10 = {
    'Standard': (80.5, 34.6, 31.3),
    'CutOut+AA': (81.2, 35.6, 32.1),
    'CutOut+AA with AgMax': (81.4, 36.6, 32.8),
    'MixUp+AA': (81.1, 36.0, 32.4),
    'MixUp+AA with AgMax': (81.5, 37.0, 32.9),
    'CutMix+AA': (80.8, 36.0, 32.3),
    'CutMix+AA with AgMax': (81.4, 36.4, 32.6),
}
# Yun et al., ICCV 2019, Table 10: mAP of SSD300 and of Faster R-CNN.
CUTMIX_TABLE_10 = {
    'Baseline': (76.7, 75.6),
    'Mixup': (76.6, 73.9),
    'Cutout': (76.8, 75.0),
    'CutMix': (77.6, 76.7),
}

pytest.importorskip('mmdet')


def test_recipes_add_clipping_and_the_hook_and_download_nothing(voc, coco):
    for config in (voc, coco):
        assert config.optim_wrapper.clip_grad == dict(max_norm=35, norm_type=2)
        assert config.default_hooks.backbone.type == 'agmax_mm.LoadBackboneHook'
        assert config.model.backbone.init_cfg is None
        assert 'torchvision://' not in config.dump()
        assert (config.model.backbone.frozen_stages, config.model.backbone.norm_eval) == (1, True)


def figures(config, metric):
    return {entry['row']: entry['value'] for entry in config.paper if entry['metric'] == metric}


def test_every_cell_of_both_tables_10_has_its_figure(voc, coco, ssd, c4):
    columns = [figures(voc, 'pascal_voc/mAP'), figures(coco, 'coco/bbox_mAP'), figures(coco, 'coco/segm_mAP')]
    assert {row: tuple(column[row] for column in columns) for row in columns[0]} == AGMAX_TABLE_10
    columns = [figures(config, 'pascal_voc/mAP') for config in (ssd, c4)]
    assert {row: tuple(column[row] for column in columns) for row in columns[0]} == CUTMIX_TABLE_10


def test_every_row_of_agmax_names_a_pre_training_and_stands_in_the_readme(voc, coco):
    readme = (CONFIGS / 'README.md').read_text()
    for entry in (*voc.paper, *coco.paper):
        path = f'{entry["pretraining"]}.py'
        assert ('with AgMax' in entry['row']) == path.startswith('agmax/')
        recipe = Config.fromfile(ROOT / 'configs' / path)
        row = 'Standard' if entry['row'] == 'Standard' else entry['row'].split(' with')[0]
        assert row in {figure['row'].split(' with')[0] for figure in recipe.paper}
        (line,) = [line for line in readme.splitlines() if f'| {entry["row"]} |' in line]
        assert f'`{path}`' in line
        assert f' {entry["value"]} ' in line


def test_every_row_of_cutmix_names_a_pre_training_and_stands_in_the_readme(ssd, c4):
    readme = (CONFIGS / 'README.md').read_text()
    for first, second in zip(ssd.paper, c4.paper, strict=True):
        row, path = first['row'], f'{first["pretraining"]}.py'
        assert (second['row'], second['pretraining']) == (row, first['pretraining'])
        # The classifier's own rows are called 'ResNet-50' and 'ResNet-50 + Mixup'.
        recipe = Config.fromfile(ROOT / 'configs' / path)
        assert {figure['row'] for figure in recipe.paper} == {f'ResNet-50 + {row}'.removesuffix(' + Baseline')}
        error = recipe.paper[0]['value']
        assert f'| {row} | `{path}` | {error:.2f} | {first["value"]} | {second["value"]} | not run |' in readme


def test_all_recipes_see_what_the_classifiers_saw_and_download_nothing(detection_recipes):
    for name, config in detection_recipes.items():
        preprocessor = config.model.data_preprocessor
        assert (preprocessor.mean, preprocessor.std) == ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375]), name
        assert preprocessor.bgr_to_rgb is True, name
        text = str(config.to_dict())
        assert 'caffe' not in text, name
        assert '://' not in text, name
        # timm's networks have one place of the stride.
        styles = ('TimmBackbone' not in text) + ('shared_head' in text)
        assert text.count("'style': 'pytorch'") == styles, name
        assert config.default_hooks.backbone.type == 'agmax_mm.LoadBackboneHook', name
        assert config.auto_scale_lr.enable, name


def test_further_backbones_differ_in_nothing_else(detection_recipes):
    for further, other in (
        ('faster-rcnn_r101_fpn_1x_voc0712.py', 'faster-rcnn_r50_fpn_1x_voc0712.py'),
        ('mask-rcnn_r101_fpn_1x_coco.py', 'mask-rcnn_r50_fpn_1x_coco.py'),
        ('faster-rcnn_regnetx-200mf_fpn_1x_voc0712.py', 'faster-rcnn_r50_fpn_1x_voc0712.py'),
    ):
        one, two = (detection_recipes[name].to_dict() for name in (further, other))
        assert one.pop('paper') == []
        two.pop('paper')
        for config in (one, two):
            backbone, neck = config['model']['backbone'], config['model']['neck']
            frozen = [backbone[key] for key in ('frozen_stages', 'norm_eval', 'style', 'out_indices', 'norm_cfg')]
            assert frozen == [1, True, 'pytorch', (0, 1, 2, 3), {'type': 'BN', 'requires_grad': True}]
            config['model']['backbone'] = neck['in_channels'] = None
        assert one == two


@pytest.mark.parametrize('name', ['efficientnet-b0', 'regnety-400mf'])
def test_timms_networks_differ_in_nothing_else_and_take_the_classifiers_weights(name, detection_recipes):
    further = detection_recipes[f'faster-rcnn_{name}_fpn_1x_voc0712.py'].to_dict()
    other = detection_recipes['faster-rcnn_r50_fpn_1x_voc0712.py'].to_dict()
    backbone = dict(further['model']['backbone'])
    assert [backbone[key] for key in ('frozen_stages', 'norm_eval', 'out_indices')] == [1, True, (1, 2, 3, 4)]
    classifier = Config.fromfile(ROOT / f'configs/_base_/models/{name}.py').model
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        source = MODELS.build({**classifier.backbone, 'type': 'mmpretrain.TIMMBackbone'})
    built = MODELS.build(backbone)
    built.load_state_dict(source.state_dict(), strict=True)
    assert [level.shape[1] for level in built(torch.zeros(1, 3, 64, 64))] == further['model']['neck']['in_channels']
    for config in (further, other):
        config['model']['backbone'] = config['model']['neck']['in_channels'] = config['paper'] = None
    assert further == other


def test_regnet_takes_the_classifier_s_weights(detection_recipes):
    classifier = Config.fromfile(ROOT / 'configs/_base_/models/regnetx-200mf.py').model
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        source = MODELS.build({**classifier.backbone, 'type': 'mmpretrain.RegNet'})
    model = detection_recipes['faster-rcnn_regnetx-200mf_fpn_1x_voc0712.py'].model
    backbone = MODELS.build({**model.backbone.to_dict(), 'type': 'mmdet.RegNet'})
    backbone.load_state_dict(source.state_dict(), strict=True)
    assert [level.shape[1] for level in backbone(torch.zeros(1, 3, 64, 64))] == model.neck.in_channels


def test_ssd_is_the_paper_s(ssd):
    assert (ssd.train_dataloader.batch_size, ssd.auto_scale_lr.base_batch_size) == (32, 32)
    assert ssd.optim_wrapper.optimizer.to_dict() == dict(type='SGD', lr=1e-3, momentum=0.9, weight_decay=5e-4)
    (steps,) = ssd.param_scheduler  # and no warm-up
    assert (ssd.train_cfg.max_iters, steps.milestones, steps.gamma) == (120_000, [80_000, 100_000], 0.1)
    assert (ssd.model.backbone.frozen_stages, ssd.model.backbone.norm_eval) == (-1, False)
    assert ssd.val_evaluator.eval_mode == '11points'
    for part in ssd.train_dataloader.dataset.datasets:
        assert 'bbox_min_size' not in part.filter_cfg
        (expand,) = [step for step in part.pipeline if step.type == 'Expand']
        # Grey in the classifier's sense: what the preprocessor makes zero.
        assert (expand.mean, expand.to_rgb) == (ssd.model.data_preprocessor.mean, True)


def test_c4_is_the_paper_s(c4):
    assert (c4.train_dataloader.batch_size, c4.auto_scale_lr.base_batch_size) == (8, 8)
    assert c4.optim_wrapper.optimizer.to_dict() == dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4)
    assert c4.optim_wrapper.paramwise_cfg.bias_decay_mult == 0
    (steps,) = c4.param_scheduler
    assert (c4.train_cfg.max_iters, steps.milestones, steps.gamma) == (120_000, [100_000], 0.1)
    model = c4.model
    assert model.rpn_head.anchor_generator.scales == [8, 16, 32]
    for part in (model.backbone, model.roi_head.shared_head):
        assert (part.norm_eval, part.norm_cfg.requires_grad, part.init_cfg) == (True, False, None)
    rpn, test_rpn, rcnn = model.train_cfg.rpn_proposal, model.test_cfg.rpn, model.train_cfg.rcnn
    assert (rpn.nms_pre, rpn.max_per_img, test_rpn.nms_pre, test_rpn.max_per_img) == (12_000, 2_000, 6_000, 300)
    assert (rcnn.sampler.num, rcnn.sampler.pos_fraction, rcnn.assigner.pos_iou_thr) == (256, 0.25, 0.5)
    assert model.test_cfg.rcnn.nms.iou_threshold == 0.3
    assert c4.train_dataloader.dataset.datasets[1].ann_file == 'VOC2012/ImageSets/Main/trainval.txt'


def test_configs_keep_the_names_of_mmdet():
    config = load_config('configs/detection/faster-rcnn_r50_fpn_1x_voc0712.py')
    assert config.val_dataloader.dataset.type == 'VOCDataset'
    prepare_config(config, world_size=1)
    kinds = [config.val_dataloader.dataset.type]
    kinds += [part.type for part in config.train_dataloader.dataset.dataset.datasets]
    assert kinds == ['agmax_mm.detection.datasets.CheckedVOCDataset'] * 3
    config = load_config('configs/detection/mask-rcnn_r50_fpn_1x_coco.py')
    prepare_config(config, world_size=1)
    assert config.train_dataloader.dataset.type.endswith('.CheckedCocoDataset')
    assert config.test_evaluator.type.endswith('.CheckedCocoMetric')
    # A classification recipe has nothing of the kind.
    config = load_config('configs/baseline/wrn40-2_cutmix_aa_200e_cifar10.py')
    prepare_config(config, world_size=1)
    assert config.train_dataloader.dataset.type == 'agmax_mm.CIFAR10'
