"""The derived detection configs, as data."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from agmax_mm.transfer.layouts import VOC_CLASSES, VocLayout, read_coco_layout, read_voc_layout
from agmax_mm.transfer.recipe import Length, fit_data, fit_finetune, fit_length, learning_rate
from tests.transfer.sets import write_coco, write_voc

CONFIGS = Path(__file__).parents[2] / 'configs' / 'detection'

pytest.importorskip('mmdet')


@pytest.fixture
def voc():
    return Config.fromfile(CONFIGS / 'faster-rcnn_r50_fpn_1x_voc0712.py')


@pytest.fixture
def coco():
    return Config.fromfile(CONFIGS / 'mask-rcnn_r50_fpn_1x_coco.py')


def test_recipes_add_clipping_and_the_hook_and_download_nothing(voc, coco):
    for config in (voc, coco):
        assert config.optim_wrapper.clip_grad == dict(max_norm=35, norm_type=2)
        assert config.default_hooks.backbone.type == 'agmax_mm.LoadBackboneHook'
        assert config.model.backbone.init_cfg is None
        assert 'torchvision://' not in config.dump()
        assert (config.model.backbone.frozen_stages, config.model.backbone.norm_eval) == (1, True)
    assert (voc.paper['metric'], voc.paper['value']) == ('pascal_voc/mAP', 81.4)
    assert {row['metric']: row['value'] for row in coco.paper} == {'coco/bbox_mAP': 36.4, 'coco/segm_mAP': 32.6}


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


@pytest.mark.parametrize(('epochs', 'iters'), [(1, 1), (0, None), (None, -3)])
def test_impossible_lengths_are_refused(epochs, iters):
    with pytest.raises(ValueError, match='length: expected'):
        Length(epochs, iters)


def test_full_finetuning_frees_all_layers(voc):
    fit_finetune(voc, 'full')
    assert (voc.model.backbone.frozen_stages, voc.model.backbone.norm_eval) == (-1, False)
    with pytest.raises(ValueError, match="finetune: expected one of frozen, full, got 'half'"):
        fit_finetune(voc, 'half')


def test_learning_rate_is_linear_in_the_batch_of_all_processes(voc, coco):
    voc.train_dataloader.batch_size = 4
    assert learning_rate(voc, processes=2) == pytest.approx(0.01 * 8 / 16)
    assert learning_rate(coco, processes=8) == pytest.approx(0.02)
