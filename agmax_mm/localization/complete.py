"""Completion of configs that measure localisation: the training images that the centre box is fitted to."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config

HOOKS: dict[str, dict[str, Any]] = {}

_METRIC = 'LocalizationMetric'


def import_host() -> None:
    """Nothing: the runs need no more of the host than classification."""


def check_config(config: Config) -> None:
    """Nothing to check: data sets and metric check themselves."""


def complete_config(config: Config) -> None:
    """Tell each localisation metric of the training set, under the pipeline of its own images, in place."""
    for split in ('val', 'test'):
        for metric in _metrics(config.get(f'{split}_evaluator')):
            if 'training' not in metric:
                metric.training = training_set(config, split)


def training_set(config: Config, split: str = 'test') -> dict[str, Any] | None:
    """The config's training set under the pipeline of another split; None where it has none."""
    training = (config.get('train_dataloader') or {}).get('dataset')
    measured = (config.get(f'{split}_dataloader') or {}).get('dataset')
    if not training or not measured or 'pipeline' not in measured:
        return None
    found = {**copy.deepcopy(training), 'pipeline': copy.deepcopy(measured.pipeline)}
    found.pop('in_memory', None)  # each image is looked at once
    return found


def _metrics(evaluator: Any) -> Iterator[Any]:
    for metric in evaluator if isinstance(evaluator, list | tuple) else [evaluator]:
        if isinstance(metric, dict) and str(metric.get('type')).rpartition('.')[2] == _METRIC:
            yield metric
