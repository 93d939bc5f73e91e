"""Hashes of configs: which runs are repeats of one another."""

from __future__ import annotations

import hashlib
from typing import Any

from mmengine.config import Config

from agmax_mm.engine.formatted_config import FormattedOnce
from agmax_mm.schedule_times import TIMES

# Where and how a run takes place does not make it another run.
_NOT_HASHED = (
    'work_dir',
    'experiment_name',
    'resume',
    'launcher',
    'log_level',
    'env_cfg',
    'visualizer',
    'amp',
    'compile',
    'hang_timeout',
)
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
_LOADER_KEYS = ('num_workers', 'persistent_workers', 'pin_memory', 'prefetch_factor')
# Hooks of a run on several processes: running statistics differ from one to another, and validation and checkpoints
# must not depend on which it is; one that hangs ends all.
HOOKS_OF_SEVERAL = {'sync_buffers': {'type': 'SyncBuffersHook'}, 'watch': {'type': 'agmax_mm.WatchHook'}}


def config_hash(config: Config) -> str:
    """SHA-256 of what makes a run: the resolved config without where, how and from which seed it is run.

    Runs of equal hashes are repeats. Other data, ``data_root``, make another run.
    """
    return _sha256(_hashed(config))


def setup_hash(config: Config) -> str:
    """SHA-256 of what :func:`config_hash` takes, but for the length of the run and what follows from it."""
    content = _hashed(config)
    for key in ('max_epochs', 'max_iters'):
        (content.get('train_cfg') or {}).pop(key, None)
    schedulers = content.get('param_scheduler') or []
    for part in [schedulers] if isinstance(schedulers, dict) else schedulers:
        for key in TIMES:
            part.pop(key, None)
    return _sha256(content)


def _sha256(content: dict[str, Any]) -> str:
    return hashlib.sha256(FormattedOnce(content).pretty_text.encode()).hexdigest()


def _hashed(config: Config) -> dict[str, Any]:
    """Return the part of a config that decides which run it is."""
    content = {key: value for key, value in config.to_dict().items() if key not in _NOT_HASHED}
    if 'randomness' in content:
        content['randomness'] = {**content['randomness'], 'seed': None}
    if config.get('resume') or content.get('load_from') is None:
        content.pop('load_from', None)
    for name in LOADERS:
        for key in _LOADER_KEYS:
            (content.get(name) or {}).pop(key, None)
    for name in HOOKS_OF_SEVERAL:
        (content.get('default_hooks') or {}).pop(name, None)
    if 'total_batch_size' in content:
        # Each process's share depends on their number.
        content['train_dataloader'].pop('batch_size', None)
    return content
