"""A recipe's own training on a GPU, with more and with fewer workers in its loader."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from agmax_mm.engine.loaders import choose_workers
from agmax_mm.machine import usable_cores
from benchmarks.suites.data_paths import write_folder
from benchmarks.suites.photographs import jpeg_files
from benchmarks.suites.suite import Options

_RECIPE = Path(__file__).parents[2] / 'configs' / 'agmax' / 'resnet50_cutmix_aa_270e.py'
_IMAGES = 128
# Steps that count, and those before them, in which the loader's stock and the GPU's libraries are filled.
_STEPS, _WARM_UP = 40, 15
_FILES = 64


def feed(folder: Path, options: Options) -> dict[int, dict[str, float]]:
    """Train by the recipe on photographs, once for each number of workers.

    Args:
        folder: An empty one for the photographs and the runs.
        options: Of the suite; ``rounds`` is no part of it.

    Returns:
        By the number of workers: seconds of a step, those of them in which the process waited for its batch, the images
        of a step and the number of steps.
    """
    root = folder / 'data'
    write_folder(jpeg_files(options.images, _FILES), root)
    files = sorted((root / 'train' / 'pictures').iterdir())
    for index in range(len(files), _IMAGES * (_STEPS + _WARM_UP)):
        os.link(files[index % len(files)], files[0].with_name(f'{index:05d}.jpg'))
    most = choose_workers(usable_cores(), cuda=True)
    found = {}
    for workers in sorted({max(1, most // 4), max(1, most // 2), most}):
        options.say(f'  the recipe, {workers} workers')
        found[workers] = _train(root, folder / f'run_{workers}', workers)
    return found


def _train(root: Path, work_dir: Path, workers: int) -> dict[str, float]:
    from agmax_mm.engine import launch
    from agmax_mm.engine.runner import Runner

    given: dict[str, Any] = {'train_dataloader.num_workers': workers, 'train_dataloader.dataset.data_root': str(root)}
    given |= {'total_batch_size': _IMAGES, 'train_cfg.max_epochs': 1, 'amp': True}
    config = launch.prepare(str(_RECIPE), str(work_dir), 'none', given)
    config.val_dataloader = config.val_cfg = config.val_evaluator = None
    runner = Runner.from_cfg(config)
    loop, loader = runner.train_loop, runner.train_loop.dataloader
    batches, step, made = loader._get_iterator, loop.run_iter, itertools.count(1)
    clock = {'waiting': 0.0, 'started': 0.0, 'ended': 0.0}

    def timed_batches() -> Iterator[Any]:
        iterator = batches()
        while True:
            started = time.perf_counter()
            batch = next(iterator, None)
            clock['waiting'] += time.perf_counter() - started
            if batch is None:
                return
            yield batch

    def run_iter(*args: Any) -> None:
        step(*args)
        number = next(made)
        if number in (_WARM_UP, _WARM_UP + _STEPS):
            torch.cuda.synchronize()
            clock['ended'] = time.perf_counter()
        if number == _WARM_UP:
            clock.update(started=clock['ended'], waiting=0.0)

    loader._get_iterator = timed_batches
    loop.run_iter = run_iter
    runner.train()
    seconds = (clock['ended'] - clock['started']) / _STEPS
    return {'step': seconds, 'waiting': clock['waiting'] / _STEPS, 'images': _IMAGES, 'steps': _STEPS}
