"""Whether a run had its recipe's settings, by the config that the host leaves beside its record."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from agmax_mm.config_text import read_config_text
from agmax_mm.recipe_files import find_recipes
from agmax_mm.results.runs import Run

# Top-level keys that say where and how a run takes place, or what it is told to people: no score depends on them.
_NO_SETTINGS = {
    'amp',
    'backend_args',
    'compile',
    'custom_imports',
    'data_root',
    'dataset_type',
    'default_hooks',
    'default_scope',
    'env_cfg',
    'experiment_name',
    'launcher',
    'log_level',
    'log_processor',
    'paper',
    'resume',
    'test_cfg',
    'test_dataloader',
    'test_evaluator',
    'test_pipeline',
    'train_pipeline',
    'vis_backends',
    'visualizer',
    'work_dir',
}
# Keys at any depth that say where the data is, and what follows from the machine: each process's share of the batch.
_PLACES = {
    'ann_file',
    'backend_args',
    'batch_size',
    'data_root',
    'num_workers',
    'outfile_prefix',
    'persistent_workers',
    'pin_memory',
    'prefetch_factor',
    'seed',
}


def is_its_recipe(run: Run) -> bool:
    """Whether a run is proven to be the recipe whose figures its record states.

    The config beside its record must equal the recipe's, but for the place of the data, the seed and the loaders'
    workers. Where it cannot be told, it is not proven. A recipe that was not run is itself.
    """
    return run.status == 'not run' or other_options(run) == []


def other_options(run: Run) -> list[str] | None:
    """The settings of a run that are not those of the recipe with its name and its paper's figures, as dotted keys.

    The run's config is read without running it.

    Returns:
        None where it cannot be told: there is no config beside the record, or no such recipe.
    """
    found = run_settings(run)
    if found is None:
        return None
    from agmax_mm.engine.config import load_config, prepare_config

    for file in find_recipes(run.record['config']):
        recipe = load_config(str(file))
        # No setting that is compared here depends on the number of processes.
        prepare_config(recipe, world_size=1)
        expected = recipe.to_dict()
        if json.dumps(expected.get('paper'), sort_keys=True) == json.dumps(run.record.get('paper'), sort_keys=True):
            return _differing([found, _flat(expected)])
    return None


def run_settings(run: Run) -> dict[str, Any] | None:
    """The options that decide a run's scores, by dotted key; None where there is no config beside its record."""
    if run.config is not None:
        return _flat(run.config)
    name = PurePath(str(run.record['config'])).name
    path = None if run.folder is None else run.folder / name
    if path is None or not name or not path.is_file():
        return None
    try:
        return _flat(read_config_text(path.read_text(encoding='utf-8'), repr(str(path))))
    except ValueError:
        return None


def differing_settings(runs: Sequence[Run]) -> dict[str, list[str]]:
    """The settings in which runs differ, as dotted keys, each with its value in every run.

    A value that a run does not have is a dash. Runs whose config cannot be read have a question mark everywhere.
    """
    settings = [run_settings(run) for run in runs]
    keys = _differing([found for found in settings if found is not None])
    return {
        key: ['?' if found is None else str(found[key]) if key in found else '–' for found in settings] for key in keys
    }


def _differing(settings: Sequence[Mapping[str, Any]]) -> list[str]:
    keys = sorted(set().union(*settings))
    # A value that is missing equals none, not even None.
    return [
        key for key in keys if any(found.get(key, math.nan) != settings[0].get(key, math.nan) for found in settings)
    ]


def _flat(config: Mapping[str, Any]) -> dict[str, Any]:
    """The options that decide scores, by dotted key."""
    flat: dict[str, Any] = {}

    def add(key: str, value: Any) -> None:
        listed = isinstance(value, list | tuple)
        items = list(enumerate(value) if listed else value.items() if isinstance(value, Mapping) else ())
        if not items:
            flat[key] = list(value) if listed else value
        for name, item in items:
            if name not in _PLACES:
                add(f'{key}.{name}', item)

    resumed = bool(config.get('resume'))
    # Each run sets this; mmdet's recipes leave it open.
    randomness = {'diff_rank_seed': True, **(config.get('randomness') or {})}
    for key, value in {**config, 'randomness': randomness}.items():
        # A resumed run names the checkpoint that it went on from.
        if key not in _NO_SETTINGS and not (key == 'load_from' and (resumed or value is None)):
            add(key, value)
    return flat
