"""A whole transfer on tiny sets: from a checkpoint to the result row, resumed, and refused before any training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

pytest.importorskip('mmcv.ops', exc_type=ImportError)
torchvision = pytest.importorskip('torchvision')

from agmax_mm.engine.options import parse_options  # noqa: E402
from agmax_mm.transfer.finetune import Transfer, derive_config, result_row, summarise, transfer  # noqa: E402
from agmax_mm.transfer.recipe import Length  # noqa: E402
from tests.transfer.sets import IN_PROCESS, SMALL_DETECTOR, SMALL_MASKS, write_coco, write_voc  # noqa: E402

ROOT = Path(__file__).parents[2]
VOC_PIPELINES = (
    'train_dataloader.dataset.dataset.datasets.0.pipeline.2.scale=96',
    'val_dataloader.dataset.pipeline.1.scale=96',
)
COCO_PIPELINES = 'train_dataloader.dataset.pipeline.2.scale=96', 'val_dataloader.dataset.pipeline.1.scale=96'


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
    options = [*SMALL_DETECTOR, *IN_PROCESS, *(VOC_PIPELINES if task == 'voc' else (*COCO_PIPELINES, *SMALL_MASKS))]
    defaults = dict(length=Length(iters=2), finetune='full', batch_size=2, options=parse_options(options))
    return Transfer(backbone=checkpoint, task=task, work_dir=work_dir, root=ROOT, **(defaults | changes))


def test_voc_from_checkpoint_to_row_and_on_to_a_second_seed(checkpoint, tmp_path, capfd):
    data = str(write_voc(tmp_path / 'data'))
    first = transfer(job(checkpoint, tmp_path / 'w', 'voc', data_root=data, classes=['box']))
    assert first['status'] == 'completed'
    assert first['learning_rate'] == pytest.approx(0.01 * 2 / 16)
    assert f'learning rate {0.01 * 2 / 16:g} for 2 x 1 images' in capfd.readouterr().out
    trained = (tmp_path / 'w/seed_0/iter_2.pth').stat().st_mtime_ns
    record = json.loads((tmp_path / 'w/seed_0/result.json').read_text())
    assert record['scores']['last']['pascal_voc/mAP'] == first['runs']['0']['scores']['pascal_voc/mAP']

    again = job(checkpoint, tmp_path / 'w', 'voc', data_root=data, classes=['box'], seeds=(0, 1))
    with pytest.raises(ValueError, match='it holds earlier runs; give --resume'):
        transfer(again)
    second = transfer(
        job(checkpoint, tmp_path / 'w', 'voc', data_root=data, classes=['box'], seeds=(0, 1), resume=True)
    )
    assert (tmp_path / 'w/seed_0/iter_2.pth').stat().st_mtime_ns == trained
    assert second['runs']['0'] == first['runs']['0']
    assert second['summary']['pascal_voc/mAP']['n'] == 2
    assert json.loads((tmp_path / 'w/transfer.json').read_text()) == json.loads(json.dumps(second))

    changed = job(
        checkpoint, tmp_path / 'w', 'voc', data_root=data, classes=['box'], length=Length(iters=3), resume=True
    )
    with pytest.raises(ValueError, match='expected the setup it was begun with, got another config_sha256'):
        transfer(changed)


def test_coco_trains_masks(checkpoint, tmp_path):
    data = str(write_coco(tmp_path / 'data'))
    result = transfer(job(checkpoint, tmp_path / 'w', 'coco', data_root=data, length=Length(epochs=1)))
    assert {'coco/bbox_mAP', 'coco/segm_mAP'} <= set(result['runs']['0']['scores'])
    last = json.loads((tmp_path / 'w/seed_0/result.json').read_text())['history']['train'][-1]
    assert all(last[name] > 0 for name in ('loss_mask', 'loss_cls', 'loss_rpn_cls'))
    assert result_row(result).splitlines()[0].count('%') == 2


def test_wrong_depth_is_refused_before_anything_is_written(checkpoint, tmp_path):
    data = str(write_voc(tmp_path / 'data'))
    with pytest.raises(ValueError, match='a depth 18 file into a depth 50 backbone'):
        transfer(job(checkpoint, tmp_path / 'w', 'voc', data_root=data, classes=['box'], options={}))
    assert not (tmp_path / 'w').exists()


def test_options_have_the_last_word(checkpoint, tmp_path):
    data = str(write_voc(tmp_path / 'data'))
    options = {'model.backbone.frozen_stages': 0, 'optim_wrapper.optimizer.lr': 0.5}
    config = derive_config(job(checkpoint, tmp_path / 'w', 'voc', data_root=data, classes=['box'], options=options))
    assert (config.model.backbone.frozen_stages, config.optim_wrapper.optimizer.lr) == (0, 0.5)


def test_classes_of_coco_cannot_be_renamed(checkpoint, tmp_path):
    data = str(write_coco(tmp_path / 'data'))
    with pytest.raises(ValueError, match=r"expected those of the annotation files, \('box', 'other'\), got \('cat',\)"):
        derive_config(job(checkpoint, tmp_path / 'w', 'coco', data_root=data, classes=['cat']))


def test_summary_is_mean_and_sample_deviation():
    summary = summarise([{'m': 0.1, 'nan': None}, {'m': 0.3, 'nan': 0.0}])
    assert set(summary) == {'m'}
    assert summary['m']['mean'] == pytest.approx(0.2)
    assert summary['m']['std'] == pytest.approx(0.02**0.5)  # ((0.1)^2 + (0.1)^2) / (2 - 1)
    assert summarise([{'m': 0.1}])['m']['std'] is None
