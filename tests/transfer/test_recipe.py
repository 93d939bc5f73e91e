"""The derived detection configs, as data."""

from __future__ import annotations

from pathlib import Path

import pytest
import torchvision
from mmengine.config import Config

from agmax_mm.transfer.detectors import DETECTORS, recipe_of
from agmax_mm.transfer.layouts import VOC_CLASSES, VocLayout, read_coco_layout, read_voc_layout
from agmax_mm.transfer.recipe import (
    Length,
    finetune_name,
    fit_backbone,
    fit_data,
    fit_finetune,
    fit_image_size,
    fit_learning_rate,
    fit_length,
    images_per_update,
)
from tests.transfer.sets import write_coco, write_voc

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


@pytest.fixture
def voc():
    return Config.fromfile(CONFIGS / 'faster-rcnn_r50_fpn_1x_voc0712.py')


@pytest.fixture
def coco():
    return Config.fromfile(CONFIGS / 'mask-rcnn_r50_fpn_1x_coco.py')


@pytest.fixture
def ssd():
    return Config.fromfile(CONFIGS / 'ssd300_r50_voc0712.py')


@pytest.fixture
def c4():
    return Config.fromfile(CONFIGS / 'faster-rcnn_r50-c4_voc0712.py')


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


@pytest.mark.parametrize('name', sorted(path.name for path in CONFIGS.glob('*.py')))
def test_all_recipes_see_what_the_classifiers_saw_and_download_nothing(name):
    config = Config.fromfile(CONFIGS / name)
    preprocessor = config.model.data_preprocessor
    assert (preprocessor.mean, preprocessor.std) == ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375])
    assert preprocessor.bgr_to_rgb is True
    text = config.dump()
    assert not {'caffe', '://'} & {word for word in ('caffe', '://') if word in text}
    assert text.count("style='pytorch'") == 1 + ('shared_head' in text)
    assert config.default_hooks.backbone.type == 'agmax_mm.LoadBackboneHook'
    assert config.auto_scale_lr.enable


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


def test_detectors_and_tasks_that_do_not_go_together_are_refused():
    assert all((ROOT / recipe_of(task, name)).is_file() for name in DETECTORS for task in DETECTORS[name])
    with pytest.raises(ValueError, match="detector: expected one of faster-rcnn, .* for the task voc, got 'mask-rcnn'"):
        recipe_of('voc', 'mask-rcnn')
    with pytest.raises(ValueError, match="task: expected one of voc, coco, got 'kitti'"):
        recipe_of('kitti')


def test_voc_data_with_own_classes(voc, tmp_path):
    fit_data(voc, read_voc_layout(write_voc(tmp_path), ['box']))
    (train,) = voc.train_dataloader.dataset.dataset.datasets
    test = voc.test_dataloader.dataset
    assert train.type == test.type == 'mmdet.XMLDataset'
    assert train.metainfo.classes == test.metainfo.classes == ('box',)
    assert Path(train.data_root, train.ann_file).is_file()
    assert Path(test.data_root, test.ann_file).name == 'test.txt'
    assert voc.model.roi_head.bbox_head.num_classes == 1


def test_voc_data_of_both_years_keeps_the_hosts_dataset(voc):
    layout = VocLayout(Path('d'), ('VOC2007', 'VOC2012'), VOC_CLASSES, 10)
    before = voc.train_dataloader.dataset.to_dict()
    fit_data(voc, layout)
    after = voc.train_dataloader.dataset.to_dict()
    for part in after['dataset']['datasets'] + before['dataset']['datasets']:
        part['data_root'] = None
    assert after == before


def test_coco_data(coco, tmp_path):
    fit_data(coco, read_coco_layout(write_coco(tmp_path)))
    assert coco.model.roi_head.bbox_head.num_classes == coco.model.roi_head.mask_head.num_classes == 2
    for loader in (coco.train_dataloader, coco.val_dataloader, coco.test_dataloader):
        assert Path(loader.dataset.data_root, loader.dataset.ann_file).is_file()
        assert loader.dataset.metainfo.classes == ('box', 'other')
    assert Path(coco.val_evaluator.ann_file).name == Path(coco.test_evaluator.ann_file).name == 'instances_val.json'


