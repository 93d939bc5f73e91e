"""Fine-tuning mmdet's own recipe: stopped in the middle and resumed, on annotations with defective boxes."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest
import torch

pytest.importorskip('mmcv.ops', exc_type=ImportError)

from agmax_mm.detection.layouts import read_voc_layout
from agmax_mm.detection.recipe import Length, fit_data, fit_finetune, fit_length
from agmax_mm.engine.config import apply_options, load_config
from agmax_mm.engine.launch import train
from agmax_mm.engine.options import parse_options
from tests.detection.sets import IN_PROCESS, SMALL_DETECTOR, write_voc

ROOT = Path(__file__).parents[2]
IMAGES, BATCH, STEPS, STOP = 5, 2, 4, 2
BAD = '<object><name>box</name><bndbox><xmin>{}</xmin><ymin>5</ymin><xmax>{}</xmax><ymax>40</ymax></bndbox></object>'


def write_config(root):
    """The recipe, small, for some iterations: the data set starts anew once, and batches sort images by shape."""
    write_voc(root / 'data', train=IMAGES)
    for path in (root / 'data/VOC2007/Annotations').glob('*.xml'):
        # No width, reversed, and off the image to the right.
        bad = BAD.format(30, 30) + BAD.format(60, 30) + BAD.format(300, 350)
        path.write_text(path.read_text().replace('</annotation>', f'{bad}</annotation>'))
    config = load_config(str(ROOT / 'configs/detection/faster-rcnn_r50_fpn_1x_voc0712.py'))
    layout = read_voc_layout(root / 'data', ['box'])
    config.train_dataloader.batch_size = BATCH
    fit_data(config, layout)
    fit_finetune(config, 'full')
    config.train_dataloader.dataset = config.train_dataloader.dataset.dataset  # not repeated
    config.train_dataloader.dataset.datasets[0].pipeline[2].scale = (96, 96)
    fit_length(config, Length(iters=STEPS), layout.num_train, 1)
    config.train_cfg.val_interval = STEPS + 1
    config.val_dataloader = config.val_cfg = config.val_evaluator = None
    config.default_hooks.checkpoint.interval = STOP
    narrow = ['model.backbone.base_channels=16', 'model.neck.in_channels=[16,32,64,128]']
    apply_options(config, parse_options([*SMALL_DETECTOR, *narrow, *IN_PROCESS[:1]]))
    config.default_hooks.run_record.interval = 1
    config.dump(root / 'config.py')
    return str(root / 'config.py')


def weights(folder, step):
    return torch.load(folder / f'iter_{step}.pth', weights_only=False)['state_dict']


def test_resumed_equals_uninterrupted_and_no_loss_is_nan(tmp_path):
    config = write_config(tmp_path)
    whole, resumed = tmp_path / 'whole', tmp_path / 'resumed'
    train(config, work_dir=str(whole), seed=1)
    losses = [point['loss'] for point in json.loads((whole / 'result.json').read_text())['history']['train']]
    assert len(losses) == STEPS
    assert all(math.isfinite(loss) for loss in losses)
    log = next(whole.glob('*/*.log')).read_text()
    assert f'{IMAGES} images (0 without objects), {IMAGES} objects; left out: {IMAGES} of zero area' in log
    assert f'{IMAGES} with reversed corners' in log
    assert f'{IMAGES} outside the image' in log

    shutil.copytree(whole, resumed)
    (resumed / f'iter_{STEPS}.pth').unlink()
    (resumed / 'last_checkpoint').write_text(str(resumed / f'iter_{STOP}.pth'))
    train(config, work_dir=str(resumed), resume=True)  # the seed comes from the checkpoint
    expected, start, got = weights(whole, STEPS), weights(whole, STOP), weights(resumed, STEPS)
    assert all(torch.equal(got[name], expected[name]) for name in expected)
    assert not torch.equal(expected['backbone.conv1.weight'], start['backbone.conv1.weight'])
