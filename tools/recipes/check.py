"""Trials: a few real training steps of every recipe, through the same code as ``tools/train.py``."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mmengine.registry import DefaultScope

from agmax_mm.cli import error_line
from agmax_mm.engine.config import config_hash, load_config
from agmax_mm.engine.launch import train
from agmax_mm.fileio import RESULT_FILE
from agmax_mm.registry import MODELS

STEPS = 2
BATCH = 4


@dataclass(frozen=True)
class Trial:
    """A recipe to try, as it is or with options.

    Attributes:
        path: The recipe's config below ``configs/``.
        dataset: Its data set: ``'imagenet'``, ``'cifar10'`` or ``'cifar100'``.
        options: ``--cfg-options`` by key.
    """

    path: str
    dataset: str
    options: tuple[tuple[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """The config below ``configs/`` and the options."""
        return ' '.join([self.path, *(f'{key}={value}' for key, value in self.options)])


@dataclass(frozen=True)
class Outcome:
    """What a trial came to.

    Attributes:
        config_sha256: Hash of the recipe that was tried.
        parameters: Parameters of the model, or None if it could not be built.
        losses: Total loss of each step.
        error: What went wrong, in one line, or None.
        environment: Versions and device.
        seconds: Time that it took.
    """

    config_sha256: str | None
    parameters: int | None
    losses: list[float | None]
    error: str | None
    environment: dict[str, str]
    seconds: float

    @property
    def ran(self) -> bool:
        """Whether all steps were made, with finite losses, and the evaluation after them."""
        finite = [loss for loss in self.losses if loss is not None and math.isfinite(loss)]
        return self.error is None and len(finite) == STEPS


def read_outcomes(path: Path) -> dict[str, Outcome]:
    """The outcomes of an earlier run by the trials' names; none if there was no run.

    Raises:
        ValueError: If the file holds something else.
    """
    if not path.is_file():
        return {}
    try:
        return {name: Outcome(**fields) for name, fields in json.loads(path.read_text(encoding='utf-8')).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f'expected the outcomes of an earlier run in {str(path)!r}, got {error}') from None


def as_json(outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    """What :func:`read_outcomes` reads."""
    return {name: asdict(outcome) for name, outcome in outcomes.items()}


def is_done(trial: Trial, outcomes: Mapping[str, Outcome], configs: Path) -> bool:
    """Whether a trial of this very recipe succeeded earlier."""
    outcome = outcomes.get(trial.name)
    return outcome is not None and outcome.ran and outcome.config_sha256 == _hash(configs / trial.path)


def run_trials(trials: list[Trial], data: Mapping[str, Path], configs: Path) -> Iterator[tuple[Trial, Outcome]]:
    """Try one recipe after the other.

    Args:
        trials: What to try.
        data: Folder of each data set, see :func:`tools.recipes.small_data.write_small_data`.
        configs: Folder of the configs.

    Yields:
        Each trial with its outcome; errors are part of it.
    """
    for trial in trials:
        work_dir = Path(tempfile.mkdtemp(prefix='trial-'))
        try:
            yield trial, _try(trial, data[trial.dataset], configs, work_dir)
        finally:
            shutil.rmtree(work_dir, ignore_errors=True)


def _try(trial: Trial, data_root: Path, configs: Path, work_dir: Path) -> Outcome:
    path = str(configs / trial.path)
    started = time.monotonic()
    parameters, losses, error = None, [], None
    environment: dict[str, str] = {}
    try:
        runner = train(path, work_dir=str(work_dir), seed=0, options=_options(trial, data_root, work_dir))
        parameters = _count(runner.model)
        record = json.loads((work_dir / RESULT_FILE).read_text(encoding='utf-8'))
        losses = [point.get('loss') for point in record['history']['train']]
        environment = {'device': record['device'], 'agmax_mm': record['package_version'], **record['versions']}
        if not record['scores']['last']:
            error = 'no evaluation took place'
    # One recipe that fails, however it does, must not keep the others from being tried.
    except Exception as caught:
        error = error_line(caught)
        parameters = _build(path, trial)
    return Outcome(_hash(Path(path)), parameters, losses, error, environment, round(time.monotonic() - started, 1))


def _options(trial: Trial, data_root: Path, work_dir: Path) -> dict[str, Any]:
    """A few images, no workers and no files but the record; the rest is the recipe's."""
    options = {
        'train_dataloader.dataset.data_root': str(data_root),
        'train_dataloader.dataset.indices': STEPS * BATCH,
        'train_dataloader.batch_size': BATCH,
        'train_cfg.max_epochs': 1,
        'default_hooks.run_record.interval': 1,
        'default_hooks.checkpoint': None,
        # The host removes no hooks but its own; this one does nothing where there is no GPU, and shows no bar.
        'default_hooks.progress.type': 'EmptyCacheHook',
        # The host keeps loggers and visualisers by this name and the second of the start.
        'experiment_name': work_dir.name,
        'log_level': 'ERROR',
    }
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        options[f'{loader}.num_workers'] = 0
    for loader in ('val_dataloader', 'test_dataloader'):
        options[f'{loader}.dataset.indices'] = BATCH
    return {**options, **dict(trial.options)}


def _build(path: str, trial: Trial) -> int | None:
    """The parameters of a recipe's model, or None if it cannot be built."""
    try:
        config = load_config(path, dict(trial.options))
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            return _count(MODELS.build({**config.model, 'data_preprocessor': config.data_preprocessor}))
    except Exception:  # the trial has failed already and tells why
        return None


def _count(model: Any) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def _hash(path: Path) -> str | None:
    try:
        return config_hash(load_config(str(path)))
    except ValueError:
        return None
