"""The length of a run, and the schedules of the learning rate that follow it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config

from agmax_mm.engine.config_files import parse_config_file
from agmax_mm.schedule_times import TIMES, is_warm_up, moved_times


def length_key(config: Config) -> str | None:
    """The key of ``train_cfg`` that says how long a run is: ``'max_epochs'``, ``'max_iters'``, or None without one."""
    train = config.get('train_cfg') or {}
    return next((key for key in ('max_epochs', 'max_iters') if train.get(key) is not None), None)


def run_length(config: Config) -> tuple[str, int] | None:
    """The length of a run as ``('max_epochs', 200)`` or ``('max_iters', 120000)``; None where no number says it."""
    key = length_key(config)
    value = None if key is None else config.train_cfg[key]
    return None if key is None or isinstance(value, bool) or not isinstance(value, int) else (key, value)


def schedule_length(path: Path) -> tuple[str, int] | None:
    """The length that a config's schedule was written for: that of the last file that sets ``param_scheduler``.

    Args:
        path: The config file.

    Returns:
        As :func:`run_length`; None where no file sets a schedule, or that file and its bases set no length.
    """
    file = parse_config_file(path)
    if 'param_scheduler' in file.values:
        return run_length(Config.fromfile(path))
    bases = [Path(Config._get_cfg_path(base, str(path))[0]) for base in file.bases]
    found = [length for base in bases if (length := schedule_length(base)) is not None]
    return found[-1] if found else None


def follow_length(config: Config, written_for: tuple[str, int] | None) -> list[str]:
    """Stretch or cut the schedules of a config to the length of its run, in place.

    Milestones, ends and periods keep their share of the run. A warm-up at the beginning keeps its length; where it
    would take more than half of the run it keeps its share, and it goes where less than an epoch would be left.
    Schedulers that count iterations in a run of epochs, or the reverse, stay as they are.

    Args:
        config: Has the new length.
        written_for: The length that its schedules were written for, as :func:`run_length` has it.

    Returns:
        What changed, one line each.
    """
    now = run_length(config)
    if (
        now is None
        or written_for is None
        or now == written_for
        or now[0] != written_for[0]
        or min(now[1], written_for[1]) < 1
    ):
        return []
    schedulers = config.get('param_scheduler')
    if not schedulers:
        return []
    parts = [schedulers] if isinstance(schedulers, dict) else list(schedulers)
    by_epoch, (old, new) = now[0] == 'max_epochs', (written_for[1], now[1])
    own = [part for part in parts if part.get('by_epoch', True) == by_epoch]
    warm_up = max((part['end'] for part in own if is_warm_up(part, old)), default=0)
    kept = warm_up if 2 * warm_up <= new else round(warm_up * new / old)
    fixed = {warm_up: kept if 0 < kept < new else 0} if warm_up else {}
    changes: list[str] = []
    left = []
    for part in parts:
        if part in own and is_warm_up(part, old):
            if not 0 < kept < new:
                changes.append(f'no {part["type"]} at the beginning')
                continue
            moved = {'end': kept}
        elif part in own:
            moved = moved_times(part, old, new, fixed)
        else:
            moved = {}
        changes += [
            f'{part["type"]}.{key} {part[key]} -> {value}' for key, value in moved.items() if part[key] != value
        ]
        part.update(moved)
        left.append(part)
    config.param_scheduler = left[0] if isinstance(schedulers, dict) and left else left
    unit = 'epochs' if by_epoch else 'iterations'
    if not changes:
        return []
    return [f'The schedule of {old} {unit} follows the length of {new}: {", ".join(changes)}']


def settings_of(state: Mapping[str, Any]) -> dict[str, Any]:
    """The places in time in the state of a scheduler."""
    return {key: value for key, value in state.items() if key in TIMES}


def replay(schedulers: Sequence[Any], steps: Sequence[int]) -> None:
    """Bring new schedulers to a place in the run, by making all steps up to there again.

    A scheduler computes each value from the last one. So one of another length cannot be put at a place in between.

    Args:
        schedulers: All schedulers of one optimiser, which have its first values.
        steps: Steps that each has made at that place.
    """
    slow = max((count for part, count in zip(schedulers, steps, strict=True) if part.by_epoch), default=0)
    fast = max((count for part, count in zip(schedulers, steps, strict=True) if not part.by_epoch), default=0)
    with warnings.catch_warnings():
        # The host expects a step of the optimiser before each of these.
        warnings.simplefilter('ignore')
        for epoch in range(max(slow, 1)):
            for part in schedulers:
                if not part.by_epoch:
                    for _ in range(fast * epoch // max(slow, 1), fast * (epoch + 1) // max(slow, 1)):
                        part.step()
            for part in schedulers:
                if part.by_epoch and epoch < slow:
                    part.step()
