"""Fine-tunings of all runs of a study: from each run's backbone to detections on the user's data."""

from __future__ import annotations

import difflib
from dataclasses import replace
from pathlib import Path
from typing import Any

from agmax_mm.detection.recipe import Length
from agmax_mm.experiments.executors import Executor
from agmax_mm.experiments.finetuning import check_data, prepare, run_all
from agmax_mm.experiments.finetuning_job import Transfer, derive_config
from agmax_mm.experiments.study import Study
from agmax_mm.results.runs import Run, load_run

_PLAIN = ('task', 'detector', 'config', 'data_root', 'classes', 'annotations', 'finetune', 'batch_size', 'image_size')
_KEYS = (*_PLAIN, 'epochs', 'iters', 'options')


def check_transfers(study: Study) -> None:
    """Derive the config of each fine-tuning and look at its data, before anything is trained.

    Args:
        study: What to compare.

    Raises:
        ValueError: If one of them names unknown options, or its data, recipe and options don't go together.
    """
    for name, options in study.transfers.items():
        try:
            check_data(derive_config(_job(options, Path('work_dirs'))))
        except ValueError as error:
            raise ValueError(f'transfers.{name}: {error}') from error


def run_transfers(study: Study, work_dir: Path, *, executor: Executor | None = None) -> dict[str, list[Run]]:
    """Fine-tune from the last backbone of each run, with the run's seed; go on from what is there.

    Args:
        study: What was compared; all its runs are complete.
        work_dir: Folder of the runs. The fine-tunings go to ``transfers/<name>/<arm>-seed_<seed>`` below it.
        executor: Where the fine-tunings take place; by default on this machine, one at a time.

    Returns:
        For each fine-tuning its finished runs. Their configs are named after the arms, as those of the study's runs.

    Raises:
        ValueError: If a backbone does not fit the detector, or a run fails.
    """
    found = {}
    for name, options in study.transfers.items():
        folder = work_dir / 'transfers' / name
        cells = [(arm, seed) for seed in study.seeds for arm in study.arms]
        jobs = [
            replace(
                _job(options, folder / f'{arm}-seed_{seed}'),
                backbone=str(work_dir / arm / f'seed_{seed}' / 'backbone_last.safetensors'),
                seeds=(seed,),
            )
            for arm, seed in cells
        ]
        run_all([prepare(job, check=job is jobs[0]) for job in jobs], folder / 'logs', executor=executor)
        runs = [load_run(job.work_dir / f'seed_{job.seeds[0]}', job.work_dir.name) for job in jobs]
        found[name] = [
            replace(run, record={**run.record, 'config': f'{arm}.py'})
            for run, (arm, _) in zip(runs, cells, strict=True)
        ]
    return found


def _job(options: dict[str, Any], work_dir: Path) -> Transfer:
    for key in options:
        if key not in _KEYS:
            nearest = difflib.get_close_matches(key, _KEYS, n=1, cutoff=0.0)[0]
            raise ValueError(f'unknown key {key!r}, the nearest known one is {nearest!r}')
    if 'task' not in options:
        raise ValueError("expected task='voc' or task='coco', got none")
    plain = {key: options[key] for key in _PLAIN if key in options}
    return Transfer(
        backbone=None,
        work_dir=work_dir,
        length=Length(options.get('epochs'), options.get('iters')),
        options=options.get('options', {}),
        resume=True,
        **plain,
    )
