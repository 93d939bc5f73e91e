"""Captions in reports: a table in the form of the CutMix paper's Table A1, and pictures with what was written."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from agmax_mm.captioning.metrics import SCORES
from agmax_mm.fileio import CAPTIONS_FILE
from agmax_mm.results.options import is_its_recipe
from agmax_mm.results.page import Figure, Section, Table, Text
from agmax_mm.results.pictures import picture_grid
from agmax_mm.results.reading import read_evaluation
from agmax_mm.results.record_check import check_captions
from agmax_mm.results.runs import Run, group_names, repeats
from agmax_mm.results.statistics import NONE, Moments, moments_text

_COLUMNS = 3
# A picture's side in inches, and the letters of a line below it.
_SIDE, _LINE = 2.6, 40
_NOTE = (
    'Scores times 100. Rows of ours are of the last evaluation of completed runs, mean and sample standard deviation '
    'over n runs that differ in their seeds alone. Comparisons are captions for which nobody looked at a picture; '
    'their n are draws. The CIDEr of one set of pictures is on another scale than that of another set.'
)

Record = dict[str, Any]


def load_captions(run: Run) -> Record | None:
    """The record of a run's last evaluation, see :func:`~agmax_mm.results.reading.read_evaluation`."""
    record: Record | None = read_evaluation(run.folder, CAPTIONS_FILE, 'captions', check_captions)
    return record


def caption_sections(runs: Sequence[Run], folder: Path) -> list[Section]:
    """The table of all captioners, and the pictures of those that were evaluated.

    Args:
        runs: Runs and recipes of any kind.
        folder: Where the pictures go.
    """
    names = {metric.name for metric in SCORES}
    groups = repeats(run for run in runs if names & (set(run.metrics()) | set(run.paper())))
    if not groups:
        return []
    titled = list(zip(group_names(groups), groups, strict=True))
    rows = [row for name, group in titled for row in _rows(name, group)]
    records = {name: record for name, group in titled if (record := load_captions(group[0])) is not None}
    # Runs on one set of pictures have the same.
    others = {json.dumps(other): other for record in records.values() for other in record['comparisons']}
    rows += [_comparison(other) for other in others.values()]
    header = ('captions', 'by', *(metric.title for metric in SCORES), 'n')
    sections = [Section('Captioning', [Text(_NOTE), Table(header, rows)])]
    for number, (name, record) in enumerate(records.items(), start=1):
        file = f'captions_{number}.png'
        cells = [cell for picture in record['pictures'] for cell in _cell(picture)]
        if cells:
            _draw(cells, folder / file)
            caption = f'{name}: the first seed on pictures evenly spread over the set; below, what somebody wrote.'
            sections.append(Section(f'Captions: {name}', [Figure(file, caption)]))
    return sections


def _draw(cells: Sequence[tuple[NDArray[np.uint8], str]], path: Path) -> None:
    columns = min(_COLUMNS, len(cells))
    # A grid is full.
    empty = (np.full((8, 8, 3), 255, np.uint8), '')
    whole = [*cells, *[empty] * (-len(cells) % columns)]
    lines = [whole[start : start + columns] for start in range(0, len(whole), columns)]
    picture_grid(
        [[image for image, _ in line] for line in lines],
        path,
        captions=[[text for _, text in line] for line in lines],
        side=_SIDE,
    )


def _rows(name: str, group: Sequence[Run]) -> Iterator[tuple[str, ...]]:
    run = group[0]
    paper = run.paper() if is_its_recipe(run) else {}
    if paper:
        yield (name, 'the paper', *(str(paper.get(metric.name, NONE)) for metric in SCORES), NONE)
    completed = [run for run in group if run.status == 'completed']
    if not completed:
        yield (name, 'here', *(run.status if metric is SCORES[0] else NONE for metric in SCORES), '0')
        return
    cells = []
    for metric in SCORES:
        values = [metric.printed(value) for run in completed if (value := run.last(metric.name)) is not None]
        cells.append(moments_text(values, digits=1))
    yield (name, 'here', *cells, str(len(completed)))


def _comparison(other: Record) -> tuple[str, ...]:
    cells = []
    for metric in SCORES:
        value, spread = other['scores'].get(metric.name), other['spread'].get(metric.name)
        known = None if value is None else Moments(other['draws'], value, spread)
        cells.append(NONE if known is None else known.text(digits=1, factor=metric.factor))
    return (other['name'], 'comparison', *cells, str(other['draws']))


def _cell(picture: Record) -> Iterator[tuple[Any, str]]:
    """The picture and the text below it; nothing where the picture is not there any more."""
    image = cv2.imread(picture['path']) if Path(picture['path']).is_file() else None
    if image is not None:
        lines = [textwrap.fill(picture['caption'], _LINE)]
        lines += [textwrap.fill(f'({reference.strip()})', _LINE) for reference in picture['references'][:1]]
        yield cv2.cvtColor(image, cv2.COLOR_BGR2RGB), '\n'.join(lines)