@pytest.mark.parametrize('name', ['ssd', 'c4'])
def test_voc_recipes_take_coco_data(name, request, tmp_path):
    config = request.getfixturevalue(name)
    train = [step.type for step in config.train_dataloader.dataset.datasets[0].pipeline]
    fit_data(config, read_coco_layout(write_coco(tmp_path)))
    dataset = config.train_dataloader.dataset
    assert (dataset.type, dataset.metainfo.classes) == ('mmdet.CocoDataset', ('box', 'other'))
    assert [step.type for step in dataset.pipeline] == train
    assert config.val_dataloader.dataset.test_mode
    for evaluator in (config.val_evaluator, config.test_evaluator):
        assert (evaluator.type, evaluator.metric) == ('mmdet.CocoMetric', 'bbox')
        assert Path(evaluator.ann_file).name == 'instances_val.json'
    head = config.model.bbox_head if name == 'ssd' else config.model.roi_head.bbox_head
    assert head.num_classes == 2


def test_coco_recipe_refuses_voc_data(coco, tmp_path):
    with pytest.raises(ValueError, match='expected one for Pascal VOC data, got one for CocoDataset'):
        fit_data(coco, read_voc_layout(write_voc(tmp_path), ['box']))


@pytest.mark.parametrize('depth', [18, 101])
def test_recipes_take_the_network_of_the_file(voc, ssd, c4, depth):
    widths = [64, 128, 256, 512] if depth == 18 else [256, 512, 1024, 2048]
    tensors = getattr(torchvision.models, f'resnet{depth}')().state_dict()
    for config in (voc, ssd, c4):
        fit_backbone(config, tensors)
        assert config.model.backbone.depth == depth
    assert list(voc.model.neck.in_channels) == widths
    levels = [*widths[1:3], 512, 256, 256, 256]
    assert [list(ssd.model[part][name]) for part, name in (('neck', 'out_channels'), ('bbox_head', 'in_channels'))] == [
        levels,
        levels,
    ]
    assert list(ssd.model.neck.in_channels) == widths[1:3]
    roi_head = c4.model.roi_head
    assert (roi_head.shared_head.depth, roi_head.bbox_head.in_channels) == (depth, widths[3])
    assert (c4.model.rpn_head.in_channels, roi_head.bbox_roi_extractor.out_channels) == (widths[2], widths[2])


def test_resnet50_changes_no_recipe(voc, ssd, c4):
    tensors = torchvision.models.resnet50().state_dict()
    for config in (voc, ssd, c4):
        before = config.model.to_dict()
        fit_backbone(config, tensors)
        after = config.model.to_dict()
        for model in (before, after):
            for part in ('neck', 'bbox_head'):
                model[part] = {key: list(v) if isinstance(v, tuple) else v for key, v in model.get(part, {}).items()}
        assert after == before


def test_grouped_networks_are_left_to_the_strict_loading(voc):
    before = voc.model.to_dict()
    fit_backbone(voc, torchvision.models.resnext50_32x4d().state_dict())
    assert voc.model.to_dict() == before


