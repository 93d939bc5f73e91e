"""The records of a study's runs in one small file beside its table: what is left of them without their folders.

The file has one line for each run and each fine-tuning: its name, the key of its setup, and the part of its record
that tables and curves need. A study takes finished runs from it, so it goes on where their folders are not: on another
machine, or after they were removed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agmax_mm.engine.config import load_config
from agmax_mm.engine.hashes import config_hash
from agmax_mm.experiments.data_prints import sha256_of
from agmax_mm.experiments.finetuning_job import derive_config
from agmax_mm.experiments.study import Study
from agmax_mm.experiments.study_transfers import transfer_job, transfer_name
from agmax_mm.fileio import write_text
from agmax_mm.results.record_check import check_result
from agmax_mm.results.runs import Run

_KEPT = (
    *('config', 'config_sha256', 'package_version', 'versions', 'seed', 'device', 'world_size', 'amp', 'metrics'),
    *('status', 'wall_time_s', 'peak_memory_mb', 'iterations', 'epochs', 'scores'),
)
_TRAIN_POINTS = 30


def records_path(stem: Path) -> Path:
    """The file beside the table ``<stem>.md``."""
    return stem.with_name(f'{stem.name}.runs.jsonl')


def run_keys(study: Study, data: Mapping[str, str], tuned_on: Mapping[str, str]) -> dict[str, str]:
    """What decides the outcome of each run and fine-tuning besides its seed, as SHA-256 by its name.

    That is the arm's whole config, but not where ``--data-root`` says that the data lie, and the data's own print.
    A fine-tuning's key holds its run's key, its own whole config and the print of its own data.

    Args:
        study: What is compared.
        data: The print of each arm's data, see :func:`~agmax_mm.experiments.data_prints.data_print`.
        tuned_on: That of each fine-tuning's.
    """
    keys = {}
    for arm, own in study.arms.items():
        key = sha256_of([config_hash(load_config(str(study.base), {**study.options, **own})), data[arm]])
        tuned = {
            name: sha256_of([key, config_hash(derive_config(transfer_job(options, Path('work_dirs')))), tuned_on[name]])
            for name, options in study.transfers.items()
        }
        for seed in study.seeds:
            keys[f'{arm}/seed_{seed}'] = key
            keys |= {transfer_name(name, arm, seed): own_key for name, own_key in tuned.items()}
    return keys


def read_records(path: Path, keys: Mapping[str, str]) -> dict[str, Run]:
    """The finished runs in a file of records whose setup is still that of the study, by name.

    Args:
        path: The file; it need not be there.
        keys: Those of :func:`run_keys`. A run of another key is left out.

    Raises:
        ValueError: If the file is damaged.
    """
    return {
        line['run']: Run(line['run'], line['record'])
        for line in _read_lines(path)
        if keys.get(line['run']) == line['key']
    }


def takeable_runs(study: Study, recorded: Mapping[str, Run]) -> dict[str, Run]:
    """The recorded runs that nothing is missing of; a fine-tuning that is not recorded needs its run's backbone."""
    found = {}
    for arm in study.arms:
        for seed in study.seeds:
            run = recorded.get(f'{arm}/seed_{seed}')
            if run is not None and all(transfer_name(name, arm, seed) in recorded for name in study.transfers):
                found[run.name] = run
    return found


def write_records(path: Path, runs: Sequence[Run], keys: Mapping[str, str]) -> None:
    """Write the records of finished runs, and keep those of the file that the study's part does not have.

    Args:
        path: The file.
        runs: Finished runs and fine-tunings, by the names of :func:`run_keys`.
        keys: Those of :func:`run_keys`.
    """
    lines = {line['run']: line for line in _read_lines(path)}
    lines |= {run.name: {'run': run.name, 'key': keys[run.name], 'record': _small(run.record)} for run in runs}
    ordered = sorted(lines.values(), key=lambda line: ('/' in line['run'].partition('/')[2], line['run']))
    write_text(''.join(f'{json.dumps(line, separators=(",", ":"))}\n' for line in ordered), path)


def _read_lines(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    lines = []
    for number, text in enumerate(path.read_text(encoding='utf-8').splitlines(), start=1):
        place = Path(f'{path}, line {number}')
        try:
            line = json.loads(text)
            name, key, record = line['run'], line['key'], line['record']
        except (ValueError, KeyError, TypeError):
            raise ValueError(f'records: expected run, key and record in {str(place)!r}, got {text[:60]!r}') from None
        check_result(record, place)
        lines.append({'run': str(name), 'key': str(key), 'record': record})
    return lines


def _small(record: Mapping[str, Any]) -> dict[str, Any]:
    """What tables and curves need of a record; of the training's curve some points of the loss."""
    train = [point for point in record['history']['train'] if point.get('loss') is not None]
    chosen: Any = np.unique(np.linspace(0, len(train) - 1, min(len(train), _TRAIN_POINTS)).astype(int)) if train else []
    points = [
        {key: _rounded(point[key]) for key in ('iter', 'epoch', 'loss', 'loss_cls') if key in point}
        for point in (train[place] for place in chosen)
    ]
    kept = {key: record[key] for key in _KEPT if key in record}
    return {**kept, 'history': {'train': points, 'val': record['history']['val']}}


def _rounded(value: Any) -> Any:
    return float(f'{value:.5g}') if isinstance(value, float) else value
