"""Detections in reports: precision and recall for each class, and pictures beside the truth."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from agmax_mm.fileio import DETECTIONS_FILE
from agmax_mm.results.page import Figure, Section
from agmax_mm.results.pictures import detection_grid
from agmax_mm.results.plots import COLOURS, precision_recall
from agmax_mm.results.reading import read_evaluation
from agmax_mm.results.record_check import check_detections
from agmax_mm.results.runs import Run, group_names, repeats

_CLASSES_A_FIGURE = 20
_RUNS_A_GRID = 4

Record = dict[str, Any]


def load_detections(run: Run) -> Record | None:
    """The record of a run's last evaluation, see :func:`~agmax_mm.results.reading.read_evaluation`."""
    record: Record | None = read_evaluation(run.folder, DETECTIONS_FILE, 'detections', check_detections)
    return record


def detection_sections(runs: Sequence[Run], folder: Path) -> list[Section]:
    """Draw curves and pictures of the runs that have them; runs on the same data share their figures.

    Of repeats with other seeds the first one stands for all.

    Args:
        runs: Finished runs.
        folder: Where the pictures go.
    """
    groups: dict[str, dict[str, Record]] = {}
    recorded = repeats(run for run in runs if load_detections(run) is not None)
    for name, repeated in zip(group_names(recorded), recorded, strict=True):
        record = load_detections(repeated[0])
        assert record is not None
        images = [picture['path'] for picture in record['pictures']]
        key = json.dumps([record['rule'], record['classes'], images])
        title = name if len(repeated) == 1 else f'{name}, first of {len(repeated)} seeds'
        groups.setdefault(key, {})[title] = record
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
        chunk = {name: group[name] for name in names[part : part + _RUNS_A_GRID]}
        rows = [row for row in _rows(list(chunk.values())) if row is not None]
        if rows:
            file = f'detections_{number}_{part // _RUNS_A_GRID + 1}.png'
            classes = next(iter(chunk.values()))['classes']
            detection_grid(rows, folder / file, column_titles=['truth', *chunk], class_names=classes)
            figures.append(Figure(file, 'Objects in test images, and what was found, with the score in percent.'))
    return [Section('Detections', figures)] if figures else []


def draw_detections(
    runs: Mapping[str, Run],
    path: str | os.PathLike[str],
    *,
    images: int | None = None,
    score: float | None = None,
) -> None:
    """Draw what detectors found in test images beside the truth, as it was recorded when they were evaluated.

    Args:
        runs: Runs evaluated on the same images, by the title of their column.
        path: Picture file to write.
        images: Number of images; by default all that were recorded.
        score: Least score of a detection drawn, in ``0..1``; by default the one it was recorded from.

    Raises:
        ValueError: If a run has no record, the runs saw other images, the images are not there any more, or more is
            asked for than was recorded.
    """
    records = {}
    for name, run in runs.items():
        record = load_detections(run)
        if record is None:
            raise ValueError(
                f'{name}: expected {DETECTIONS_FILE} in {str(run.folder)!r}, got none; the evaluation of a detector '
                'writes it'
            )
        records[name] = record
    first = next(iter(records))
    seen = [picture['path'] for picture in records[first]['pictures']]
    for name, record in records.items():
        same = record['classes'] == records[first]['classes']
        if not same or [picture['path'] for picture in record['pictures']] != seen:
            raise ValueError(f'{name}: expected the classes and test images of {first}, got others')
    images = len(seen) if images is None else images
    if not 1 <= images <= len(seen):
        raise ValueError(
            f'images: expected 1 to {len(seen)}, which were recorded, got {images}; an evaluation with '
            'default_hooks.detections.pictures=N records N'
        )
    recorded_from = max(float(record.get('score', 0.0)) for record in records.values())
    score = recorded_from if score is None else score
    if not recorded_from <= score <= 1:
        raise ValueError(
            f'score: expected {recorded_from:g}, from where on detections were recorded, to 1, got {score:g}; an '
            'evaluation with default_hooks.detections.score=S records from S on'
        )
    chosen = np.linspace(0, len(seen) - 1, num=images).astype(int).tolist()
    rows = []
    for row, place in zip(_rows(list(records.values()), chosen, score), chosen, strict=True):
        if row is None:
            raise ValueError(f'{first}: expected the image {seen[place]!r}, on which it was evaluated, got none')
        rows.append(row)
    classes = records[first]['classes']
    detection_grid(rows, path, column_titles=['truth', *records], class_names=classes)


def _rows(
    records: Sequence[Record], chosen: Sequence[int] | None = None, score: float = 0.0
) -> Iterator[list[Record] | None]:
    """For each image its objects and each run's detections; None if the image is not there any more."""
    for place in range(len(records[0]['pictures'])) if chosen is None else chosen:
        pictures = [record['pictures'][place] for record in records]
        path = pictures[0]['path']
        image = cv2.imread(path) if Path(path).is_file() else None
        if image is None:
            yield None
            continue
        rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        parts = [pictures[0]['truth'], *(_above(picture['found'], score) for picture in pictures)]
        yield [_drawable(part, rgb) for part in parts]


def _above(found: Record, score: float) -> Record:
    kept = [index for index, value in enumerate(found['scores']) if value >= score]
    return {key: [values[index] for index in kept] for key, values in found.items()}


def _drawable(part: Record, image: NDArray[np.uint8]) -> Record:
    drawn = {**part, 'image': image, 'boxes': np.array(part['boxes']).reshape(-1, 4)}
    if 'masks' in part:
        drawn['masks'] = [mask_of(lengths) for lengths in part['masks']]
    return drawn


def mask_of(lengths: Mapping[str, Any]) -> NDArray[np.bool_]:
    """The mask, of shape ``(H, W)``, that :func:`agmax_mm.detection.record.run_lengths` wrote."""
    counts = lengths['counts']
    inside = np.arange(len(counts)) % 2 == 1
    return np.repeat(inside, counts).reshape(lengths['size'], order='F')
