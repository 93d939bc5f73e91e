"""Scores of several runs summed up, and the tables of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agmax_mm.detection.metrics import SCORES
from agmax_mm.results.page import Table, markdown_table
from agmax_mm.results.statistics import NONE, moments, moments_text, paired_difference

Result = Mapping[str, Any]


def summarise(scores: Sequence[Mapping[str, float]]) -> dict[str, dict[str, Any]]:
    """Mean and sample standard deviation (None for one run) of every metric that all runs report."""
    shared = [name for name in scores[0] if all(isinstance(run.get(name), (int, float)) for run in scores)]
    return {name: _moments([run[name] for run in scores]) for name in shared}


def differences(result: Result, reference: Result) -> dict[str, dict[str, Any]]:
    """The differences of a backbone's scores from another's, seed by seed.

    Args:
        result: What a transfer returned.
        reference: What the transfer of the backbone to compare with returned.

    Returns:
        For each metric that both have what :class:`agmax_mm.results.statistics.PairedDifference` holds; nothing where
        they share no seed.
    """
    found = {}
    for name in result['summary']:
        if name in reference['summary']:
            arms = ({seed: run['scores'][name] for seed, run in one['runs'].items()} for one in (result, reference))
            difference = paired_difference(*arms)
            if difference is not None:
                found[name] = difference.to_json()
    return found


def result_table(results: Mapping[str, Result]) -> str:
    """A Markdown table with a row for each backbone: the task's scores in percent, mean ± sample standard deviation.

    With several rows, columns with the difference to the first row, mean ± spread over the seeds.

    Args:
        results: Name of the backbone to what its transfer returned.
    """
    (first, *others) = results.values()
    metrics = [metric for metric in SCORES[first['task']] if metric.name in first['summary']]
    header = ['detector', 'backbone', 'fine-tuning']
    for metric in metrics:
        header += [metric.label, *(['difference'] if others else [])]
    rows = []
    for name, result in results.items():
        cells = [result['detector'], name, result['finetune']]
        compared = differences(result, first) if result is not first else {}
        for metric in metrics:
            cells.append(_text(result['summary'].get(metric.name), metric.factor))
            if others:
                cells.append(_text(compared.get(metric.name), metric.factor, signed=True))
        rows.append([*cells, str(len(result['runs']))])
    return markdown_table(Table([*header, 'n'], rows))


def _moments(values: Sequence[float]) -> dict[str, Any]:
    return {**moments(values).to_json(), 'values': list(values)}


def _text(entry: Mapping[str, Any] | None, factor: float, *, signed: bool = False) -> str:
    return NONE if entry is None else moments_text(entry['values'], digits=1, factor=factor, signed=signed)
