"""From a config file to a finished run."""

from __future__ import annotations

import contextlib
import os
import warnings
from pathlib import Path
from typing import Any

from mmengine.config import Config

from agmax_mm.checkpoints.files import newest_checkpoint
from agmax_mm.engine.check_config import check_config
from agmax_mm.engine.config import load_config, prepare_config, skip_missing_validation
from agmax_mm.engine.formatted_config import FormattedOnce
from agmax_mm.engine.hashes import setup_hash
from agmax_mm.engine.hooks.run_record import mark_unfinished
from agmax_mm.engine.runner import EvaluationRunner, Runner
from agmax_mm.engine.stopping import Stopped
from agmax_mm.engine.tasks import import_task
from agmax_mm.engine.work_dir import check_earlier_folder, check_work_dir, clear_work_dir, default_work_dir
from agmax_mm.fileio import write_json
from agmax_mm.locks import locked
from agmax_mm.ranks import restarts
from agmax_mm.signals import stops_handled


def train(
    config_path: str,
    *,
    work_dir: str | None = None,
    resume: str | bool = False,
    amp: bool = False,
    seed: int | None = None,
    launcher: str = 'none',
    options: dict[str, Any] | None = None,
    force: bool = False,
) -> Runner:
    """Train a config of any kind: classification or detection.

    Args:
        config_path: The config file.
        work_dir: Folder of the outputs, ``work_dirs/<family>/<config's name>`` by default.
        resume: Checkpoint to go on from, or ``True`` for the newest one of ``work_dir``, if there is one. Processes
            that torchrun has started again take the newest one in any case.
        amp: Train in mixed precision where that is faster.
        seed: Seed of all random generators; a random one is drawn, and recorded, by default.
        launcher: ``'none'``, ``'pytorch'``, ``'slurm'`` or ``'mpi'``.
        options: Dotted config keys and their values.
        force: Take ``work_dir`` although it holds another run, which is removed unless it is resumed.

    Raises:
        ValueError: On anything wrong with the config, its data or a checkpoint, or if ``work_dir`` holds another run,
            which may be going on.
        KeyboardInterrupt: On a signal; the run was saved first if it had begun.
    """
    notes: list[str] = []
    config = prepare(config_path, work_dir, launcher, options, notes)
    skipped = skip_missing_validation(config)
    restarted = restarts() > 0 and newest_checkpoint(config.work_dir) is not None
    if restarted:
        # torchrun repeats the command as it was given; what these processes have done is not to be done again.
        resume = True
    if amp:
        config.amp = config.get('amp') or True
    config.resume = bool(resume) or config.get('resume', False)
    if isinstance(resume, str):
        if not Path(resume).is_file():
            raise ValueError(f'--resume: expected a checkpoint file, got {resume!r}, which does not exist')
        config.load_from = resume
    # Ranks must not augment alike.
    config.randomness = {'seed': None, 'diff_rank_seed': True, **config.get('randomness', {})}
    if seed is not None:
        config.randomness.seed = seed
    if resume is True and work_dir is None:
        check_earlier_folder(config.work_dir, config_path)
    with contextlib.ExitStack() as stack:
        if _is_first_process(launcher):
            stack.enter_context(locked(Path(config.work_dir), 'agmax-mm train'))
        return _run(config, force=force or restarted, skipped=skipped, notes=notes)


def _run(config: Config, *, force: bool, skipped: str | None, notes: list[str]) -> Runner:
    """Train a complete config in a folder that is this run's alone."""
    if not force:
        check_work_dir(config, resume=bool(config.resume))
    setup = setup_hash(config)
    runner = Runner.from_cfg(config)
    runner.setup_sha256 = setup
    if force and not config.resume:
        clear_work_dir(runner.work_dir)
    if skipped:
        runner.logger.warning(skipped)
    for note in notes:
        runner.logger.info(note)
    try:
        with stops_handled(runner.stop_request.note):
            runner.train()
    except Stopped:
        mark_unfinished(runner.work_dir, 'interrupted')
        runner.stop_request.wait_for_all()
        raise
    except KeyboardInterrupt:
        mark_unfinished(runner.work_dir, 'interrupted')
        raise
    except Exception:
        mark_unfinished(runner.work_dir, 'failed')
        raise
    return runner


def evaluate(
    config_path: str,
    checkpoint: str,
    *,
    work_dir: str | None = None,
    out: str | None = None,
    launcher: str = 'none',
    options: dict[str, Any] | None = None,
) -> dict[str, float]:
    """Evaluate a checkpoint on the config's test set.

    Args:
        config_path: The config file.
        checkpoint: Checkpoint of a model of this config.
        work_dir: Folder of the logs, ``work_dirs/<family>/<config's name>`` by default.
        out: JSON file for the metrics.
        launcher: ``'none'``, ``'pytorch'``, ``'slurm'`` or ``'mpi'``.
        options: Dotted config keys and their values.

    Returns:
        The metrics by name.

    Raises:
        ValueError: On anything wrong with the config, its data or the checkpoint.
    """
    config = prepare(config_path, work_dir, launcher, options)
    config.load_from = checkpoint
    runner = EvaluationRunner.from_cfg(config)
    metrics = {name: float(value) for name, value in runner.test().items()}
    if out is not None and runner.rank == 0:
        write_json(metrics, out)
    return metrics


def prepare(
    config_path: str,
    work_dir: str | None,
    launcher: str,
    options: dict[str, Any] | None,
    notes: list[str] | None = None,
) -> Config:
    """Read a config and complete it for a run; arguments and errors as in :func:`train`.

    Args:
        config_path: The config file.
        work_dir: Folder of the outputs.
        launcher: What started the processes.
        options: Dotted config keys and their values.
        notes: Takes a line for each change that a user may not expect.
    """
    # Recipes pin memory for the sake of GPUs; torch says at every loader that it doesn't without one.
    warnings.filterwarnings('ignore', message="'pin_memory' argument is set as true")
    # The host's wrapper for several processes has an option of torch that now has another name.
    warnings.filterwarnings('ignore', message='`broadcast_buffers` is deprecated')
    notes = [] if notes is None else notes
    config = FormattedOnce.of(load_config(config_path, options, notes))
    import_task(config)
    world_variable = {'pytorch': 'WORLD_SIZE', 'slurm': 'SLURM_NTASKS', 'mpi': 'OMPI_COMM_WORLD_SIZE'}
    notes += prepare_config(config, world_size=int(os.environ.get(world_variable.get(launcher, ''), '1')))
    check_config(config)
    config.launcher = launcher
    config.work_dir = work_dir or config.get('work_dir') or default_work_dir(config_path)
    return config


def _is_first_process(launcher: str) -> bool:
    variable = {'pytorch': 'RANK', 'slurm': 'SLURM_PROCID', 'mpi': 'OMPI_COMM_WORLD_RANK'}.get(launcher, '')
    return os.environ.get(variable, '0') == '0'
