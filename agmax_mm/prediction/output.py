"""Predictions as files, lines and pictures."""

from __future__ import annotations

import csv
import io
import os
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agmax_mm.datasets.archives import place
from agmax_mm.fileio import write_json, write_text
from agmax_mm.prediction.predictor import Prediction

_COLUMNS = ('input', 'rank', 'label', 'name', 'score', 'x1', 'y1', 'x2', 'y2')
# Letters of a line below a picture of 3 inches.
_LINE = 48
_CAPTION_COLUMNS = ('input', 'caption', 'log_probability')


def write_predictions(predictions: Sequence[Prediction], path: str | os.PathLike[str]) -> None:
    """Write predictions as JSON, as they are, or as CSV, a line for each class, object or caption, without masks.

    Args:
        predictions: What a :class:`~agmax_mm.prediction.predictor.Predictor` returned.
        path: ``.json`` or ``.csv``.
    """
    if Path(path).suffix == '.json':
        write_json(list(predictions), path)
        return
    table = io.StringIO()
    writer = csv.writer(table, lineterminator='\n')
    captioned = any('caption' in prediction for prediction in predictions)
    writer.writerow(_CAPTION_COLUMNS if captioned else _COLUMNS)
    for prediction in predictions:
        if captioned:
            writer.writerow([prediction[column] for column in _CAPTION_COLUMNS])
            continue
        rows = prediction.get('classes') or prediction.get('objects') or []
        for rank, row in enumerate(rows, start=1):
            score = row['probability'] if 'probability' in row else row['score']
            writer.writerow([prediction['input'], rank, row['label'], row['name'], score, *row.get('box', ())])
        if not rows:
            writer.writerow([prediction['input'], 0])
    write_text(table.getvalue(), path)


def one_line(prediction: Prediction) -> str:
    """A prediction in one line: the input, and the classes or objects with their scores in percent, or the caption."""
    if 'caption' in prediction:
        return f'{prediction["input"]}: {prediction["caption"]}'
    if 'classes' in prediction:
        parts = [f'{row["name"]} {100 * row["probability"]:.1f} %' for row in prediction['classes']]
    else:
        parts = [f'{row["name"]} {100 * row["score"]:.1f} %' for row in prediction['objects']] or ['nothing found']
    return f'{prediction["input"]}: {", ".join(parts)}'


def draw(
    predictions: Sequence[Prediction],
    classes: Sequence[str],
    folder: Path,
    picture_of: Callable[[str], NDArray[np.uint8]],
) -> int:
    """Draw every input file with its prediction, as ``folder/<number>_<name>.png``; arrays have no file.

    Args:
        predictions: What a :class:`~agmax_mm.prediction.predictor.Predictor` returned.
        classes: The names of the classes.
        folder: Where the pictures go.
        picture_of: :meth:`~agmax_mm.prediction.predictor.Predictor.picture`.

    Returns:
        The number of pictures.
    """
    from agmax_mm.results.pictures import detection_grid, picture_grid

    drawn = 0
    for number, prediction in enumerate(predictions):
        source = place(prediction['input'])
        if not source.is_file():
            continue
        picture = picture_of(str(source))
        out = folder / f'{number:05d}_{Path(source.name).stem}.png'
        if 'caption' in prediction:
            picture_grid([[picture]], out, captions=[[textwrap.fill(prediction['caption'], _LINE)]], side=3.0)
        elif 'classes' in prediction:
            caption = '\n'.join(f'{row["name"]} {100 * row["probability"]:.1f} %' for row in prediction['classes'])
            picture_grid([[picture]], out, captions=[[caption]])
        else:
            detection_grid([[_picture(picture, prediction['objects'])]], out, column_titles=[''], class_names=classes)
        drawn += 1
    return drawn


def _picture(picture: Any, objects: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A picture with its objects, as :func:`agmax_mm.results.pictures.detection_grid` takes it."""
    found = {
        'image': picture,
        'boxes': np.array([row['box'] for row in objects], dtype=float).reshape(-1, 4),
        'labels': np.array([row['label'] for row in objects], dtype=int),
        'scores': np.array([row['score'] for row in objects], dtype=float),
    }
    if objects and 'mask' in objects[0]:
        from pycocotools import mask as coco

        found['masks'] = np.stack([coco.decode(row['mask']).astype(bool) for row in objects])
    return found