def test_narrow_network_is_refused_where_the_host_cannot_build_it(c4):
    tensors = {
        key: value[tuple(slice(size // 2 if size > 7 else size) for size in value.shape[:2])] if value.ndim else value
        for key, value in torchvision.models.resnet18().state_dict().items()
    }
    with pytest.raises(ValueError, match='expected a ResNet of base width 64 for this detector, got 32'):
        fit_backbone(c4, tensors)


def test_image_size_is_that_of_training_and_evaluation(voc, ssd):
    fit_image_size(voc, 320)
    for dataset in (*voc.train_dataloader.dataset.dataset.datasets, voc.val_dataloader.dataset):
        (resize,) = [step for step in dataset.pipeline if step.type == 'Resize']
        assert (resize.scale, resize.keep_ratio) == ((320, 320), True)
    with pytest.raises(ValueError, match=r'expected none for a detector made for \(300, 300\) pixels, got 320'):
        fit_image_size(ssd, 320)
    with pytest.raises(ValueError, match='expected at least 1 pixel, got 0'):
        fit_image_size(voc, 0)


def test_epochs_keep_the_milestones_share(coco):
    fit_length(coco, Length(epochs=24), num_train=118_287, processes=1)
    warmup, steps = coco.param_scheduler
    assert (coco.train_cfg.max_epochs, steps.milestones, steps.end) == (24, [16, 22], 24)
    assert warmup.end == 500  # the host's, in a training this long


def test_one_epoch_on_few_images_has_a_short_warmup_and_no_drop_at_its_end(coco):
    fit_length(coco, Length(epochs=1), num_train=100, processes=1)
    warmup, steps = coco.param_scheduler
    assert (warmup.end, steps.milestones) == (5, [])  # a tenth of 100 / 2 steps


def test_iterations_replace_epochs_everywhere(voc):
    fit_length(voc, Length(iters=100), num_train=16, processes=1)
    (steps,) = voc.param_scheduler
    assert voc.train_cfg.to_dict() == dict(type='IterBasedTrainLoop', max_iters=100, val_interval=20)
    assert (steps.by_epoch, steps.milestones, steps.end) == (False, [75], 100)
    assert voc.default_hooks.checkpoint.by_epoch is voc.log_processor.by_epoch is False


def test_schedule_in_steps_keeps_the_number_of_images(ssd):
    ssd.train_dataloader.batch_size = 8
    fit_length(ssd, Length(), num_train=16_551, processes=2)
    (steps,) = ssd.param_scheduler
    # Half the recipe's 32 images: twice the steps.
    assert (ssd.train_cfg.max_iters, steps.milestones, steps.end) == (240_000, [160_000, 200_000], 240_000)
    assert ssd.train_cfg.val_interval == ssd.default_hooks.checkpoint.interval == 10_000


def test_schedule_in_steps_takes_epochs_and_steps(ssd, c4):
    fit_length(ssd, Length(epochs=6), num_train=320, processes=2)
    assert (ssd.train_cfg.max_iters, ssd.param_scheduler[0].milestones) == (6 * 320 // 64, [20, 25])
    fit_length(c4, Length(iters=60), num_train=320, processes=1)
    assert (c4.train_cfg.max_iters, c4.param_scheduler[0].milestones) == (60, [50])
    assert c4.train_cfg.val_interval == 12


@pytest.mark.parametrize(('epochs', 'iters'), [(1, 1), (0, None), (None, -3)])
def test_impossible_lengths_are_refused(epochs, iters):
    with pytest.raises(ValueError, match='length: expected'):
        Length(epochs, iters)


def test_full_finetuning_frees_all_layers(voc):
    assert finetune_name(voc) == 'frozen'
    fit_finetune(voc, 'full')
    assert (voc.model.backbone.frozen_stages, voc.model.backbone.norm_eval) == (-1, False)
    assert finetune_name(voc) == 'full'
    with pytest.raises(ValueError, match="finetune: expected one of frozen, full, scratch, got 'half'"):
        fit_finetune(voc, 'half')
    voc.model.backbone.frozen_stages = 3
    assert finetune_name(voc) == 'frozen_stages=3, norm_eval=False'


def test_presets_hold_for_the_stage_in_the_shared_head(c4):
    for preset, learns in (('full', True), ('frozen', False)):
        fit_finetune(c4, preset)
        for part in (c4.model.backbone, c4.model.roi_head.shared_head):
            assert part.norm_eval is not learns
    fit_finetune(c4, 'scratch')
    for part in (c4.model.backbone, c4.model.roi_head.shared_head):
        assert (part.norm_eval, part.norm_cfg.requires_grad) == (False, True)


def test_learning_rate_is_linear_in_the_images_of_an_update(voc, coco):
    voc.train_dataloader.batch_size = 4
    voc.optim_wrapper.accumulative_counts = 3
    assert images_per_update(voc, processes=2) == 24
    assert fit_learning_rate(voc, processes=2) == pytest.approx(0.01 * 24 / 16)
    # The host must not scale it once more.
    assert (voc.optim_wrapper.optimizer.lr, voc.auto_scale_lr.enable) == (pytest.approx(0.015), False)
    assert fit_learning_rate(coco, processes=8) == pytest.approx(0.02)
