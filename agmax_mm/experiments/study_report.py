"""Outcome of a study: mean and spread of each arm, and its differences to the first one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from agmax_mm.detection.metrics import SCORES
from agmax_mm.experiments.study import Study
from agmax_mm.experiments.study_figures import curve_section, forest_figure, picture_sections
from agmax_mm.fileio import write_json
from agmax_mm.metrics import TOP1, metric_label
from agmax_mm.progress import duration
from agmax_mm.results.overview import version_table
from agmax_mm.results.page import Page, Section, Table, Text
from agmax_mm.results.runs import Run
from agmax_mm.results.statistics import NONE, Moments, PairedDifference, holm, moments, moments_text, paired_difference
from agmax_mm.results.table_files import write_page

_NOTE = (
    'Mean ± sample standard deviation over the runs. Last: after the last epoch. Difference: to the reference, '
    'taken seed by seed, of the last epoch; runs of one seed share the order of the images. Intervals: 95 %, of the '
    "mean difference, by Student's t and by the percentile bootstrap, which is too narrow with few seeds. p: two-sided "
    "paired t-test, adjusted by Holm's method for the number of rows compared; above 0.05 the difference may well be "
    'chance. Best: the best of all validations, which is chosen on the test images and therefore flatters.'
)


def summarise_study(study: Study, runs: Sequence[Run], metrics: Sequence[str] | None = None) -> dict[str, Any]:
    """The scores of finished runs, arm by arm, for programs.

    Args:
        study: What was compared.
        runs: Finished runs, from :func:`agmax_mm.experiments.study_runs.run_study`.
        metrics: What is reported, see :attr:`agmax_mm.experiments.study.Study.metrics`, which it is by default.

    Returns:
        The metric, the seeds, and for each arm its options, its runs by seed, ``last`` and ``best`` as
        ``{'n', 'mean', 'std'}`` in the metric's printed unit, and ``difference`` as
        :class:`agmax_mm.results.statistics.PairedDifference` with ``p_holm``, the p-value adjusted for the number of
        arms. All three are None without runs, and ``std`` is None for a single one. ``others`` are the further metrics
        after the last epoch, by name.
    """
    measured = runs[0].metrics() if runs else []
    metric, *others = (study.metrics if metrics is None else metrics) or measured[:1] or [TOP1.name]
    by_arm: dict[str, dict[str, Any]] = {arm: {} for arm in study.arms}
    further: dict[str, dict[str, list[float]]] = {arm: {name: [] for name in others} for arm in study.arms}
    for run in runs:
        arm = Path(run.record['config']).stem
        by_arm[arm][str(run.record['seed'])] = _scores(run, metric)
        for name, values in further[arm].items():
            values.append(run.printed(name, _last(run, name)))
    last = {arm: {seed: score['last'] for seed, score in scores.items()} for arm, scores in by_arm.items()}
    found = {arm: paired_difference(last[arm], last[other]) for arm, other in study.references.items()}
    differences = {arm: difference for arm, difference in found.items() if difference is not None}
    arms = {}
    for arm, scores in by_arm.items():
        arms[arm] = {
            'options': study.arms[arm],
            'reference': study.references.get(arm),
            'runs': scores,
            'last': _moments(last[arm].values()),
            'best': _moments(score['best'] for score in scores.values()),
            'difference': None,
            'others': {name: _moments(values) for name, values in further[arm].items()},
        }
    for arm, adjusted in zip(differences, _adjusted(differences.values()), strict=True):
        arms[arm]['difference'] = {**differences[arm].to_json(), 'p_holm': adjusted}
    return {'metric': metric, 'seeds': list(study.seeds), 'options': study.options, 'arms': arms}


def write_study(
    study: Study,
    runs: Sequence[Run],
    setup: Mapping[str, Any],
    stem: Path,
    transfers: Mapping[str, Sequence[Run]] | None = None,
    *,
    formats: Sequence[str] = ('markdown',),
    pictures: bool = False,
) -> list[Path]:
    """Write ``<stem>.json`` and the page, ``<stem>.md`` and others, with its drawings in ``<stem>_figures/``.

    Args:
        study: What was compared.
        runs: Finished runs; others may be missing.
        setup: Facts beyond those in the runs' records, such as the command.
        stem: Path of the files without their endings.
        transfers: For each fine-tuning its runs, from
            :func:`agmax_mm.experiments.study_transfers.run_transfers`.
        formats: Of the page, see :func:`agmax_mm.results.table_files.write_page`.
        pictures: Whether to draw curves and detections, too, which takes seconds.

    Returns:
        The files of the page and the one for programs.
    """
    summary = summarise_study(study, runs)
    expected = len(study.arms) * len(study.seeds)
    facts = version_table(runs).rows
    tuned = {
        name: summarise_study(study, found, _transfer_metrics(study.transfers[name], found))
        for name, found in (transfers or {}).items()
    }
    summary |= {'transfers': {name: {key: one[key] for key in ('metric', 'arms')} for name, one in tuned.items()}}
    write_json(
        {**summary, 'setup': {**setup, **{fact[0]: fact[1] for fact in facts}}}, stem.with_name(f'{stem.name}.json')
    )
    title, _, text = study.text.partition('\n')
    # Of one run it would tell more of the machine's other work than of the arm.
    time = duration(sum(run.record['wall_time_s'] for run in runs))
    rows = [*((key, str(value)) for key, value in setup.items()), ('wall time of all runs', time), *facts]
    folder = stem.with_name(f'{stem.name}_figures')
    sections = [
        Section(
            'Scores',
            [
                Text(f'{len(runs)} of {expected} runs are finished. {_NOTE}'),
                *forest_figure(summary, folder / 'differences.svg'),
                _score_table(summary),
            ],
        ),
        *([Section('Other metrics', tables)] if (tables := _other_table(summary)) else []),
    ]
    if pictures:
        sections += curve_section(study, runs, summary['metric'], folder)
    for name, one in tuned.items():
        drawn = forest_figure(one, folder / f'{name}.svg')
        others: list[Text | Table] = [Text('Other metrics, last:'), *tables] if (tables := _other_table(one)) else []
        sections.append(Section(f'Fine-tuned: {name}', [*drawn, _score_table(one), *others]))
        if pictures:
            sections += picture_sections(name, (transfers or {})[name], folder)
    sections.append(Section('Setup', [Table(('what', 'value'), rows)]))
    page = Page(title.rstrip('.'), text.strip() or NONE, sections)
    return [*write_page(page, stem.parent, formats, name=stem.name), stem.with_name(f'{stem.name}.json')]


def _transfer_metrics(options: Mapping[str, Any], runs: Sequence[Run]) -> list[str]:
    """What the study asks of a fine-tuning, by default the average precisions of its data that were measured."""
    measured = [name for run in runs[:1] for name in run.metrics()]
    first, *others = (metric.name for metric in SCORES[options['task']])
    return options.get('metrics') or [first, *(name for name in others if name in measured)]


def _scores(run: Run, metric: str) -> dict[str, Any]:
    last, best = _last(run, metric), run.best(metric)
    assert best is not None  # where there is a last one
    return {
        'last': run.printed(metric, last),
        'best': run.printed(metric, best['value']),
        'best_epoch': best['epoch'],
        'wall_time_s': run.record['wall_time_s'],
        'config_sha256': run.record['config_sha256'],
    }


def _last(run: Run, metric: str) -> float:
    last = run.last(metric)
    if last is None:
        raise ValueError(
            f'{run.name}: expected {metric} of its validations, got {sorted(run.record["scores"]["last"])}'
        )
    return last


def _moments(values: Iterable[float]) -> dict[str, Any] | None:
    listed = list(values)
    return moments(listed).to_json() if listed else None


def _adjusted(differences: Iterable[PairedDifference]) -> list[float | None]:
    """The p-values by Holm's method; those that a single seed does not have stay None."""
    p_values = [difference.p_value for difference in differences]
    adjusted = iter(holm([value for value in p_values if value is not None]))
    return [None if value is None else next(adjusted) for value in p_values]


