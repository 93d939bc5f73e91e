"""What a study found: mean and spread of each arm, and its differences to the first one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agmax_mm.experiments.study import Study
from agmax_mm.fileio import write_json, write_text
from agmax_mm.results.overview import version_table
from agmax_mm.results.page import Page, Section, Table, Text, render_markdown
from agmax_mm.results.runs import METRICS, Run, in_percent, mean_and_spread
from agmax_mm.results.tables import NONE, duration

_NOTE = (
    'Mean ± sample standard deviation over the runs. Last: after the last epoch. Difference: to the first row, '
    'taken seed by seed, of the last epoch; runs of one seed share the order of the images. Best: the best of all '
    'validations, which is chosen on the test images and therefore flatters. A difference of three runs that is below '
    '2.5 times its spread may well be chance (t-test, 5 %).'
)


def summarise_study(study: Study, runs: Sequence[Run]) -> dict[str, Any]:
    """The scores of finished runs, arm by arm, for programs.

    Args:
        study: What was compared.
        runs: Finished runs, from :func:`agmax_mm.experiments.study_runs.run_study`.

    Returns:
        The metric, the seeds, and for each arm its options, its runs by seed, and ``last``, ``best`` and ``difference``
        as ``{'n', 'mean', 'std'}`` in percent: None without runs, and ``std`` None for a single one.
    """
    metric = runs[0].metrics()[0] if runs and runs[0].metrics() else next(iter(METRICS))
    by_arm: dict[str, dict[str, Any]] = {arm: {} for arm in study.arms}
    for run in runs:
        by_arm[Path(run.record['config']).stem][str(run.record['seed'])] = _scores(run, metric)
    reference = next(iter(by_arm.values()))
    arms = {}
    for arm, scores in by_arm.items():
        paired = [] if scores is reference else [seed for seed in scores if seed in reference]
        arms[arm] = {
            'options': study.arms[arm],
            'runs': scores,
            'last': _moments([score['last'] for score in scores.values()]),
            'best': _moments([score['best'] for score in scores.values()]),
            'difference': _moments([scores[seed]['last'] - reference[seed]['last'] for seed in paired]),
        }
    return {'metric': metric, 'seeds': list(study.seeds), 'options': study.options, 'arms': arms}


def write_study(study: Study, runs: Sequence[Run], setup: Mapping[str, Any], stem: Path) -> None:
    """Write ``<stem>.json`` and ``<stem>.md``.

    Args:
        study: What was compared.
        runs: Finished runs; others may be missing.
        setup: Facts beyond those in the runs' records, such as the command.
        stem: Path of the files without their endings.
    """
    summary = summarise_study(study, runs)
    expected = len(study.arms) * len(study.seeds)
    facts = version_table(runs).rows
    write_json({**summary, 'setup': {**setup, **{fact[0]: fact[1] for fact in facts}}}, stem.with_suffix('.json'))
    title, _, text = study.text.partition('\n')
    # Of one run it would tell more of the machine's other work than of the arm.
    time = duration(sum(run.record['wall_time_s'] for run in runs))
    rows = [*((key, str(value)) for key, value in setup.items()), ('wall time of all runs', time), *facts]
    page = Page(
        title.rstrip('.'),
        text.strip() or NONE,
        [
            Section('Scores', [Text(f'{len(runs)} of {expected} runs are finished. {_NOTE}'), _score_table(summary)]),
            Section('Setup', [Table(('what', 'value'), rows)]),
        ],
    )
    write_text(render_markdown(page), stem.with_suffix('.md'))


def _scores(run: Run, metric: str) -> dict[str, Any]:
    last, best = run.last(metric), run.best(metric)
    if last is None or best is None:
        raise ValueError(
            f'{run.name}: expected {metric} of its validations, got {sorted(run.record["scores"]["last"])}'
        )
    return {
        'last': in_percent(metric, last),
        'best': in_percent(metric, best['value']),
        'best_epoch': best['epoch'],
        'wall_time_s': run.record['wall_time_s'],
        'config_sha256': run.record['config_sha256'],
    }


def _moments(values: Sequence[float]) -> dict[str, Any] | None:
    if not values:
        return None
    mean, spread = mean_and_spread(values)
    return {'n': len(values), 'mean': mean, 'std': spread}


def _score_table(summary: Mapping[str, Any]) -> Table:
    name = METRICS[summary['metric']]
    rows = []
    for arm, entry in summary['arms'].items():
        rows.append(
            (
                arm,
                str(len(entry['runs'])),
                _text(entry['last']),
                _text(entry['difference'], sign='+'),
                _text(entry['best']),
            )
        )
    return Table(('arm', 'runs', f'{name}, last', 'difference', 'best'), rows)


def _text(entry: Mapping[str, Any] | None, sign: str = '') -> str:
    if entry is None:
        return NONE
    mean = f'{entry["mean"]:{sign}.2f}'
    return mean if entry['std'] is None else f'{mean} ± {entry["std"]:.2f}'
