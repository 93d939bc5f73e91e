"""Trials: a few real training steps of every recipe, through the same code as ``tools/train.py``."""

from __future__ import annotations

import datetime
import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from agmax_mm import __version__
from agmax_mm.cli import error_line
from agmax_mm.experiments.call import Call
from agmax_mm.experiments.stages import Stage
from agmax_mm.fileio import RESULT_FILE, write_text
from agmax_mm.machine import device_name, library_versions, usable_cores
from tools.recipes.recipe import Recipe, recipes, reference_options

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
    """The result of a trial.

    Attributes:
        config_sha256: Hash of the recipe that was tried; None if it could not be read.
        parameters: Parameters of the model; None if the trial failed.
        losses: Total loss of each step; None for one that is not finite.
        error: The error in one line, or None.
        seconds: Time that it took; None if it is not known.
    """

    config_sha256: str | None
    parameters: int | None
    losses: list[float | None]
    error: str | None
    seconds: float | None

    @property
    def ran(self) -> bool:
        """Whether all steps were made, with finite losses, and the evaluation after them."""
        finite = [loss for loss in self.losses if loss is not None and math.isfinite(loss)]
        return self.error is None and len(finite) == STEPS


def plan(paper: str) -> list[Trial]:
    """All trials of a paper: every recipe as it is, then some with options.

    For AgMax these are the control and the authors' form, once for each model and data set; for CutMix each method of
    the tables once with two views and agreement.

    Args:
        paper: ``'agmax'`` or ``'cutmix'``.
    """
    known = recipes(paper)
    chosen: dict[Any, Trial] = {}

    def choose(recipe: Recipe, options: dict[str, Any], *key: Any) -> None:
        if options:
            chosen.setdefault(key, Trial(recipe.path, recipe.dataset, tuple(options.items())))

    for recipe, figures in known.items():
        # The points of Figure 3 differ from the tables' recipes in a number.
        if paper == 'cutmix' and figures[0].table != 'Figure 3':
            choose(recipe, {'model.agreement': 'mi'}, recipe.methods)
        # The augmentation with the most parts stands for the others.
        elif recipe.agreement is not None and recipe.methods == ('cutmix', 'aa'):
            for options in ({'model.agreement': 'none'}, reference_options(recipe)):
                choose(recipe, options, recipe.model, recipe.dataset, *options.items())
    return [*(Trial(recipe.path, recipe.dataset) for recipe in known), *chosen.values()]


def environment() -> dict[str, str]:
    """Describe the trials: day, device, cores and versions."""
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    here = {'device': device_name(), 'cores': str(usable_cores()), 'agmax_mm': __version__}
    return {'date': day, **here, **library_versions()}


def read_outcomes(path: Path) -> tuple[dict[str, str], dict[str, Outcome]]:
    """The environment and the outcomes of an earlier run by the trials' names; empty if there was no run.

    Raises:
        ValueError: If the file holds something else.
    """
    if not path.is_file():
        return {}, {}
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        return content['environment'], {name: Outcome(**fields) for name, fields in content['trials'].items()}
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise ValueError(f'expected the outcomes of an earlier run in {str(path)!r}, got {error!r}') from None


def write_outcomes(where: Mapping[str, str], outcomes: Mapping[str, Outcome], path: Path) -> None:
    """Write what :func:`read_outcomes` reads, one trial a line."""
    lines = ',\n'.join(f'  {json.dumps(name)}: {json.dumps(asdict(outcome))}' for name, outcome in outcomes.items())
    write_text(f'{{\n "environment": {json.dumps(where)},\n "trials": {{\n{lines}\n }}\n}}\n', path)


def is_done(trial: Trial, outcomes: Mapping[str, Outcome], configs: Path) -> bool:
    """Whether a trial of this very recipe succeeded earlier."""
    outcome = outcomes.get(trial.name)
    return outcome is not None and outcome.ran and outcome.config_sha256 == _hash(configs / trial.path)


