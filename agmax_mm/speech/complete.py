"""Completion of the configs for speech: where the noise lies."""

from __future__ import annotations

from typing import Any

from mmengine.config import Config

# Hooks of every run.
HOOKS: dict[str, dict[str, Any]] = {}


def import_host() -> None:
    """Nothing: speech needs no part of the host that classification lacks."""


def check_config(config: Config) -> None:
    """Nothing to check: the data set looks at its files when it is built."""


def complete_config(config: Config) -> None:
    """Let noise come from the folder of the training data, in place, where it has no other."""
    dataset = (config.get('train_dataloader') or {}).get('dataset') or {}
    for step in (config.get('data_preprocessor') or {}).get('train_steps', ()):
        if str(step.get('type')).rpartition('.')[2] == 'BackgroundNoise' and step.get('data_root') is None:
            step['data_root'] = dataset.get('data_root')
