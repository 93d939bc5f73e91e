"""Fine-tunings of all runs of a study: from each run's backbone to detections on the user's data."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from agmax_mm.detection.recipe import Length
from agmax_mm.experiments.executors import Executor
from agmax_mm.experiments.finetuning import check_data, prepare, run_all
from agmax_mm.experiments.finetuning_job import Transfer, derive_config
from agmax_mm.experiments.study import Study
from agmax_mm.experiments.training import is_complete
from agmax_mm.results.runs import Run, load_run

_PLAIN = ('task', 'detector', 'config', 'data_root', 'classes', 'annotations', 'finetune', 'batch_size', 'image_size')
_KEYS = (*_PLAIN, 'epochs', 'iters', 'options', 'metrics')


def check_transfers(study: Study) -> dict[str, str]:
    """Derive the config of each fine-tuning and look at its data, before anything is trained.

    Args:
        study: What to compare.

    Returns:
        The print of each one's data, see :func:`~agmax_mm.experiments.data_prints.data_print`.

    Raises:
        ValueError: If one of them names unknown options, metrics that its detector is not measured by, or its data,
            recipe and options don't go together.
    """
    prints = {}
    for name, options in study.transfers.items():
        try:
            config = derive_config(transfer_job(options, Path('work_dirs')))
            prints[name] = check_data(config)
            _check_metrics(options.get('metrics', []), config.val_evaluator)
        except ValueError as error:
            raise ValueError(f'transfers.{name}: {error}') from error
    return prints


def transfer_name(name: str, arm: str, seed: int) -> str:
    """The name of a run's fine-tuning, which is also its folder's place below that of the study's runs."""
    return f'transfers/{name}/{arm}-seed_{seed}'


def run_transfers(
    study: Study,
    work_dir: Path,
    *,
    executor: Executor | None = None,
    recorded: Mapping[str, Run] | None = None,
    train: bool = True,
) -> dict[str, list[Run]]:
    """Fine-tune from the last backbone of each run, with the run's seed; go on from what is there.

    Args:
        study: What was compared; all its runs are complete, but for those whose fine-tunings are recorded.
        work_dir: Folder of the runs. The fine-tunings go to folders below it, see :func:`transfer_name`.
        executor: Where the fine-tunings take place; by default on this machine, one at a time.
        recorded: Finished fine-tunings by :func:`transfer_name`, which are taken where their folder is not there or not
            finished.
        train: Whether to train what is missing.

    Returns:
        For each fine-tuning its finished runs. Their configs are named after the arms, as those of the study's runs.

    Raises:
        ValueError: If a backbone does not fit the detector, or a run fails.
    """
    recorded = recorded or {}
    found = {}
    for name, options in study.transfers.items():
        folder = work_dir / 'transfers' / name
        cells = {transfer_name(name, arm, seed): (arm, seed) for seed in study.seeds for arm in study.arms}
        complete = {one for one, (_, seed) in cells.items() if is_complete(work_dir / one / f'seed_{seed}')}
        if train:
            backbones = {
                one: work_dir / arm / f'seed_{seed}' / 'backbone_last.safetensors' for one, (arm, seed) in cells.items()
            }
            jobs = {
                one: replace(
                    transfer_job(options, work_dir / one), backbone=str(backbones[one]), seeds=(cells[one][1],)
                )
                for one in cells
                # A finished one whose backbone was removed is not looked at: its record is there.
                if one not in recorded or (one in complete and backbones[one].is_file())
            }
            prepared = [prepare(job, check=place == 0) for place, job in enumerate(jobs.values())]
            run_all(prepared, folder / 'logs', executor=executor)
            complete = set(jobs)
        runs = {
            one: load_run(work_dir / one / f'seed_{seed}', one) if one in complete else recorded[one]
            for one, (_, seed) in cells.items()
            if one in complete or one in recorded
        }
        found[name] = [
            replace(run, record={**run.record, 'config': f'{cells[one][0]}.py'}) for one, run in runs.items()
        ]
    return found


def _check_metrics(names: Sequence[str], evaluators: Any) -> None:
    beginnings: list[str] = []
    for one in [evaluators] if isinstance(evaluators, Mapping) else evaluators:
        kinds = one.get('metric', 'bbox')
        known = {
            'VOCMetric': ['pascal_voc/'],
            'CocoMetric': [f'coco/{kind}_' for kind in ([kinds] if isinstance(kinds, str) else kinds)],
        }.get(str(one.get('type')).rpartition('.')[2])
        if known is None:
            return  # what a metric of somebody's own measures shows when it has measured
        beginnings += known
    for name in names:
        if not name.startswith(tuple(beginnings)):
            raise ValueError(f'metrics: expected names that begin with {" or ".join(beginnings)}, got {name!r}')


def transfer_job(options: dict[str, Any], work_dir: Path) -> Transfer:
    """A study's fine-tuning as a job without a backbone.

    Raises:
        ValueError: If an option is unknown, or the task is not given.
    """
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