def _score_table(summary: Mapping[str, Any]) -> Table:
    rows = []
    for arm, entry in summary['arms'].items():
        difference = entry['difference'] or {}
        rows.append(
            (
                arm,
                entry['reference'] or NONE,
                str(len(entry['runs'])),
                moments_text([score['last'] for score in entry['runs'].values()]),
                moments_text(difference.get('values', []), signed=True),
                _interval_text(difference.get('t_interval')),
                _interval_text(difference.get('bootstrap_interval')),
                NONE if difference.get('p_holm') is None else f'{difference["p_holm"]:.3f}',
                moments_text([score['best'] for score in entry['runs'].values()]),
            )
        )
    label = metric_label(summary['metric'])
    return Table(
        ('arm', 'reference', 'runs', f'{label}, last', 'difference', 't interval', 'bootstrap', 'p (Holm)', 'best'),
        rows,
    )


def _other_table(summary: Mapping[str, Any]) -> list[Table]:
    """A table of the further metrics, where there are some."""
    names = list(next(iter(summary['arms'].values()))['others'])
    if not names:
        return []
    rows = [
        (arm, *(NONE if found is None else Moments(**found).text() for found in entry['others'].values()))
        for arm, entry in summary['arms'].items()
    ]
    return [Table(('arm', *map(metric_label, names)), rows)]


def _interval_text(interval: Sequence[float] | None) -> str:
    return NONE if interval is None else f'{interval[0]:+.2f} to {interval[1]:+.2f}'
