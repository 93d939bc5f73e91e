"""Fine-tune a detector from a backbone: check, derive the config, train each seed, sum up."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.registry import DATASETS, MODELS, DefaultScope

from agmax_mm.detection.complete import complete_config
from agmax_mm.detection.detectors import DEFAULT_DETECTORS, recipe_of
from agmax_mm.detection.recipe import finetune_name
from agmax_mm.engine.config import config_hash
from agmax_mm.experiments.finetuning_job import Transfer, derive_config
from agmax_mm.fileio import write_json, write_text
from agmax_mm.results.summary import summarise
from agmax_mm.transfer.backbone import Backbone, load_backbone, read_backbone, write_backbone

_RESULT = 'transfer.json'


@dataclass(frozen=True)
class Prepared:
    """A transfer that is ready to run.

    Attributes:
        job: What was asked for.
        config: The config of its runs, complete in itself.
        backbone: The weights, which fit; None for training from scratch.
        setup: What ``transfer.json`` says of the setup.
    """

    job: Transfer
    config: Config
    backbone: Backbone | None
    setup: dict[str, Any]


def transfer(job: Transfer) -> dict[str, Any]:
    """Run a transfer from end to end.

    Nothing is trained unless the data are complete and the backbone fits the detector.

    Returns:
        What ``transfer.json`` holds: the setup, the scores of each seed, and their mean and spread.

    Raises:
        ValueError: On anything wrong with the input, if ``work_dir`` holds another transfer, or if a run fails.
    """
    return run(prepare(job))


def prepare(job: Transfer, *, like: str | None = None, check: bool = True) -> Prepared:
    """Check everything that can be checked without training. Writes nothing.

    Args:
        job: What to run.
        like: When training from scratch, the backbone whose depth and width to take.
        check: Whether to read the annotations and the images' headers.

    Raises:
        ValueError: On anything wrong with the input, or if ``work_dir`` holds another transfer.
    """
    _check_work_dir(job)
    if job.finetune == 'scratch' and job.backbone is not None:
        raise ValueError(f'finetune: expected another than scratch for the backbone {job.backbone!r}')
    if job.finetune == 'frozen' and job.backbone is None:
        raise ValueError('finetune: expected full or scratch without a backbone, got frozen, which keeps random layers')
    source = job.backbone or like
    backbone = read_backbone(source) if source is not None else None
    config = derive_config(job, backbone)
    if check:
        check_data(config)
    if job.backbone is None:
        backbone = None
    if backbone is not None:
        _try_on(backbone, config)
    setup = _setup(job, config, backbone)
    _check_same_setup(job, setup)
    return Prepared(job, config, backbone, setup)


def run(prepared: Prepared) -> dict[str, Any]:
    """Train and evaluate each seed; go on from what is there when resuming.

    Returns:
        What ``transfer.json`` holds.

    Raises:
        ValueError: If a run fails.
    """
    job, config, setup = prepared.job, prepared.config, prepared.setup
    result: dict[str, Any] = {**setup, 'status': 'running', 'runs': {}, 'summary': {}}
    if not (job.resume and (job.work_dir / _RESULT).is_file()):
        write_json(result, job.work_dir / _RESULT)
    if prepared.backbone is not None:
        write_backbone(prepared.backbone, job.backbone_path)
    config_path = job.work_dir / f'{Path(setup["config"]).stem}.py'
    write_text(config.dump(), config_path)
    weights = prepared.backbone.summary() if prepared.backbone is not None else 'random weights'
    print(f'{weights} -> {setup["detector"]}, {len(job.seeds)} run(s), fine-tuning: {setup["finetune"]}')
    print(
        f'learning rate {setup["learning_rate"]:g} for {setup["batch_size"]} x {job.processes} x '
        f'{setup["accumulation"]} images an update (batch, processes, accumulated steps)',
        flush=True,
    )
    for seed in job.seeds:
        result['runs'][str(seed)] = _run_seed(job, config_path, seed)
        result['summary'] = summarise([entry['scores'] for entry in result['runs'].values()])
        result['status'] = 'completed' if len(result['runs']) == len(job.seeds) else 'running'
        write_json(result, job.work_dir / _RESULT)
    return result


def check_data(config: Config) -> None:
    """Read the annotations and the images' headers that a detection config trains and validates on.

    What is found is logged, one line for each annotation file.

    Raises:
        ValueError: On files that are missing, damaged or of another size than annotated, on annotations that cannot be
            read, and on classes that the data and the config do not share.
    """
    config = copy.deepcopy(config)
    complete_config(config)
    with DefaultScope.overwrite_default_scope(config.get('default_scope', 'mmdet')):
        for name in ('train_dataloader', 'val_dataloader'):
            DATASETS.build(config[name].dataset)


def _try_on(backbone: Backbone, config: Config) -> None:
    """Load the backbone into the detector, so that what doesn't fit is refused before any training."""
    with DefaultScope.overwrite_default_scope(config.get('default_scope', 'mmdet')):
        # A copy: the host writes into the configs of a detector's parts.
        detector = MODELS.build(copy.deepcopy(config.model))
    load_backbone(detector, backbone, config.default_hooks.backbone.get('contract', 'check'))


