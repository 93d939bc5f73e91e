"""What every suite is made of.

A suite is a module of this package with

- ``Options``: a frozen dataclass, whose fields are the suite's options, with their defaults;
- ``METRICS``: what it measures; the first is the one that people look at;
- ``conditions(options)``: what to measure under, each a mapping that says all, in the order of the tables;
- ``measure(model, data, condition)``: the values under one condition, by the names of the metrics. Lists are curves.
- ``summary(entries)``: figures over several conditions, by name; None where a figure would be wrong;
- ``blocks(results, folder)``: tables and plots for people; plots are written into the folder where there is one.

The runner, :mod:`agmax_mm.robustness.suite`, does everything else. A suite of your own is such a module beside the
config or in a package; ``--suites my_package.blur`` names it, and its options are those of ``blur``.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

from agmax_mm.metrics import Metric
from agmax_mm.results.page import Table

_PARTS = {
    'Options': 'a frozen dataclass Options',
    'METRICS': 'METRICS, a tuple of agmax_mm.metrics.Metric',
    'conditions': 'conditions(options)',
    'measure': 'measure(model, data, condition)',
    'summary': 'summary(entries)',
    'blocks': 'blocks(results, folder)',
}

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


def plain_blocks(results: Results, metrics: Sequence[Metric]) -> Iterator[Table]:
    """One table, with a row for each model and condition: the ``blocks`` of a suite that needs no more."""
    rows = [
        (
            model,
            ', '.join(f'{key} {value}' for key, value in condition.items()),
            *(f'{values[m.name]:.2f}' for m in metrics),
        )
        for model, entries in results.items()
        for condition, values in entries
    ]
    yield Table(('model', 'condition', *(metric.label for metric in metrics)), rows)


def named_suites(names: Sequence[str], known: Mapping[str, ModuleType]) -> dict[str, ModuleType]:
    """The suites of these names: known ones in their order, then modules of a user's by the last part of their names.

    Raises:
        ValueError: If there are none, a module cannot be imported or lacks a part, or two have one name.
    """
    chosen = {name: suite for name, suite in known.items() if name in names}
    for name in names:
        if name in known:
            continue
        short = name.rpartition('.')[2]
        if short in known or short in chosen:
            raise ValueError(f'--suites {name}: expected a name of its own, got that of another suite, {short!r}')
        chosen[short] = _imported(name, known)
    if not chosen:
        raise ValueError(f'--suites: expected some of {", ".join(known)} for this config, got none')
    return chosen


def _imported(name: str, known: Mapping[str, ModuleType]) -> ModuleType:
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        raise ValueError(
            f'--suites {name}: expected one of {", ".join(known)} for this config, or a module beside the config or on '
            f'the PYTHONPATH, got {error}'
        ) from None
    missing = [text for part, text in _PARTS.items() if not hasattr(module, part)]
    if missing:
        raise ValueError(
            f'--suites {name}: expected a module with {", ".join(missing)}, as {__name__} describes, got '
            f'{str(module.__file__)!r} without'
        )
    return module
