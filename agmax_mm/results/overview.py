"""The report of any set of runs: scores beside the papers', curves, and what the runs took."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from agmax_mm.fileio import write_json
from agmax_mm.results.augmentations import augmentation_sections
from agmax_mm.results.captions import caption_sections
from agmax_mm.results.detections import detection_sections
from agmax_mm.results.page import Figure, Page, Section, Table, Text
from agmax_mm.results.plots import COLOURS, error_curves, learning_curves
from agmax_mm.results.runs import Run, group_names, repeats
from agmax_mm.results.table_files import PAGES, write_page
from agmax_mm.results.tables import comparison_table, run_table, score_table


def write_overview(
    runs: Sequence[Run], folder: str | os.PathLike[str], title: str, formats: Sequence[str] = PAGES
) -> list[Path]:
    """Write the report, ``results.json``, the curves of the runs and what detectors found.

    Args:
        runs: The runs.
        folder: Where to.
        title: Title of the page.
        formats: Some of :data:`agmax_mm.results.table_files.FORMATS`.

    Returns:
        The files of the report.

    Raises:
        ValueError: If there are no runs, or a record cannot be shown.
    """
    if not runs:
        raise ValueError('report: expected at least one run or config, got none')
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    sections = [
        Section('Scores', [Text(SCORE_NOTE), score_table(runs)]),
        *_comparison_sections(runs),
        *augmentation_sections(runs, folder),
        *_error_sections(runs, folder),
        *_curve_sections(runs, folder),
        *caption_sections(runs, folder),
        *detection_sections(runs, folder),
        Section('Runs', [run_table(runs), version_table(runs)]),
    ]
    completed = sum(run.status == 'completed' for run in runs)
    write_json({run.name: run.record for run in runs}, folder / 'results.json')
    return write_page(Page(title, f'{completed} of {len(runs)} runs completed.', sections), folder, formats)


SCORE_NOTE = (
    'Paper: as printed there for the recipe, and only beside runs whose config is proven to equal that recipe. '
    'Ours (last): after the last epoch, as mean and sample standard deviation over n runs, which differ in their '
    'seeds alone. '
    'Ours (best): the best of all validations, which is what papers often print; it is chosen on the test data. '
    'Both errors of the best epoch are those of the lowest top-1 error.'
)


def version_table(runs: Sequence[Run]) -> Table:
    """A table of the devices and library versions of runs, each with the number of runs that had it if not all did."""
    facts: dict[str, dict[str, int]] = {}
    measured = [run.record for run in runs if 'versions' in run.record]
    for record in measured:
        values = {'device': record['device'], 'agmax_mm': record['package_version'], **record['versions']}
        for name, value in values.items():
            counts = facts.setdefault(name, {})
            counts[value] = counts.get(value, 0) + 1
    rows = []
    for name, counts in facts.items():
        texts = [value if count == len(measured) else f'{value} ({count} runs)' for value, count in counts.items()]
        rows.append((name, ', '.join(texts)))
    return Table(('what', 'version'), rows)


def _comparison_sections(runs: Sequence[Run]) -> list[Section]:
    """Runs side by side, where there are two with options that differ."""
    table = comparison_table(runs)
    return [Section('Comparison', [Text(_COMPARISON_NOTE), table])] if table is not None else []


_COMPARISON_NOTE = (
    'One row for each set of repeats, with the options in which the rows differ, by the configs beside the records. '
    'Scores: after the last epoch, mean and sample standard deviation over n runs.'
)


def _error_sections(runs: Sequence[Run], folder: Path) -> list[Section]:
    """Top-1 error by epoch, repeats of a recipe as one line, with at most as many lines as there are colours."""
    measured = repeats(run for run in runs if len(run.errors_by_epoch()) > 1)
    groups = dict(zip(group_names(measured), measured, strict=True))
    figures = []
    for part in range(0, len(groups), len(COLOURS)):
        file = f'errors_{part // len(COLOURS) + 1}.png'
        error_curves(dict(list(groups.items())[part : part + len(COLOURS)]), folder / file)
        figures.append(Figure(file, 'Top-1 error on the validation set after each epoch.'))
    return [Section('Error by epoch', figures)] if figures else []


def _curve_sections(runs: Sequence[Run], folder: Path) -> list[Section]:
    """One section for each family of runs that share a metric, with at most as many lines as there are colours."""
    sections = []
    for metric in dict.fromkeys(run.complement_of(name) or name for run in runs for name in run.metrics()):
        measured = repeats(run for run in runs if run.curve('val', metric)[0])
        curves = dict(zip(group_names(measured), measured, strict=True))
        label = next((group[0].label(metric) for group in measured), metric)
        for part in range(0, len(curves), len(COLOURS)):
            chunk = dict(list(curves.items())[part : part + len(COLOURS)])
            file = f'curves_{metric.replace("/", "_")}_{part // len(COLOURS) + 1}.png'
            learning_curves(chunk, folder / file, [('train', 'loss'), ('val', metric)])
            caption = f'Training loss and {label} on the validation set.'
            sections.append(Section(f'Curves: {label}', [Figure(file, caption)]))
    return sections
