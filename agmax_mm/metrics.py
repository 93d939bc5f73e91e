"""Facts about metrics: title, unit, and whether a higher value is better.

Rooms declare their metrics in one line each, in the module that computes them::

    TOP1_LOC = declare(Metric('localization/top1_error', 'top-1 localisation error', '%', higher_is_better=False))

The best epoch, the tables, the plots and the signs of differences follow from the declaration. A run's record keeps the
declarations of what it measured, so that a report knows them, too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Metric:
    """A metric as people read it.

    Attributes:
        name: Its key among the scores of a validation, such as ``'accuracy/top1'``.
        title: What people call it, such as ``'top-1'``.
        unit: Unit of the printed value, such as ``'%'``; empty for a plain number.
        higher_is_better: False for errors.
        factor: Printed value by recorded value: 100 where a share of 1 is recorded and percent are printed.
        complement_of: Name of the metric that this one is left of to 100, such as the accuracy for its error. Such a
            metric is not recorded by itself.
    """

    name: str
    title: str
    unit: str
    higher_is_better: bool
    factor: float = 1.0
    complement_of: str | None = None

    def __post_init__(self) -> None:
        texts = (self.name, self.title, self.unit, self.complement_of or '')
        flagged = isinstance(self.higher_is_better, bool)
        scaled = isinstance(self.factor, int | float) and math.isfinite(self.factor) and self.factor > 0
        if not (all(isinstance(text, str) for text in texts) and self.name and self.title and flagged and scaled):
            raise ValueError(
                'Metric: expected a name, a title, a unit, higher_is_better as True or False and a positive factor, '
                f'got {self}'
            )

    @property
    def label(self) -> str:
        """Title and unit, for headings and axes: ``'top-1 (%)'``."""
        return f'{self.title} ({self.unit})' if self.unit else self.title

    def printed(self, value: float) -> float:
        """A recorded value in the unit of print."""
        return self.factor * value


_declared: dict[str, Metric] = {}
# Beginnings of names whose metrics have one direction, for the many values that the host measures beside the main ones.
_families: dict[str, bool] = {}


def declare(metric: Metric) -> Metric:
    """Make a metric known.

    Returns:
        The metric.

    Raises:
        ValueError: If another one of this name was declared.
    """
    known = _declared.setdefault(metric.name, metric)
    if known != metric:
        raise ValueError(f'Metric {metric.name!r}: expected one declaration, got {known} and {metric}')
    return metric


def declare_family(beginning: str, *, higher_is_better: bool) -> None:
    """State the direction of all metrics whose names begin so and that have no declaration of their own.

    Raises:
        ValueError: If the other direction was stated.
    """
    if _families.setdefault(beginning, higher_is_better) != higher_is_better:
        raise ValueError(f'metrics {beginning!r}...: expected one direction, got both')


def find_metric(name: str) -> Metric | None:
    """The metric declared under a name, if there is one."""
    return _declared.get(name)


def metric_label(name: str) -> str:
    """Title and unit of a declared metric; of another one its name in words."""
    metric = _declared.get(name)
    return metric.label if metric else name.replace('_', ' ')


def declared_metrics() -> tuple[Metric, ...]:
    """All declared metrics, in the order of their declarations."""
    return tuple(_declared.values())


def higher_is_better(name: str) -> bool | None:
    """The direction of a metric; None where nobody has stated it."""
    if name in _declared:
        return _declared[name].higher_is_better
    stated = [beginning for beginning in _families if name.startswith(beginning)]
    return _families[max(stated, key=len)] if stated else None


def metric_to_json(metric: Metric) -> dict[str, Any]:
    """A metric for a record."""
    return asdict(metric)


def metric_from_json(content: Mapping[str, Any]) -> Metric:
    """A metric from a record.

    Raises:
        ValueError: If it is not one.
    """
    try:
        return Metric(**content)
    except TypeError as error:
        raise ValueError(f'Metric: expected the fields of a metric, got {content!r}: {error}') from None


# The host's metrics of classification. It measures them in percent.
TOP1 = declare(Metric('accuracy/top1', 'top-1', '%', higher_is_better=True))
TOP5 = declare(Metric('accuracy/top5', 'top-5', '%', higher_is_better=True))
# What some papers print in place of an accuracy.
TOP1_ERROR = declare(Metric('error/top1', 'top-1 error', '%', higher_is_better=False, complement_of='accuracy/top1'))
TOP5_ERROR = declare(Metric('error/top5', 'top-5 error', '%', higher_is_better=False, complement_of='accuracy/top5'))
for _beginning in ('accuracy/', 'single-label/', 'multi-label/', 'retrieval/'):
    declare_family(_beginning, higher_is_better=True)
