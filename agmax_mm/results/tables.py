"""Tables of scores: the paper's figure, ours, or that there is none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePath

from agmax_mm.progress import duration
from agmax_mm.results.options import differing_settings, is_its_recipe
from agmax_mm.results.page import Table
from agmax_mm.results.runs import Run, group_names, repeats
from agmax_mm.results.statistics import NONE, moments_text

# More of them would fill the page; runs of unlike recipes differ in hundreds.
_MOST_OPTIONS = 12


def score_table(runs: Iterable[Run]) -> Table:
    """One row for each recipe and metric: the paper's figure, ours at the last and at the best epoch.

    The paper's figure stands only beside runs that are proven to be the recipe, see
    :func:`agmax_mm.results.options.is_its_recipe`.
    Runs that differ in their seeds alone are taken together as repeats: mean, sample standard deviation and their
    number ``n``. Runs that did not end are counted out, and the row says so if none did.
    """
    groups = repeats(runs)
    rows = [row for name, group in zip(group_names(groups), groups, strict=True) for row in _rows(name, group)]
    return Table(('recipe', 'backbone', 'metric', 'paper', 'ours (last)', 'ours (best)', 'n'), rows)


def comparison_table(runs: Iterable[Run]) -> Table | None:
    """Completed runs side by side: a row for each set of repeats, with the options in which the rows differ.

    Returns:
        None where fewer than two sets completed, or no option is known to differ.
    """
    groups = repeats(run for run in runs if run.status == 'completed')
    options = differing_settings([group[0] for group in groups]) if len(groups) > 1 else {}
    if not options:
        return None
    metrics = dict.fromkeys(metric for group in groups for metric in group[0].metrics())
    labels = [next(g[0].label(metric) for g in groups if metric in g[0].metrics()) for metric in metrics]
    rows = []
    for place, (name, group) in enumerate(zip(group_names(groups), groups, strict=True)):
        own = [f'{key}={values[place]}' for key, values in options.items() if values[place] != NONE]
        left = len(own) - _MOST_OPTIONS
        text = ', '.join(own[:_MOST_OPTIONS]) + (f' and {left} more' if left > 0 else '')
        scores = []
        for metric in metrics:
            last = [run.printed(metric, value) for run in group if (value := run.last(metric)) is not None]
            scores.append(moments_text(last))
        rows.append((name, text or NONE, *scores, str(len(group))))
    return Table(('recipe', 'options that differ', *labels, 'n'), rows)


def run_table(runs: Iterable[Run]) -> Table:
    """One row for each run: how long it took, on what."""
    rows = []
    for run in runs:
        record = run.record
        rows.append(
            (
                run.name,
                run.status,
                str(record.get('seed', NONE)),
                str(record.get('iterations', NONE)),
                duration(record['wall_time_s']) if 'wall_time_s' in record else NONE,
                f'{record["peak_memory_mb"]:.0f} MB' if record.get('peak_memory_mb') else NONE,
            )
        )
    return Table(('run', 'status', 'seed', 'steps', 'wall time', 'peak memory'), rows)


def _rows(recipe: str, group: Sequence[Run]) -> list[tuple[str, ...]]:
    backbone = _backbone(group[0])
    # The paper says nothing about runs with other options.
    paper = group[0].paper() if is_its_recipe(group[0]) else {}
    completed = [run for run in group if run.status == 'completed']
    metrics = completed[0].metrics() if completed else []
    if not metrics:
        status = group[0].status
        printed = {group[0].label(metric): _printed(group[0], metric, value) for metric, value in paper.items()}
        printed = printed or {NONE: NONE}
        return [(recipe, backbone, name, value, status, NONE, '0') for name, value in printed.items()]
    rows: list[tuple[str, ...]] = []
    for metric in metrics:
        last = [run.printed(metric, value) for run in completed if (value := run.last(metric)) is not None]
        best = [run.printed(metric, found['value']) for run in completed if (found := run.best(metric))]
        rows.append(
            (
                recipe,
                backbone,
                completed[0].label(metric),
                _printed(completed[0], metric, paper[metric]) if metric in paper else NONE,
                moments_text(last),
                moments_text(best),
                str(len(last)),
            )
        )
    return rows


def _printed(run: Run, metric: str, value: float) -> str:
    """As the paper has it: errors come with two decimals."""
    return str(value) if run.complement_of(metric) is None else f'{value:.2f}'


def _backbone(run: Run) -> str:
    path = run.record.get('backbone')
    return '/'.join(PurePath(path).parts[-2:]) if path else NONE
