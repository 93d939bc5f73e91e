"""A training up to its first step, in a process of its own: ``python -m benchmarks.suites.first_step CONFIG DIR``."""

from __future__ import annotations

import itertools
import json
import sys
import time
from pathlib import Path
from typing import Any

_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


class _Done(Exception):
    """The first step has ended."""


def main(config_path: str, folder: str) -> None:
    """Train on ``DIR/data`` for a step; write the processor's seconds of each stage to ``DIR/stages.json``."""
    marks: list[tuple[str, float]] = [('', time.process_time())]
    import torch

    torch.set_num_threads(1)
    marks.append(('import torch', time.process_time()))
    import mmengine.runner  # noqa: F401

    marks.append(('import mmengine', time.process_time()))
    from agmax_mm.host_imports import quick_imports

    with quick_imports():
        from agmax_mm.engine import launch
        from agmax_mm.engine.runner import Runner

    marks.append(('import the rest', time.process_time()))
    options: dict[str, Any] = {f'{name}.num_workers': 0 for name in _LOADERS}
    options |= {'train_dataloader.dataset.data_root': f'{folder}/data', 'train_dataloader.batch_size': 4}
    config = launch.prepare(config_path, f'{folder}/run', 'none', options)
    marks.append(('read the config', time.process_time()))
    runner = Runner.from_cfg(config)
    marks.append(('build the runner and the model', time.process_time()))

    def stop(*args: Any, **kwargs: Any) -> None:
        marks.append(('start training, first step', time.process_time()))
        raise _Done

    runner.hooks[-1].after_train_iter = stop
    try:
        runner.train()
    except _Done:
        stages = {name: now - then for (_, then), (name, now) in itertools.pairwise(marks)}
        (Path(folder) / 'stages.json').write_text(json.dumps(stages), encoding='utf-8')


if __name__ == '__main__':
    main(*sys.argv[1:])
