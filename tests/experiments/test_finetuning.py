"""A whole transfer on tiny sets: from a checkpoint to the result row, resumed, and refused before any training."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import DATASETS, MODELS, DefaultScope

pytest.importorskip('mmcv.ops', exc_type=ImportError)
torchvision = pytest.importorskip('torchvision')

from agmax_mm.detection.recipe import Length  # noqa: E402
from agmax_mm.engine.options import parse_options  # noqa: E402
from agmax_mm.experiments.comparison import compare  # noqa: E402
from agmax_mm.experiments.executors import InProcess  # noqa: E402
from agmax_mm.experiments.finetuning import prepare, transfer  # noqa: E402
from agmax_mm.experiments.finetuning_job import Transfer, derive_config  # noqa: E402
from agmax_mm.results.summary import result_table  # noqa: E402
from agmax_mm.transfer.backbone import load_backbone, read_backbone  # noqa: E402
from tests.detection.sets import IN_PROCESS, SMALL_DETECTOR, SMALL_MASKS, write_coco, write_voc  # noqa: E402

ROOT = Path(__file__).parents[2]
CONFIG = str(ROOT / 'configs/detection/faster-rcnn_r50_fpn_1x_voc0712.py')


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    monkeypatch.setenv('PYTHONPATH', str(ROOT))
    monkeypatch.setenv('OMP_NUM_THREADS', '1')


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp('weights') / 'resnet18.pth'
    torch.manual_seed(0)
    torch.save(torchvision.models.resnet18().state_dict(), path)
    return str(path)


def job(checkpoint, work_dir, task, **changes):
    options = [*SMALL_DETECTOR, *IN_PROCESS, *(() if task == 'voc' else SMALL_MASKS)]
    defaults = dict(
        length=Length(iters=2), finetune='full', batch_size=2, image_size=96, options=parse_options(options)
    )
    return Transfer(backbone=checkpoint, task=task, work_dir=work_dir, **(defaults | changes))


def test_from_checkpoint_to_row_and_resumed_to_a_comparison(checkpoint, tmp_path, capfd):
    def arm(backbone, name, **changes):
        data = dict(data_root=str(tmp_path / 'data'), classes=['box'])
        return job(backbone, tmp_path / name, 'voc', **data, **changes)

    write_voc(tmp_path / 'data')
    first = transfer(arm(checkpoint, 'trained'), executor=InProcess())
    assert (first['status'], first['finetune']) == ('completed', 'full')
    assert first['learning_rate'] == pytest.approx(0.01 * 2 / 16)
    assert f'learning rate {0.01 * 2 / 16:g} for 2 x 1 x 1 images' in capfd.readouterr().out
    assert json.loads((tmp_path / 'trained/transfer.json').read_text()) == json.loads(json.dumps(first))
    trained = (tmp_path / 'trained/seed_0/iter_2.pth').stat().st_mtime_ns
    record = json.loads((tmp_path / 'trained/seed_0/result.json').read_text())
    assert record['scores']['last']['pascal_voc/mAP'] == first['runs']['0']['scores']['pascal_voc/mAP']

    with pytest.raises(ValueError, match='it holds earlier runs; give --resume'):
        transfer(arm(checkpoint, 'trained'))
    with pytest.raises(ValueError, match='expected the setup it was begun with, got another config_sha256'):
        transfer(arm(checkpoint, 'trained', length=Length(iters=3), resume=True))

    jobs = [arm(checkpoint, 'trained', resume=True), arm(None, 'random', finetune='scratch', resume=True)]
    results = compare(jobs, tmp_path / 'comparison.json', executor=InProcess())
    assert (tmp_path / 'trained/seed_0/iter_2.pth').stat().st_mtime_ns == trained
    assert results['trained']['runs'] == first['runs']
    assert [results[name]['finetune'] for name in results] == ['full', 'scratch']
    assert results['random']['backbone'] is None
    assert results['random']['config_sha256'] == results['trained']['config_sha256']
    written = json.loads((tmp_path / 'comparison.json').read_text())
    assert written['reference'] == 'trained'
    assert list(written['results']) == list(results) == ['trained', 'random']
    scores = [results[name]['runs']['0']['scores']['pascal_voc/mAP'] for name in ('random', 'trained')]
    assert written['differences']['random']['pascal_voc/mAP']['values'] == [pytest.approx(scores[0] - scores[1])]


def test_coco_trains_masks(checkpoint, tmp_path):
    data = str(write_coco(tmp_path / 'data'))
    result = transfer(job(checkpoint, tmp_path / 'w', 'coco', data_root=data, length=Length(epochs=1)))
    assert {'coco/bbox_mAP', 'coco/segm_mAP'} <= set(result['runs']['0']['scores'])
    last = json.loads((tmp_path / 'w/seed_0/result.json').read_text())['history']['train'][-1]
    assert all(last[name] > 0 for name in ('loss_mask', 'loss_cls', 'loss_rpn_cls'))
    assert result_table({'r18': result}).splitlines()[0].count('%') == 2


def test_arms_of_different_size_are_not_compared(checkpoint, tmp_path):
    torch.save(torchvision.models.resnet34().state_dict(), tmp_path / 'resnet34.pth')
    data = str(write_voc(tmp_path / 'data'))
    jobs = [
        job(path, tmp_path / name, 'voc', data_root=data, classes=['box'], options={})
        for name, path in (('a', checkpoint), ('b', str(tmp_path / 'resnet34.pth')))
    ]
    with pytest.raises(ValueError, match='expected the same setup for a and b, got another config_sha256'):
        compare(jobs, tmp_path / 'comparison.json')
    assert not (tmp_path / 'a').exists()


@pytest.mark.parametrize(
    ('finetune', 'given', 'message'),
    [('scratch', True, 'expected another than scratch'), ('frozen', False, 'frozen, which keeps random layers')],
)
def test_presets_that_contradict_the_weights_are_refused(checkpoint, tmp_path, finetune, given, message):
    with pytest.raises(ValueError, match=message):
        prepare(job(checkpoint if given else None, tmp_path / 'w', 'voc', finetune=finetune))


@pytest.mark.parametrize('name', ['ssd300', 'faster-rcnn-c4'])
def test_detectors_with_fewer_stages_learn_and_predict(checkpoint, tmp_path, name):
    data = str(write_coco(tmp_path / 'data'))
    options = parse_options(['model.train_cfg.rcnn.sampler.num=8'] if name == 'faster-rcnn-c4' else [])
    size = None if name == 'ssd300' else 96
    arm = job(checkpoint, tmp_path, 'coco', data_root=data, detector=name, options=options, image_size=size)
    backbone = read_backbone(checkpoint)
    config = derive_config(arm, backbone)
    with DefaultScope.overwrite_default_scope('mmdet'):
        detector = MODELS.build(config.model)
        detector.init_weights()
        load_backbone(detector, backbone)
        train, val = (DATASETS.build(config[f'{part}_dataloader'].dataset) for part in ('train', 'val'))
        batch = detector.data_preprocessor(pseudo_collate([train[0], train[1]]), True)
        detector.train()
        losses, _ = detector.parse_losses(detector(**batch, mode='loss'))
        losses.backward()
        assert torch.isfinite(losses)
        # Whatever takes the file's weights learns.
        parts = [detector.backbone, *([detector.roi_head.shared_head] if name == 'faster-rcnn-c4' else [])]
        assert all(parameter.grad.abs().sum() > 0 for part in parts for parameter in part.parameters())
        detector.eval()
        (found,) = detector.val_step(pseudo_collate([val[0]]))
    assert set(found.pred_instances.labels.tolist()) <= {0, 1}
    if name == 'ssd300':
        assert batch['inputs'].shape[-2:] == (300, 300)
        maps = [level.shape[-1] for level in detector.extract_feat(batch['inputs'])]
        assert maps == [38, 19, 10, 5, 3, 1]
        priors = detector.bbox_head.prior_generator
        assert sum(size**2 * count for size, count in zip(maps, priors.num_base_priors, strict=True)) == 8732
        sides = [(box[2] - box[0]).item() for level in priors.base_anchors for box in level[:2]]
        smallest, largest = [30, 60, 111, 162, 213, 264], [60, 111, 162, 213, 264, 315]
        assert sides[::2] == pytest.approx(smallest, abs=0.5)
        assert sides[1::2] == pytest.approx([(a * b) ** 0.5 for a, b in zip(smallest, largest, strict=True)], abs=0.5)


def test_wrong_depth_is_refused_before_anything_is_written(checkpoint, tmp_path):
    data = str(write_voc(tmp_path / 'data'))
    with pytest.raises(ValueError, match='a depth 18 file into a depth 50 backbone'):
        transfer(job(checkpoint, tmp_path / 'w', 'voc', data_root=data, classes=['box'], options={}, config=CONFIG))
    assert not (tmp_path / 'w').exists()


def test_damaged_data_are_refused_before_anything_is_written(checkpoint, tmp_path):
    data = write_voc(tmp_path / 'data')
    (data / 'VOC2007/JPEGImages/004.jpg').write_bytes(b'GIF')
    with pytest.raises(ValueError, match=r'test\.txt: 1 of 2 images are damaged, half-written .*004\.jpg'):
        transfer(job(checkpoint, tmp_path / 'w', 'voc', data_root=str(data), classes=['box']))
    assert not (tmp_path / 'w').exists()


def test_options_have_the_last_word(checkpoint, tmp_path):
    data = str(write_voc(tmp_path / 'data'))
    options = {'model.backbone.frozen_stages': 0, 'optim_wrapper.optimizer.lr': 0.5}
    config = derive_config(job(checkpoint, tmp_path / 'w', 'voc', data_root=data, classes=['box'], options=options))
    assert (config.model.backbone.frozen_stages, config.optim_wrapper.optimizer.lr) == (0, 0.5)
    options = {'optim_wrapper.accumulative_counts': 4}
    config = derive_config(job(checkpoint, tmp_path / 'w', 'voc', data_root=data, classes=['box'], options=options))
    assert config.optim_wrapper.optimizer.lr == pytest.approx(0.01 * 8 / 16)


def test_somebody_s_own_recipe_gets_the_hook_and_downloads_nothing(checkpoint, tmp_path):
    data = str(write_voc(tmp_path / 'data'))
    (tmp_path / 'own.py').write_text("_base_ = 'mmdet::pascal_voc/retinanet_r50_fpn_1x_voc0712.py'\n")
    own = job(checkpoint, tmp_path / 'w', 'voc', data_root=data, classes=['box'], options={})
    config = derive_config(replace(own, config=str(tmp_path / 'own.py')), read_backbone(checkpoint))
    assert config.model.backbone.init_cfg is None
    assert config.default_hooks.backbone.type == 'agmax_mm.LoadBackboneHook'
    assert config.default_hooks.backbone.checkpoint == str(tmp_path / 'w/backbone.safetensors')
    # The file's depth is for the detectors' own recipes only.
    assert (config.model.backbone.depth, config.model.bbox_head.num_classes) == (50, 1)


def test_boxes_alone_are_enough_for_box_detectors(checkpoint, tmp_path):
    data = write_coco(tmp_path / 'data')
    for path in (data / 'annotations').glob('*.json'):
        content = json.loads(path.read_text())
        for entry in content['annotations']:
            del entry['segmentation']
        path.write_text(json.dumps(content))
    boxes = job(checkpoint, tmp_path, 'coco', data_root=str(data), detector='faster-rcnn', options={})
    assert derive_config(boxes).val_evaluator.metric == 'bbox'
    with pytest.raises(ValueError, match='expected annotations with a segmentation'):
        derive_config(replace(boxes, detector='mask-rcnn'))


def test_classes_of_coco_cannot_be_renamed(checkpoint, tmp_path):
    data = str(write_coco(tmp_path / 'data'))
    with pytest.raises(ValueError, match=r"expected those of the annotation files, \('box', 'other'\), got \('cat',\)"):
        derive_config(job(checkpoint, tmp_path / 'w', 'coco', data_root=data, classes=['cat']))
