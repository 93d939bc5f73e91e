"""Means, spreads and paired differences: the only place where they are computed and written out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# What stands in a table where there is no value.
NONE = '–'
_RESAMPLES = 10_000


@dataclass(frozen=True)
class Moments:
    """Number, mean and sample standard deviation of some values; a single value has no deviation."""

    n: int
    mean: float
    std: float | None

    def text(self, *, digits: int = 2, factor: float = 1.0, signed: bool = False) -> str:
        """The mean and, where there is one, the deviation: ``'92.00 ± 2.65'``.

        Args:
            digits: Decimals.
            factor: What both are multiplied by, such as 100 for shares in percent.
            signed: Whether a positive mean has a sign, too.
        """
        mean = f'{factor * self.mean:{"+" if signed else ""}.{digits}f}'
        return mean if self.std is None else f'{mean} ± {factor * self.std:.{digits}f}'

    def to_json(self) -> dict[str, Any]:
        """The three values by their names."""
        return {'n': self.n, 'mean': self.mean, 'std': self.std}


def moments(values: Sequence[float]) -> Moments:
    """Number, mean and sample standard deviation.

    Raises:
        ValueError: If there are no values.
    """
    if not values:
        raise ValueError('moments: expected at least one value, got none')
    mean = math.fsum(values) / len(values)
    if len(values) < 2:
        return Moments(1, mean, None)
    squares = math.fsum((value - mean) ** 2 for value in values)
    return Moments(len(values), mean, math.sqrt(squares / (len(values) - 1)))


def moments_text(values: Sequence[float], *, digits: int = 2, factor: float = 1.0, signed: bool = False) -> str:
    """As :meth:`Moments.text`; a dash where there are no values."""
    return moments(values).text(digits=digits, factor=factor, signed=signed) if values else NONE


@dataclass(frozen=True)
class PairedDifference:
    """Differences of two arms, taken seed by seed.

    Attributes:
        seeds: The seeds that both arms have.
        values: The arm's value minus the reference's, for each seed.
        moments: Number, mean and sample standard deviation of the values.
        t_interval: Confidence interval of the mean by Student's t; None for fewer than two seeds.
        bootstrap_interval: Percentile bootstrap interval of the mean; None for fewer than two seeds. With few seeds it
            is too narrow.
        p_value: Two-sided p-value of the paired t-test; None for fewer than two seeds.
    """

    seeds: tuple[str, ...]
    values: tuple[float, ...]
    moments: Moments
    t_interval: tuple[float, float] | None
    bootstrap_interval: tuple[float, float] | None
    p_value: float | None

    def to_json(self) -> dict[str, Any]:
        """All of it, for programs."""
        intervals = {'t_interval': self.t_interval, 'bootstrap_interval': self.bootstrap_interval}
        listed = {name: None if pair is None else list(pair) for name, pair in intervals.items()}
        return {**self.moments.to_json(), 'values': list(self.values), **listed, 'p_value': self.p_value}


def paired_difference(
    arm: Mapping[str, float], reference: Mapping[str, float], *, confidence: float = 0.95
) -> PairedDifference | None:
    """The differences of an arm's values from the reference's, over the seeds that both have.

    Runs of one seed share the order of the data and initial weights, so their difference is less noisy than that of
    unrelated runs.

    Args:
        arm: Value by seed.
        reference: Value by seed of the arm to compare with.
        confidence: Of both intervals, in ``0..1``.

    Returns:
        None if they share no seed.
    """
    seeds = tuple(seed for seed in arm if seed in reference)
    if not seeds:
        return None
    values = tuple(arm[seed] - reference[seed] for seed in seeds)
    found = moments(values)
    if found.std is None:
        return PairedDifference(seeds, values, found, None, None, None)
    if found.std == 0.0:
        # Student's t is 0/0 here, or infinite.
        point = (found.mean, found.mean)
        return PairedDifference(seeds, values, found, point, point, 1.0 if found.mean == 0 else 0.0)
    # It takes half a second to import.
    from scipy import stats

    test = stats.ttest_1samp(values, 0.0)
    t_interval = test.confidence_interval(confidence)
    bootstrap = stats.bootstrap(
        (values,), _mean, n_resamples=_RESAMPLES, confidence_level=confidence, method='percentile', rng=0
    ).confidence_interval
    return PairedDifference(
        seeds,
        values,
        found,
        (float(t_interval.low), float(t_interval.high)),
        (float(bootstrap.low), float(bootstrap.high)),
        float(test.pvalue),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted for their number by Holm's step-down method.

    An adjusted value below 0.05 rejects its hypothesis, and the chance to reject any true one wrongly is below 5 %.

    Returns:
        One value in ``0..1`` for each, in the order given.
    """
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def _mean(values: Any, axis: int = -1) -> Any:
    return values.mean(axis=axis)
