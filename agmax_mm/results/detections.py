"""What detectors found, in reports: precision and recall for each class, and pictures beside the truth."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from agmax_mm.fileio import DETECTIONS_FILE
from agmax_mm.results.page import Figure, Section
from agmax_mm.results.plots import COLOURS, detection_grid, precision_recall
from agmax_mm.results.runs import Run

_CLASSES_A_FIGURE = 20
_RUNS_A_GRID = 4

Record = dict[str, Any]


def load_detections(run: Run) -> Record | None:
    """The record of a run's last evaluation, None if there is none.

    Raises:
        ValueError: If the file is damaged.
    """
    path = None if run.folder is None else run.folder / DETECTIONS_FILE
    if path is None or not path.is_file():
        return None
    try:
        record: Record = json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'detections: expected JSON in {str(path)!r}, got {error}') from None
    missing = [key for key in ('classes', 'rule', 'recall', 'curves', 'pictures') if key not in record]
    if missing:
        raise ValueError(f'detections: expected a record of an evaluation in {str(path)!r}, which lacks {missing}')
    return record


def detection_sections(runs: Sequence[Run], folder: Path) -> list[Section]:
    """Draw curves and pictures of the runs that have them; runs on the same data share their figures.

    Args:
        runs: Finished runs.
        folder: Where the pictures go.
    """
    groups: dict[str, dict[str, Record]] = {}
    for run in runs:
        record = load_detections(run)
        if record is not None:
            images = [picture['path'] for picture in record['pictures']]
            key = json.dumps([record['rule'], record['classes'], images])
            groups.setdefault(key, {})[run.name] = record
    return [
        section
        for number, group in enumerate(groups.values(), start=1)
        for section in (*_curves(group, folder, number), *_pictures(group, folder, number))
    ]


def _curves(group: Mapping[str, Record], folder: Path, number: int) -> list[Section]:
    first = next(iter(group.values()))
    classes = [name for name in first['classes'] if any(name in record['curves'] for record in group.values())]
    figures = []
    runs = list(group.items())
    for part in range(0, len(runs), len(COLOURS)):
        chunk = dict(runs[part : part + len(COLOURS)])
        for start in range(0, len(classes), _CLASSES_A_FIGURE):
            file = f'precision_recall_{number}_{part // len(COLOURS) + 1}_{start // _CLASSES_A_FIGURE + 1}.png'
            precision_recall(chunk, classes[start : start + _CLASSES_A_FIGURE], folder / file)
            figures.append(Figure(file, f'{_NOTE}{_COCO_NOTE if first["rule"] == "coco" else _VOC_NOTE}'))
    return [Section('Precision and recall', figures)] if figures else []


_NOTE = 'Precision at each recall or beyond, of the last evaluation, for an overlap of 0.5'
_VOC_NOTE = '; in the legend the average precision (AP) in percent.'
_COCO_NOTE = f', and dashed as the mean over overlaps of 0.5 to 0.95{_VOC_NOTE[:-1]}, of both.'


def _pictures(group: Mapping[str, Record], folder: Path, number: int) -> list[Section]:
    names = list(group)
    figures = []
    for part in range(0, len(names), _RUNS_A_GRID):
        chunk = names[part : part + _RUNS_A_GRID]
        rows = [
            row
            for pictures in zip(*(group[name]['pictures'] for name in chunk), strict=True)
            if (row := _row(pictures)) is not None
        ]
        if rows:
            file = f'detections_{number}_{part // _RUNS_A_GRID + 1}.png'
            classes = group[chunk[0]]['classes']
            detection_grid(rows, folder / file, column_titles=['truth', *chunk], class_names=classes)
            figures.append(Figure(file, 'Objects in test images, and what was found, with the score in percent.'))
    return [Section('Detections', figures)] if figures else []


def _row(pictures: Sequence[Record]) -> list[Record] | None:
    """One image with its objects and each run's detections; None if the image is not there any more."""
    path = pictures[0]['path']
    image = cv2.imread(path) if Path(path).is_file() else None
    if image is None:
        return None
    rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    parts = [pictures[0]['truth'], *(picture['found'] for picture in pictures)]
    return [{**part, 'image': rgb, 'boxes': np.array(part['boxes']).reshape(-1, 4)} for part in parts]
