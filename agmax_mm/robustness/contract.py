"""What every suite is made of.

A suite is a module of this package with

- ``Options``: a frozen dataclass, whose fields are the suite's options, with their defaults;
- ``METRICS``: what it measures; the first is the one that people look at;
- ``conditions(options)``: what to measure under, each a mapping that says all, in the order of the tables;
- ``measure(model, data, condition)``: the values under one condition, by the names of the metrics. Lists are curves.
- ``summary(entries)``: figures over several conditions, by name; None where a figure would be wrong;
- ``blocks(results, folder)``: tables and plots for people; plots are written into the folder where there is one.

The runner, :mod:`agmax_mm.robustness.suite`, does everything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Condition = Mapping[str, Any]
Values = Mapping[str, Any]
# One model's results in one suite, in the order of the conditions.
Entries = Sequence[tuple[Condition, Values]]
# All models' results in one suite, by the models' names.
Results = Mapping[str, Entries]


def mean_errors(entries: Entries, metric: str, key: str, kinds: Iterable[str]) -> dict[str, float | None]:
    """Mean of a metric over the conditions of each kind, as ``'mean_error/<kind>'``. Kinds without any are left out.

    Args:
        entries: One model's results.
        metric: Name of the metric.
        key: Entry of a condition that holds its kind.
        kinds: The kinds.
    """
    found: dict[str, float | None] = {}
    for kind in kinds:
        errors = [values[metric] for condition, values in entries if condition[key] == kind]
        if errors:
            found[f'mean_error/{kind}'] = sum(errors) / len(errors)
    return found
