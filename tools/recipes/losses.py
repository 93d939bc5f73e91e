"""The first losses of a few small runs, at full precision: a change of what is trained shows in them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mmcv
import torch

from agmax_mm.demo.digits import DigitDataSpec, build_digit_data
from agmax_mm.engine.launch import train
from agmax_mm.fileio import RESULT_FILE
from agmax_mm.machine import device_name, library_versions
from tools.recipes.small_data import write_small_data
from tools.recipes.trials import small_run

STEPS = 5
# What may change the last digits, or with them the draws: the libraries that compute, and the processor.
_LIBRARIES = ('torch', 'torchvision', 'numpy', 'opencv-python', 'pillow')
_SMALL_NETWORK = {'model.backbone.depth': 10, 'model.backbone.widen_factor': 1, 'model.head.in_channels': 64}
# CIFAR-100's small data has eight images: two steps an epoch.
_LONGER = {'train_cfg.max_epochs': 2}
_FEW_SCENES = DigitDataSpec(
    pretrain_per_class=1,
    test_per_class=1,
    scene_train_per_class=10,
    scene_test_per_class=5,
    train_scenes=8,
    test_scenes=2,
)


@dataclass(frozen=True)
class SmokeRun:
    """A recipe made small.

    Attributes:
        recipe: The config below ``configs/``, without ``.py``.
        dataset: ``'cifar10'``, ``'cifar100'`` or ``'voc'``.
        options: ``--cfg-options`` by key.
    """

    recipe: str
    dataset: str
    options: dict[str, Any] = field(default_factory=dict)


SMOKE_RUNS = {
    'baseline': SmokeRun('baseline/wrn40-2_standard_200e_cifar10', 'cifar10', _SMALL_NETWORK),
    'mi': SmokeRun('agmax/wrn40-2_cutmix_aa_200e_cifar10', 'cifar10', _SMALL_NETWORK),
    'mi_qnet': SmokeRun(
        'agmax/wrn40-2_cutout_200e_cifar100', 'cifar100', {**_SMALL_NETWORK, **_LONGER, 'model.agreement': 'mi_qnet'}
    ),
    # With 110 layers at the recipe's rate, 5e-6 of the first loss grow to a part in a hundred of the third.
    'cutmix': SmokeRun(
        'cutmix/resnet110_cutmix_300e_cifar100',
        'cifar100',
        {**_LONGER, 'model.backbone.depth': 20, 'optim_wrapper.optimizer.lr': 0.01},
    ),
    'detection': SmokeRun('demo/faster-rcnn_digits_voc', 'voc'),
}


def conditions(name: str) -> str:
    """Versions, processor and for detection the operators, on which the last digits depend, in one line.

    Args:
        name: Key of :data:`SMOKE_RUNS`.
    """
    versions = library_versions()
    found = [f'{library} {versions[library]}' for library in _LIBRARIES if library in versions]
    if SMOKE_RUNS[name].dataset == 'voc':
        compiled = any(Path(mmcv.__file__).parent.glob('_ext*.so'))
        found.append(f'{"compiled operators" if compiled else "stand-ins"} of mmcv {mmcv.__version__}')
    return ', '.join([*found, device_name(), torch.backends.cpu.get_cpu_capability()])


def smoke_losses(name: str, root: Path, configs: Path) -> list[float]:
    """The losses of a smoke run, step by step, on one thread.

    Args:
        name: Key of :data:`SMOKE_RUNS`.
        root: An empty folder for data and outputs.
        configs: The folder ``configs/``.
    """
    run = SMOKE_RUNS[name]
    work_dir = root / 'run'
    if run.dataset == 'voc':
        data = root / 'data'
        build_digit_data(data, _FEW_SCENES)
        options = _small_detection(data, work_dir.name)
    else:
        options = small_run(write_small_data(root / 'data')[run.dataset], work_dir.name, STEPS)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        train(str(configs / f'{run.recipe}.py'), work_dir=str(work_dir), seed=0, options={**options, **run.options})
    finally:
        torch.set_num_threads(threads)
    record = json.loads((work_dir / RESULT_FILE).read_text(encoding='utf-8'))
    return [point['loss'] for point in record['history']['train']]


def to_text(name: str, losses: list[float]) -> str:
    """The golden file of a smoke run: the conditions, then step and loss in each line."""
    return ''.join([f'# {conditions(name)}\n', *(f'{step}\t{loss!r}\n' for step, loss in enumerate(losses, 1))])


def from_text(text: str) -> tuple[str, list[float]]:
    """The conditions and the losses of a golden file."""
    first, *lines = text.splitlines()
    return first.removeprefix('# '), [float(line.split('\t')[1]) for line in lines]


def _small_detection(data: Path, name: str) -> dict[str, Any]:
    options: dict[str, Any] = {
        f'{loader}.dataset.data_root': f'{data}/'
        for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader')
    }
    return options | {
        'train_dataloader.batch_size': 2,
        'train_cfg.max_iters': STEPS,
        'train_cfg.val_interval': STEPS,
        'default_hooks.run_record.interval': 1,
        'default_hooks.checkpoint': None,
        'default_hooks.progress.type': 'EmptyCacheHook',
        'experiment_name': name,
        'log_level': 'ERROR',
    }
