"""The runs of a study, as stages that resume."""

from __future__ import annotations

import copy
import tempfile
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from mmengine.config import Config

from agmax_mm.cli import error_line
from agmax_mm.engine.config import load_config
from agmax_mm.engine.hashes import config_hash
from agmax_mm.engine.launch import prepare
from agmax_mm.engine.runner import Runner
from agmax_mm.engine.switches import complete_switches
from agmax_mm.experiments.data_prints import data_print
from agmax_mm.experiments.executors import Executor
from agmax_mm.experiments.stages import Pipeline, Stage
from agmax_mm.experiments.study import Study
from agmax_mm.experiments.training import config_text, is_complete, training_stage
from agmax_mm.fileio import write_text
from agmax_mm.results.runs import Run, load_run

_DATA_ROOT = 'train_dataloader.dataset.data_root'


@dataclass(frozen=True)
class BuiltArm:
    """What building an arm has shown.

    Attributes:
        parameters: The number of the model's parameters.
        data: The print of its data, see :func:`~agmax_mm.experiments.data_prints.data_print`.
    """

    parameters: int
    data: str


def run_study(
    study: Study,
    work_dir: Path,
    after_run: Callable[[list[Run]], object],
    *,
    executor: Executor | None = None,
    recorded: Mapping[str, Run] | None = None,
    train: bool = True,
) -> list[Run]:
    """Train what is not trained yet: the first seed of all arms, then the next one.

    Each run is that of ``tools/train.py`` with the arm's config ``<work_dir>/<arm>/<arm>.py``, in ``seed_<seed>``
    beside it. Finished runs are taken as they are, interrupted ones go on. A run that fails does not keep the others
    from being trained.

    Args:
        study: What to train; :func:`check_arms` finds mistakes in it.
        work_dir: Folder of all runs.
        after_run: Called with the finished runs, before the first one that is missing and after each.
        executor: Where the runs take place; by default on this machine, one at a time.
        recorded: Finished runs by name, which are taken where their folder is not there or not finished.
        train: Whether to train what is missing.

    Returns:
        The finished runs, seed by seed; their names are ``<arm>/seed_<seed>``, their configs ``<arm>.py``.

    Raises:
        ValueError: If an arm's options don't fit the base, ``work_dir`` holds runs of another setup, or runs fail.
    """
    recorded = recorded or {}
    stages = plan_study(study, work_dir)
    taken = {stage.name for stage in stages if stage.name in recorded and not is_complete(stage.folder)}

    def finished() -> list[Run]:
        return [
            recorded[stage.name] if stage.name in taken else load_run(stage.folder, stage.name)
            for stage in stages
            if stage.name in taken or pipeline.is_done(stage)
        ]

    pipeline = Pipeline(
        [stage for stage in stages if stage.name not in taken],
        work_dir / 'logs',
        executor=executor,
        keep_going=True,
        keep_folders=True,
        after_stage=lambda stage: after_run(finished()),
    )
    if train:
        after_run(finished())
        pipeline.run()
    return finished()


def plan_study(study: Study, work_dir: Path) -> list[Stage]:
    """Write the arms' configs, and return a stage for each run.

    Raises:
        ValueError: As :func:`run_study`.
    """
    paths = {arm: _write_config(study, arm, work_dir / arm) for arm in study.arms}
    configs = {arm: Config.fromfile(path) for arm, path in paths.items()}
    return [
        training_stage(
            f'{arm}/seed_{seed}',
            f'{arm}, seed {seed}',
            paths[arm],
            work_dir / arm / f'seed_{seed}',
            seed,
            inputs=config_hash(configs[arm]),
            weight=_work(configs[arm]),
        )
        for seed in study.seeds
        for arm in study.arms
    ]


def check_arms(study: Study) -> dict[str, BuiltArm]:
    """Build everything that the runs of every arm build, so that a mistake is found before the first arm trains.

    That is the model, the data sets, the optimiser, the schedules and the hooks. A data set that several arms
    share is read once. Nothing is kept.

    Returns:
        What was built, arm by arm.

    Raises:
        ValueError: With the mistakes of all arms.
    """
    built, errors = {}, []
    data: dict[str, tuple[Any, str]] = {}
    for arm in study.arms:
        try:
            built[arm] = _build(study, arm, data)
        # Whatever a builder raises, the arm's name helps.
        except Exception as error:
            errors.append(f'{arm}: {error_line(error)}')
    if errors:
        raise ValueError('; '.join(errors))
    return built


def _build(study: Study, arm: str, data: dict[str, tuple[Any, str]]) -> BuiltArm:
    """Build an arm with data sets that were built before, by their configs, or will be later."""
    with tempfile.TemporaryDirectory() as folder:
        # The host keeps loggers by the experiment's name.
        options = {**_options(study, arm), 'log_level': 'ERROR', 'experiment_name': Path(folder).name}
        runner = Runner.from_cfg(prepare(str(study.base), folder, 'none', options))
        # As configs: the runner's public names of them would build each arm's data anew.
        prints = []
        for loader in (runner._train_dataloader, runner._val_dataloader):
            if loader is not None:
                key = repr(loader['dataset'])
                if key not in data:
                    dataset = runner.build_dataloader(copy.deepcopy(loader)).dataset
                    data[key] = dataset, data_print(dataset)
                loader['dataset'] = data[key][0]
                prints.append(data[key][1])
        assert runner.train_loop
        runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
        if runner.param_schedulers is not None:
            runner.build_param_scheduler(runner.param_schedulers)
        return BuiltArm(sum(parameter.numel() for parameter in runner.model.parameters()), ' '.join(prints))


def _write_config(study: Study, arm: str, folder: Path) -> Path:
    """Write the arm's whole config, unless runs have begun with one that says something else."""
    try:
        text = config_text(load_config(str(study.base), _options(study, arm)))
    except ValueError as error:
        raise ValueError(f'{arm}: {error}') from error
    path = folder / f'{arm}.py'
    if path.is_file():
        earlier = path.read_text(encoding='utf-8').splitlines()
        for old, new in zip_longest(earlier, text.splitlines(), fillvalue=''):
            if old != new:
                raise ValueError(
                    f'{arm}: expected the setup that {str(folder)!r} was begun with, which has {_short(old)}, got '
                    f'{_short(new)}; another --work-dir begins anew'
                )
    else:
        write_text(text, path)
    return path


def _options(study: Study, arm: str) -> dict[str, Any]:
    place = {} if study.data_root is None else {_DATA_ROOT: study.data_root}
    return {**study.options, **study.arms[arm], **place}


def _work(config: Config) -> float:
    """About how long a run takes, in epochs of one view."""
    complete = copy.deepcopy(config)
    complete_switches(complete)
    views = [step.get('num_views', 1) for step in complete.train_dataloader.dataset.get('pipeline', [])]
    return float(config.train_cfg.get('max_epochs') or 1) * max(views, default=1)


def _short(line: str) -> str:
    return repr(textwrap.shorten(line, 60, placeholder=' ...'))
