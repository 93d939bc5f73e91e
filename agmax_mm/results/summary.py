"""Scores of several runs summed up, and the tables of them."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from agmax_mm.detection.detectors import METRICS

Result = Mapping[str, Any]


def summarise(scores: Sequence[Mapping[str, float]]) -> dict[str, dict[str, Any]]:
    """Mean and sample standard deviation (None for one run) of every metric that all runs report."""
    shared = [name for name in scores[0] if all(isinstance(run.get(name), (int, float)) for run in scores)]
    return {name: _moments([run[name] for run in scores]) for name in shared}


def differences(result: Result, reference: Result) -> dict[str, dict[str, Any]]:
    """How much better a backbone's scores are than another's, seed by seed.

    Runs of one seed share the order of the data and the initial weights of the detector's own layers, so their
    difference is less noisy than that of unrelated runs; the spread is that of these differences.

    Args:
        result: What a transfer returned.
        reference: What the transfer of the backbone to compare with returned.

    Returns:
        As :func:`summarise`, over the seeds that both have.
    """
    pairs = [
        (run['scores'], reference['runs'][seed]['scores'])
        for seed, run in result['runs'].items()
        if seed in reference['runs']
    ]
    if not pairs:
        return {}
    shared = [name for name in result['summary'] if name in reference['summary']]
    return {name: _moments([one[name] - other[name] for one, other in pairs]) for name in shared}


def result_table(results: Mapping[str, Result]) -> str:
    """A Markdown table with a row for each backbone: the task's scores in percent, mean ± sample standard deviation.

    With several rows, columns with the difference to the first row, mean ± spread over the seeds.

    Args:
        results: Name of the backbone to what its transfer returned.
    """
    (first, *others) = results.values()
    metrics = [name for name in METRICS[first['task']] if name in first['summary']]
    header = ['detector', 'backbone', 'fine-tuning']
    for metric in metrics:
        header += [f'{metric} %', *(['difference'] if others else [])]
    rows = [[*header, 'n']]
    for name, result in results.items():
        cells = [result['detector'], name, result['finetune']]
        compared = differences(result, first) if result is not first else {}
        for metric in metrics:
            cells.append(_percent(result['summary'].get(metric)))
            if others:
                cells.append(_percent(compared.get(metric), signed=True))
        rows.append([*cells, str(len(result['runs']))])
    rows.insert(1, ['---'] * len(rows[0]))
    return '\n'.join(f'| {" | ".join(row)} |' for row in rows)


def _moments(values: Sequence[float]) -> dict[str, Any]:
    spread = statistics.stdev(values) if len(values) > 1 else None
    return {'n': len(values), 'mean': statistics.fmean(values), 'std': spread, 'values': list(values)}


def _percent(entry: Mapping[str, Any] | None, *, signed: bool = False) -> str:
    if entry is None:
        return '–'
    mean = f'{100 * entry["mean"]:{"+" if signed else ""}.1f}'
    return mean if entry['std'] is None else f'{mean} ± {100 * entry["std"]:.1f}'
