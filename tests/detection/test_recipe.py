"""The derived detection configs, as data."""

from __future__ import annotations

from pathlib import Path

import pytest
import torchvision
from mmengine.config import ConfigDict

from agmax_mm.detection.detectors import DETECTORS, recipe_of
from agmax_mm.detection.layouts import VOC_CLASSES, VocLayout, read_coco_layout, read_voc_layout
from agmax_mm.detection.recipe import (
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
from agmax_mm.experiments.finetuning_job import Transfer, derive_config
from agmax_mm.recipe_files import recipes_folder
from tests.detection.sets import write_coco, write_voc

ROOT = Path(__file__).parents[2]
pytest.importorskip('mmdet')


def test_detectors_and_tasks_that_do_not_go_together_are_refused():
    assert all((recipes_folder() / recipe_of(task, name)).is_file() for name in DETECTORS for task in DETECTORS[name])
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


def test_a_cosine_takes_the_length_of_the_training(coco):
    coco.param_scheduler[1] = ConfigDict(type='CosineAnnealingLR', begin=0, end=12, T_max=12, by_epoch=True)
    fit_length(coco, Length(iters=90), num_train=118_287, processes=1)
    cosine = coco.param_scheduler[1]
    assert (cosine.T_max, cosine.end, cosine.begin, cosine.by_epoch) == (90, 90, 0, False)


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
    # The host deletes the oldest before it writes the next: with one, an interruption would leave none.
    assert voc.default_hooks.checkpoint.max_keep_ckpts == 2


def test_the_batch_has_one_way_to_be_set(tmp_path):
    options = {'train_dataloader.batch_size': 8}
    job = Transfer(backbone=None, task='voc', work_dir=tmp_path, options=options)
    with pytest.raises(ValueError, match='train_dataloader.batch_size: give --batch-size'):
        derive_config(job)


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
