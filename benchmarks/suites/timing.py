"""Times of several forms of one piece of work, taken in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ratio:
    """Comparison of two forms, round by round.

    Attributes:
        median: Median over the rounds.
        low: Lower quartile.
        high: Upper quartile.
        rounds: Number of rounds.
    """

    median: float
    low: float
    high: float
    rounds: int

    def __str__(self) -> str:
        """The median with the quartiles."""
        return f'{self.median:.3g} ({self.low:.3g} to {self.high:.3g})'


def interleave(
    arms: Mapping[str, Callable[[], Any]],
    *,
    rounds: int,
    warmup: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Run each arm once a round, in turn, so that whatever else the machine does slows all of them alike.

    Args:
        arms: What to run, by name.
        rounds: Number of timed rounds, at least 1.
        warmup: Rounds before them that are not timed.
        clock: Source of the time in seconds; ``time.process_time`` leaves out what other programs take.

    Returns:
        Seconds of every round by the arm's name.

    Raises:
        ValueError: If ``rounds`` is below 1.
    """
    if rounds < 1:
        raise ValueError(f'rounds: expected at least 1, got {rounds}')
    seconds: dict[str, list[float]] = {name: [] for name in arms}
    names = list(arms)
    for index in range(-warmup, rounds):
        # Every arm gets every place in the order: the one before leaves its traces in the caches.
        shift = index % len(names)
        for name in names[shift:] + names[:shift]:
            started = clock()
            arms[name]()
            if index >= 0:
                seconds[name].append(clock() - started)
    return seconds


def ratio(numerator: Sequence[float], denominator: Sequence[float]) -> Ratio:
    """Median and quartiles of the rounds' ratios; both sequences come from the same rounds."""
    ratios = [over / under for over, under in zip(numerator, denominator, strict=True)]
    if len(ratios) == 1:
        return Ratio(ratios[0], ratios[0], ratios[0], 1)
    low, middle, high = statistics.quantiles(ratios, n=4, method='inclusive')
    return Ratio(middle, low, high, len(ratios))
