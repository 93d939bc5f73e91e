"""The places in time of the host's schedulers, and how they move when a run gets another length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_SINGLE = ('T_max', 'end', 'begin', 'step_size', 'total_steps')
_LISTS = ('milestones', 'periods')
TIMES = (*_SINGLE, *_LISTS)
_ENDLESS = 10**9
_WARM_UPS = ('LinearLR', 'ConstantLR', 'LinearParamScheduler', 'ConstantParamScheduler')


def is_warm_up(scheduler: Mapping[str, Any], length: int) -> bool:
    """Whether a scheduler raises the rate at the beginning of a run of ``length``, and ends before the run does."""
    end = scheduler.get('end', _ENDLESS)
    starts = str(scheduler.get('type')) in _WARM_UPS and not scheduler.get('begin')
    return starts and isinstance(end, int) and end < length


def moved_times(
    scheduler: Mapping[str, Any], old: int, new: int, fixed: Mapping[int, int] | None = None
) -> dict[str, Any]:
    """The places in time of a scheduler in a run of another length: each keeps its share of the run.

    Args:
        scheduler: The scheduler's config.
        old: The run's length, in the scheduler's unit.
        new: The new length.
        fixed: Places that go elsewhere, such as the end of a warm-up, and where to.

    Returns:
        New values by key. Milestones at the end of the run, which nothing would follow, are left out.
    """
    fixed = fixed or {}

    def move(time: int) -> int:
        return fixed.get(time, max(1, round(time * new / old)))

    moved: dict[str, Any] = {}
    for key in _SINGLE:
        time = scheduler.get(key)
        if isinstance(time, int) and not isinstance(time, bool) and 0 < time < _ENDLESS:
            moved[key] = move(time)
    for key in _LISTS:
        times = scheduler.get(key)
        if isinstance(times, Sequence) and not isinstance(times, str) and all(isinstance(t, int) for t in times):
            moved[key] = [move(time) for time in times]
    if 'milestones' in moved:
        moved['milestones'] = [time for time in moved['milestones'] if time < new]
    return moved
