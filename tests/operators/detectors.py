"""``python detectors.py DATA WORK_DIR OUT.json CONFIG...``: three steps and an evaluation of detectors on tiny data.

It writes the losses of each step and the metrics, by config. The caller's PYTHONPATH decides which mmcv is imported.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

CLASSES = ('box', 'other')
STEPS = 3


class Record(Hook):
    """Keeps the losses of each step and the metrics of the evaluation."""

    def __init__(self):
        self.losses, self.metrics = [], {}

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.losses.append({name: value.item() for name, value in outputs.items() if 'loss' in name})

    def after_val_epoch(self, runner, metrics=None):
        self.metrics = {name: float(value) for name, value in metrics.items()}


def parts(config):
    """All dictionaries in a config, from the outside in."""
    if isinstance(config, dict):
        yield config
    for inner in config.values() if isinstance(config, dict) else config if isinstance(config, list | tuple) else ():
        yield from parts(inner)


def small(steps):
    """The steps of a pipeline, for small pictures."""
    for step in steps:
        if step['type'].startswith('Resize') and tuple(step['scale']) != (300, 300):
            step['scale'] = (144, 96)
    return steps


def fitted(path: str, data: str, work_dir: str):
    """The config for the tiny data, without weights from elsewhere."""
    config = Config.fromfile(path)
    config.model.backbone.init_cfg = None
    for part in parts(config.model):
        if 'num_classes' in part:
            part['num_classes'] = len(CLASSES)
        if 'score_thr' in part:
            part['score_thr'] = 0.0  # nothing is learnt in three steps, and there shall be detections to evaluate
        for key, most in (('max_per_img', 40), ('nms_pre', 200), ('num', 32)):
            if isinstance(part.get(key), int):
                part[key] = most  # proposals and samples, for the time that they take
    for split, name in (('train', 'train'), ('val', 'val')):
        loader = config[f'{name}_dataloader']
        inner = loader.dataset
        while 'pipeline' not in inner:
            inner = inner['datasets'][0] if 'datasets' in inner else inner['dataset']
        loader.dataset = dict(
            type='CocoDataset',
            data_root=data,
            ann_file=f'annotations/instances_{split}.json',
            data_prefix=dict(img='images/'),
            metainfo=dict(classes=CLASSES),
            pipeline=small(inner['pipeline']),
            test_mode=name == 'val',
        )
        loader.update(batch_size=2, num_workers=0, persistent_workers=False)
    metrics = ['bbox', 'segm'] if 'mask_head' in str(config.model) else ['bbox']
    config.val_evaluator = dict(type='CocoMetric', ann_file=f'{data}/annotations/instances_val.json', metric=metrics)
    config.train_cfg = dict(type='IterBasedTrainLoop', max_iters=STEPS, val_interval=STEPS)
    config.param_scheduler = []
    config.optim_wrapper = dict(optimizer=dict(type='SGD', lr=1e-3, momentum=0.9))
    config.default_hooks.pop('backbone', None)
    config.default_hooks.checkpoint = None
    config.visualizer = dict(type='DetLocalVisualizer', vis_backends=[])
    config.test_dataloader = config.test_cfg = config.test_evaluator = None
    config.randomness = dict(seed=3, deterministic=True)
    config.work_dir = work_dir
    config.default_scope = 'mmdet'
    return config


def run(path: str, data: str, work_dir: str):
    """Losses of each step and the metrics of the evaluation after them."""
    record = Record()
    runner = Runner.from_cfg(fitted(path, data, work_dir))
    runner.register_hook(record)
    runner.train()
    return {'losses': record.losses, 'metrics': record.metrics}


if __name__ == '__main__':
    import agmax_mm  # noqa: F401  (the stand-ins, before mmdet is imported)

    torch.set_num_threads(1)
    data, work_dir, out, *configs = sys.argv[1:]
    found = {Path(config).stem: run(config, data, work_dir) for config in configs}
    Path(out).write_text(json.dumps(found, indent=1))