def trial_stages(
    trials: Sequence[Trial],
    data: Mapping[str, Path],
    configs: Path,
    outcomes: Mapping[str, Outcome],
    out: Path,
    folder: Path,
) -> list[Stage]:
    """Stages that try one recipe each, in this process, and add its outcome to a file.

    Args:
        trials: What to try.
        data: Folder of each data set, see :func:`tools.recipes.small_data.write_small_data`.
        configs: Folder of the configs.
        outcomes: Those of an earlier run; what succeeded is not tried again.
        out: File of the outcomes.
        folder: Folder of the stages; the name must be its alone in this process.
    """
    stages = []
    for number, trial in enumerate(trials):
        place = folder / f'{folder.name}-{number:03}'
        arguments = {
            'trial': asdict(trial),
            'data_root': str(data[trial.dataset]),
            'path': str(configs / trial.path),
            'work_dir': str(place),
            'out': str(out),
        }
        call = Call('tools.recipes.trials:try_recipe', arguments)
        finished = partial(is_done, trial, outcomes, configs)
        stages.append(Stage(place.name, trial.name, call, place, finished=finished))
    return stages


def try_recipe(trial: Mapping[str, Any], data_root: str, path: str, work_dir: str, out: str) -> None:
    """Train a recipe for :data:`STEPS` steps, evaluate it, and add the outcome to the file ``out``.

    Raises:
        Exception: Whatever the training raised, once the outcome is written.
        ValueError: If nothing was evaluated, or a loss is missing or not finite.
    """
    from agmax_mm.engine.launch import train  # the pages about trials need no libraries

    tried = Trial(trial['path'], trial['dataset'], tuple((key, value) for key, value in trial['options']))
    started = time.monotonic()
    parameters, losses = None, []
    failure: Exception | None = None
    try:
        options = {**small_run(Path(data_root), Path(work_dir).name), **dict(tried.options)}
        runner = train(path, work_dir=work_dir, seed=0, options=options)
        parameters = sum(parameter.numel() for parameter in runner.model.parameters())
        record = json.loads(Path(work_dir, RESULT_FILE).read_text(encoding='utf-8'))
        losses = [point.get('loss') for point in record['history']['train']]
        if not record['scores']['last']:
            failure = ValueError('no evaluation took place')
    # Every failure is an outcome.
    except Exception as caught:
        failure = caught
    seconds = round(time.monotonic() - started, 1)
    error = None if failure is None else error_line(failure)
    outcome = Outcome(_hash(Path(path)), parameters, losses, error, seconds)
    where, outcomes = read_outcomes(Path(out))
    write_outcomes(where, {**outcomes, tried.name: outcome}, Path(out))
    if failure is not None:
        raise failure
    if not outcome.ran:
        raise ValueError(f'expected {STEPS} finite losses, got {losses}')


def small_run(data_root: Path, name: str, steps: int = STEPS) -> dict[str, Any]:
    """Options for a few images, no workers and no files but the record; all else is the recipe's.

    Args:
        data_root: Folder of the data set.
        name: Name of the run; no two runs of a process may have the same.
        steps: Number of training steps.
    """
    options = {
        'train_dataloader.dataset.data_root': str(data_root),
        'train_dataloader.dataset.indices': steps * BATCH,
        'train_dataloader.batch_size': BATCH,
        'train_cfg.max_epochs': 1,
        'default_hooks.run_record.interval': 1,
        'default_hooks.checkpoint': None,
        # The host removes no hooks but its own; this one does nothing where there is no GPU, and shows no bar.
        'default_hooks.progress.type': 'EmptyCacheHook',
        # The host keeps loggers and visualisers by this name and the second of the start.
        'experiment_name': name,
        'log_level': 'ERROR',
    }
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        options[f'{loader}.num_workers'] = 0
    for loader in ('val_dataloader', 'test_dataloader'):
        options[f'{loader}.dataset.indices'] = BATCH
    return options


def _hash(path: Path) -> str | None:
    from agmax_mm.engine.config import load_config
    from agmax_mm.engine.hashes import config_hash

    try:
        return config_hash(load_config(str(path)))
    except ValueError:
        return None
