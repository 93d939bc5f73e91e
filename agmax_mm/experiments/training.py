"""A training run as a stage of a plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mmengine.config import Config

from agmax_mm.engine.formatted_config import FormattedOnce
from agmax_mm.engine.words import SPELLINGS
from agmax_mm.experiments.call import Call
from agmax_mm.experiments.stages import Stage
from agmax_mm.fileio import RESULT_FILE


def training_stage(
    name: str, title: str, config: Path, folder: Path, seed: int, *, inputs: Any, weight: float = 1.0
) -> Stage:
    """A stage that trains a config into a folder, and goes on with what it finds there.

    Args:
        name: The stage's name.
        title: What the user reads.
        config: The config file.
        folder: Work directory of the run.
        seed: Seed of the run.
        inputs: What decides the outcome besides the seed, such as the config's hash.
        weight: About how long it takes, see :class:`~agmax_mm.experiments.stages.Stage`.
    """
    arguments = {'config_path': str(config), 'work_dir': str(folder), 'seed': seed}
    return Stage(
        name=name,
        title=title,
        action=Call('agmax_mm.experiments.training:train_or_resume', arguments),
        folder=folder,
        inputs=[inputs, seed],
        result=[folder / RESULT_FILE],
        weight=weight,
        finished=lambda: is_complete(folder),
    )


def train_or_resume(config_path: str, work_dir: str, seed: int) -> None:
    """Train a config, or go on with its newest checkpoint in ``work_dir``, unless the run is complete."""
    if is_complete(Path(work_dir)):
        return
    from agmax_mm.host_imports import quick_imports

    with quick_imports():
        from agmax_mm.engine.launch import train

    train(config_path, work_dir=work_dir, resume=True, seed=seed)


def config_text(config: Config) -> str:
    """A complete config as a file's text.

    It has none of the words for data, image size and length, which the host's configs leave behind as variables: in a
    file of its own they would be applied again.
    """
    return FormattedOnce({key: value for key, value in config.to_dict().items() if key not in SPELLINGS}).pretty_text


def read_record(folder: Path) -> dict[str, Any]:
    """The record of a run so far; empty where it has not begun."""
    path = folder / RESULT_FILE
    return json.loads(path.read_text(encoding='utf-8')) if path.is_file() else {}


def is_complete(folder: Path) -> bool:
    """Whether a folder holds a run that came to its end."""
    return read_record(folder).get('status') == 'completed'
