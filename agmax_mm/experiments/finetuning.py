"""Fine-tune a detector from a backbone: check, derive the config, train each seed, sum up."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.registry import DATASETS, MODELS, DefaultScope

from agmax_mm.detection.complete import complete_config, import_host
from agmax_mm.detection.detectors import DEFAULT_DETECTORS, recipe_of
from agmax_mm.detection.recipe import finetune_name
from agmax_mm.engine.hashes import config_hash
from agmax_mm.experiments.data_prints import data_print
from agmax_mm.experiments.executors import Executor
from agmax_mm.experiments.finetuning_job import Transfer, derive_config
from agmax_mm.experiments.stages import Pipeline, Stage
from agmax_mm.experiments.training import config_text, read_record, training_stage
from agmax_mm.fileio import write_json, write_text
from agmax_mm.results.summary import summarise
from agmax_mm.transfer.backbone import Backbone, load_backbone, read_backbone, write_backbone

_RESULT = 'transfer.json'
# What runs in one work directory have in common.
_SAME = ('task', 'config_sha256', 'backbone', 'processes')


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


def transfer(job: Transfer, *, executor: Executor | None = None) -> dict[str, Any]:
    """Run a transfer from end to end.

    Nothing is trained unless the data are complete and the backbone fits the detector.

    Returns:
        What ``transfer.json`` holds: the setup, the scores of each seed, and their mean and spread.

    Raises:
        ValueError: On anything wrong with the input, if ``work_dir`` holds another transfer, or if a run fails.
    """
    return run(prepare(job), executor=executor)


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


def run(prepared: Prepared, *, executor: Executor | None = None) -> dict[str, Any]:
    """Train and evaluate each seed; go on from what is there when resuming.

    Args:
        prepared: What to run.
        executor: Where the runs take place; by default on this machine, one at a time.

    Returns:
        What ``transfer.json`` holds.

    Raises:
        ValueError: If a run fails.
    """
    return run_all([prepared], prepared.job.work_dir / 'logs', executor=executor)[0]


def run_all(
    transfers: Sequence[Prepared],
    logs: Path,
    *,
    executor: Executor | None = None,
    after_run: Callable[[list[dict[str, Any]]], object] | None = None,
) -> list[dict[str, Any]]:
    """Run several transfers as one plan: the first seed of all, then the next one.

    Args:
        transfers: What to run.
        logs: Folder of the runs' log files.
        executor: As in :func:`run`.
        after_run: Called after each run with what all ``transfer.json`` hold.

    Returns:
        What each ``transfer.json`` holds.

    Raises:
        ValueError: If a run fails.
    """
    plans = [_stages(prepared) for prepared in transfers]

    def write(stage: Stage | None = None) -> list[dict[str, Any]]:
        results = [_result(prepared, plan) for prepared, plan in zip(transfers, plans, strict=True)]
        for prepared, result in zip(transfers, results, strict=True):
            write_json(result, prepared.job.work_dir / _RESULT)
        if stage is not None and after_run is not None:
            after_run(results)
        return results

    write()
    stages = [stage for seed in zip_longest(*plans) for stage in seed if stage is not None]
    Pipeline(stages, logs, executor=executor, keep_folders=True, after_stage=write).run()
    return write()


def _stages(prepared: Prepared) -> list[Stage]:
    """Write what the runs read, say what will be run, and return a stage for each seed."""
    job, setup = prepared.job, prepared.setup
    if prepared.backbone is not None:
        write_backbone(prepared.backbone, job.backbone_path)
    config_path = job.work_dir / f'{Path(setup["config"]).stem}.py'
    write_text(config_text(prepared.config), config_path)
    weights = prepared.backbone.summary() if prepared.backbone is not None else 'random weights'
    print(f'{weights} -> {setup["detector"]}, {len(job.seeds)} run(s), fine-tuning: {setup["finetune"]}')
    print(
        f'learning rate {setup["learning_rate"]:g} for {setup["batch_size"]} x {job.processes} x '
        f'{setup["accumulation"]} images an update (batch, processes, accumulated steps)',
        flush=True,
    )
    stages = []
    for seed in job.seeds:
        folder = job.work_dir / f'seed_{seed}'
        stage = training_stage(
            f'{job.work_dir.name}/seed_{seed}',
            f'{job.work_dir.name}, seed {seed}',
            config_path,
            folder,
            seed,
            inputs={key: setup[key] for key in _SAME},
        )
        if job.processes > 1:
            # A free port, so that two trainings can run side by side.
            launcher = ['-m', 'agmax_mm.launcher', '--nproc-per-node', str(job.processes)]
            launcher += ['--rdzv-backend', 'c10d', '--rdzv-endpoint', 'localhost:0']
            command = [sys.executable, *launcher, '-m', 'agmax_mm', 'train', str(config_path), '--launcher', 'pytorch']
            command += ['--work-dir', str(folder), '--seed', str(seed), '--resume']
            stage = replace(stage, action=command)
        stages.append(stage)
    return stages


def _result(prepared: Prepared, stages: Sequence[Stage]) -> dict[str, Any]:
    """The setup and, of the runs that are complete, the scores, their mean and their spread."""
    runs = {}
    for seed, stage in zip(prepared.job.seeds, stages, strict=True):
        record = read_record(stage.folder)
        if record.get('status') == 'completed':
            scores = {name: value for name, value in record['scores']['last'].items() if name not in ('epoch', 'iter')}
            runs[str(seed)] = {'work_dir': str(stage.folder), 'scores': scores, 'wall_time_s': record['wall_time_s']}
    return {
        **prepared.setup,
        'status': 'completed' if len(runs) == len(stages) else 'running',
        'runs': runs,
        'summary': summarise([entry['scores'] for entry in runs.values()]) if runs else {},
    }


def check_data(config: Config) -> str:
    """Read the annotations and the images' headers that a detection config trains and validates on.

    What is found is logged, one line for each annotation file.

    Returns:
        The print of the data, see :func:`~agmax_mm.experiments.data_prints.data_print`.

    Raises:
        ValueError: On files that are missing, damaged or of another size than annotated, on annotations that cannot be
            read, and on classes that the data and the config do not share.
    """
    config = copy.deepcopy(config)
    complete_config(config)
    import_host()
    with DefaultScope.overwrite_default_scope(config.get('default_scope', 'mmdet')):
        loaders = (config.train_dataloader, config.val_dataloader)
        return ' '.join(data_print(DATASETS.build(loader.dataset)) for loader in loaders)


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
    changed = [key for key in _SAME if earlier.get(key) != json.loads(json.dumps(setup[key]))]
    if changed:
        raise ValueError(f'{str(path)!r}: expected the setup it was begun with, got another {", ".join(changed)}')
