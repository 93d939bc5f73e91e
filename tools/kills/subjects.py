"""The runs that are stopped: the demo's recipes, made small."""

from __future__ import annotations

import multiprocessing.process
import multiprocessing.util
import os
import signal
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agmax_mm.demo.digits import DigitDataSpec, build_digit_data
from agmax_mm.engine.launch import train
from tools.kills.places import Places

CONFIGS = Path(__file__).parents[2] / 'configs/demo'
_FEW = DigitDataSpec(
    pretrain_per_class=2,
    test_per_class=4,
    scene_train_per_class=10,
    scene_test_per_class=5,
    train_scenes=5,
    test_scenes=3,
    scene_size=96,
)
_CLASSIFIER = {
    'model.backbone.base_channels': 8,
    'model.backbone.stem_channels': 8,
    'model.head.in_channels': 64,
    'total_batch_size': 4,
    'val_dataloader.batch_size': 10,
    'default_hooks.run_record.interval': 3,
    'train_cfg.max_epochs': 4,
    'train_cfg.val_interval': 1,
    'default_hooks.checkpoint.interval': 1,
}
_DETECTOR = {
    'model.backbone.base_channels': 8,
    'model.backbone.stem_channels': 8,
    'model.neck.in_channels': [8, 16, 32, 64],
    'train_dataloader.batch_size': 2,
    'val_dataloader.batch_size': 1,
    'param_scheduler': [{'type': 'LinearLR', 'start_factor': 0.01, 'by_epoch': False, 'begin': 0, 'end': 4}],
    # So few steps find nothing by the usual overlap, and the best epoch is to change.
    'val_evaluator.iou_thrs': 0.1,
    'default_hooks.checkpoint.save_best': 'pascal_voc/mAP',
    'default_hooks.checkpoint.rule': 'greater',
}
# The same detector by epochs, as most recipes of mmdet train.
_BY_EPOCH = """_base_ = {base!r}
train_cfg = dict(_delete_=True, type='EpochBasedTrainLoop', max_epochs=3, val_interval=1)
train_dataloader = dict(
    sampler=dict(_delete_=True, type='DefaultSampler', shuffle=True), batch_sampler=dict(type='AspectRatioBatchSampler')
)
default_hooks = dict(checkpoint=dict(by_epoch=True, interval=1, max_keep_ckpts=2))
log_processor = dict(by_epoch=True)
"""


@dataclass(frozen=True)
class Subject:
    """A run.

    Attributes:
        config: Name of the demo's config.
        options: ``--cfg-options`` by key.
        by_epoch: Whether a detector trains by epochs.
    """

    config: str
    options: dict[str, Any] = field(default_factory=dict)
    by_epoch: bool = False

    def start(self, root: Path, name: str, places: Places | None = None, *, resume: bool = False) -> tuple[int, int]:
        """Run in a process of its own, in ``root / name``; the output goes to ``root / name.log``.

        Returns:
            The exit code, minus the signal's number for a kill, and the number of the process and its session.
        """
        child = os.fork()
        if child == 0:
            _become(root / f'{name}.log', lambda: self._train(root, name, places, resume=resume))
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), child

    def _train(self, root: Path, name: str, places: Places | None, *, resume: bool) -> None:
        if places is not None:
            places.watch()
        config = CONFIGS / f'{self.config}.py'
        if self.by_epoch:
            config = root / 'by_epoch.py'
            config.write_text(_BY_EPOCH.format(base=str(CONFIGS / f'{self.config}.py')), encoding='utf-8')
        data = root / 'data' if 'digits_voc' in self.config else root / 'data/digits'
        options = {f'{split}_dataloader.dataset.data_root': str(data) for split in ('train', 'val', 'test')}
        train(str(config), work_dir=str(root / name), seed=1, resume=resume, options={**options, **self.options})
        if places is not None:
            (root / f'{name}.places').write_text('\n'.join(places.passed), encoding='utf-8')


SUBJECTS = {
    'classification': Subject('pretrain_agmax', _CLASSIFIER),
    # Averaged weights, and checkpoints that are rarer than validations.
    'averaged': Subject(
        'pretrain_agmax',
        {
            **_CLASSIFIER,
            'default_hooks.checkpoint.interval': 3,
            'train_dataloader.num_workers': 1,
            'custom_hooks': [{'type': 'EMAHook', 'ema_type': 'MomentumAnnealingEMA'}],
        },
    ),
    'detection': Subject('faster-rcnn_digits_voc', _DETECTOR, by_epoch=True),
    'detection by steps': Subject(
        'faster-rcnn_digits_voc',
        {
            **_DETECTOR,
            'train_cfg.max_iters': 6,
            'train_cfg.val_interval': 2,
            'default_hooks.checkpoint.interval': 3,
        },
    ),
}


def write_data(root: Path) -> None:
    """Write the images that the subjects train on."""
    build_digit_data(root / 'data', _FEW)


def _become(log: Path, work: Any) -> None:
    """End this forked process with a command's exit code."""
    from agmax_mm.cli import run

    stream = log.open('a', buffering=1, encoding='utf-8')
    for descriptor in (1, 2):
        os.dup2(stream.fileno(), descriptor)
    sys.stdout = sys.stderr = stream
    os.setsid()
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # also where nohup has started the harness
    # Processes that the parent has begun are not this one's to wait for.
    multiprocessing.process._children.clear()  # type: ignore[attr-defined]
    code: Any = 1
    try:
        run(work, '--resume goes on')
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    try:
        # What an ordinary process does at its end: its loaders' workers end with it.
        multiprocessing.util._exit_function()  # type: ignore[attr-defined]
    except BaseException:
        traceback.print_exc()
        code = code or 1
    finally:
        # A child that went on would be a second copy of its parent.
        stream.flush()
        os._exit(int(code or 0))