def _setup(job: Transfer, config: Config, backbone: Backbone | None) -> dict[str, Any]:
    # Which backbone it is does not make it another setup, only another row of the comparison.
    setup = copy.deepcopy(config)
    setup.default_hooks.backbone.checkpoint = None
    return {
        'task': job.task,
        'detector': config.model.type if job.config else job.detector or DEFAULT_DETECTORS[job.task],
        'config': job.config or recipe_of(job.task, job.detector),
        'config_sha256': config_hash(setup),
        'backbone': None if backbone is None else backbone.info,
        'finetune': 'scratch' if backbone is None else finetune_name(config),
        'batch_size': config.train_dataloader.batch_size,
        'processes': job.processes,
        'accumulation': config.optim_wrapper.get('accumulative_counts', 1),
        'learning_rate': config.optim_wrapper.optimizer.lr,
        'paper': config.get('paper'),
    }


def _check_work_dir(job: Transfer) -> None:
    if not job.resume and any(job.work_dir.glob('seed_*')):
        raise ValueError(
            f'work dir {str(job.work_dir)!r}: it holds earlier runs; give --resume to go on, or another folder'
        )


def _check_same_setup(job: Transfer, setup: dict[str, Any]) -> None:
    path = job.work_dir / _RESULT
    if not (job.resume and path.is_file()):
        return
    earlier = json.loads(path.read_text(encoding='utf-8'))
    keys = ('task', 'config_sha256', 'backbone', 'processes')
    changed = [key for key in keys if earlier.get(key) != json.loads(json.dumps(setup[key]))]
    if changed:
        raise ValueError(f'{str(path)!r}: expected the setup it was begun with, got another {", ".join(changed)}')


def _run_seed(job: Transfer, config_path: Path, seed: int) -> dict[str, Any]:
    folder = job.work_dir / f'seed_{seed}'
    record = _record(folder)
    if record.get('status') == 'completed':
        print(f'seed {seed}: finished before, {folder / "result.json"}')
    else:
        code = _call([*_command(job, config_path, folder, seed)])
        record = _record(folder)
        if code or record.get('status') != 'completed':
            raise ValueError(f'seed {seed}: training ended with code {code}, see {str(folder)!r}; --resume goes on')
    scores = {name: value for name, value in record['scores']['last'].items() if name not in ('epoch', 'iter')}
    return {'work_dir': str(folder), 'scores': scores, 'wall_time_s': record['wall_time_s']}


def _call(command: list[str]) -> int:
    """Run a command; when interrupted, let it end in order, with its record closed, before this process does."""
    process = subprocess.Popen(command, env={**os.environ, 'PYTHON': sys.executable})
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise


def _record(folder: Path) -> dict[str, Any]:
    path = folder / 'result.json'
    return json.loads(path.read_text(encoding='utf-8')) if path.is_file() else {}


def _command(job: Transfer, config_path: Path, folder: Path, seed: int) -> Iterator[str]:
    if job.processes > 1:
        yield from ('bash', str(job.root / 'tools' / 'dist_train.sh'), str(config_path), str(job.processes))
    else:
        yield from (sys.executable, str(job.root / 'tools' / 'train.py'), str(config_path))
    yield from ('--work-dir', str(folder), '--seed', str(seed), '--resume')
