"""Checks of the files that a report reads: JSON of finite numbers, with the parts it shows in their places."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agmax_mm.metrics import metric_from_json

STATUSES = ('completed', 'running', 'interrupted', 'failed', 'not run')
# Larger numbers cannot be drawn or printed.
_LARGEST = 1e15

Check = Callable[[Any, str], None]


def check_result(record: Any, path: Path) -> None:
    """Refuse a result file that a report could not show.

    Raises:
        ValueError: With the file, the place in it, what was expected there and what was got.
    """
    try:
        _mapping(record, '')
        missing = [key for key in ('config', 'status', 'scores', 'history') if key not in record]
        if missing:
            raise ValueError(f'the keys of a result file, got none of {missing}')
        _RESULT(record, '')
    except ValueError as error:
        raise ValueError(f'results: expected in {str(path)!r} {error}') from None


def check_detections(record: Any, path: Path) -> None:
    """Refuse a file of detections that a report could not draw.

    Raises:
        ValueError: As :func:`check_result`.
    """
    try:
        _mapping(record, '')
        missing = [key for key in ('classes', 'rule', 'recall', 'curves', 'pictures') if key not in record]
        if missing:
            raise ValueError(f'a record of an evaluation, which lacks {missing}')
        _DETECTIONS(record, '')
        levels, count = len(record['recall']), len(record['classes'])
        for name, curve in record['curves'].items():
            for key in ('precision', 'precision50'):
                if len(curve.get(key, record['recall'])) != levels:
                    raise ValueError(f'{levels} values at curves.{name}.{key}, got {len(curve[key])}')
        for number, picture in enumerate(record['pictures']):
            for part in ('truth', 'found'):
                _check_objects(picture[part], f'pictures.{number}.{part}', count)
    except ValueError as error:
        raise ValueError(f'detections: expected in {str(path)!r} {error}') from None


def check_captions(record: Any, path: Path) -> None:
    """Refuse a file of captions that a report could not show.

    Raises:
        ValueError: As :func:`check_result`.
    """
    try:
        _CAPTIONS(record, '')
    except ValueError as error:
        raise ValueError(f'captions: expected in {str(path)!r} {error}') from None


def _check_objects(objects: Mapping[str, Any], place: str, num_classes: int) -> None:
    for key, values in objects.items():
        if len(values) != len(objects['boxes']):
            raise ValueError(f'as many {key} as boxes at {place}, got {len(values)} and {len(objects["boxes"])}')
    for label in objects['labels']:
        if not 0 <= label < num_classes:
            raise ValueError(f'labels below {num_classes} at {place}, got {label}')
    for mask in objects.get('masks', ()):
        if (
            len(mask['size']) != 2
            or math.prod(mask['size']) != sum(mask['counts'])
            or min(mask['counts'], default=0) < 0
        ):
            raise ValueError(f'run lengths of whole masks at {place}, got others')


def _wrong(expected: str, value: Any, place: str) -> ValueError:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else f'{shown[:57]}...'
    return ValueError(f'{expected}{f" at {place}" if place else ""}, got {shown}')


def _mapping(value: Any, place: str) -> None:
    if not isinstance(value, dict):
        raise _wrong('a mapping', value, place)
    for key in value:
        _text(key, place)


def _text(value: Any, place: str) -> None:
    if not isinstance(value, str):
        raise _wrong('text', value, place)
    if not value.isprintable() and any(ord(letter) < 32 or 0xD800 <= ord(letter) < 0xE000 for letter in value):
        raise _wrong('text without control characters', value, place)


def _sentence(value: Any, place: str) -> None:
    """Text as people write it, which may have lines."""
    _text(value.replace('\n', ' ') if isinstance(value, str) else value, place)


def _number(value: Any, place: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        raise _wrong(f'a number of at most {_LARGEST:g}', value, place)


def _count(value: Any, place: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST:
        raise _wrong('an integer of at least 0', value, place)


def _fixed(**keys: Check) -> Check:
    """A mapping with some known keys, each of which may be missing, and others that nobody looks at."""

    def check(value: Any, place: str) -> None:
        _mapping(value, place)
        for key, inner in keys.items():
            if key in value:
                inner(value[key], f'{place}.{key}'.lstrip('.'))

    return check


def _needed(inner: Check, *names: str) -> Check:
    def check(value: Any, place: str) -> None:
        _mapping(value, place)
        for name in names:
            if name not in value:
                raise _wrong(f'the key {name!r}', sorted(value), place)
        inner(value, place)

    return check


def _each(inner: Check) -> Check:
    """A list of such."""

    def check(value: Any, place: str) -> None:
        if not isinstance(value, list):
            raise _wrong('a list', value, place)
        for index, item in enumerate(value):
            inner(item, f'{place}.{index}')

    return check


def _values(inner: Check) -> Check:
    """A mapping of any names to such."""

    def check(value: Any, place: str) -> None:
        _mapping(value, place)
        for key, item in value.items():
            inner(item, f'{place}.{key}')

    return check


def _or_none(inner: Check) -> Check:
    def check(value: Any, place: str) -> None:
        if value is not None:
            inner(value, place)

    return check


def _status(value: Any, place: str) -> None:
    if value not in STATUSES:
        raise _wrong(f'one of {", ".join(STATUSES)}', value, place)


def _metric(value: Any, place: str) -> None:
    _mapping(value, place)
    try:
        metric_from_json(value)
    except ValueError as error:
        raise ValueError(f'a metric at {place}, got {error}') from None


def _paper(value: Any, place: str) -> None:
    entry = _needed(_fixed(metric=_text, value=_number, pretraining=_text), 'metric', 'value')
    _each(entry)(value, place) if isinstance(value, list) else entry(value, place)


# Beside its metrics a validation has numbers and, where one could not be computed, null.
def _point(value: Any, place: str) -> None:
    _values(_or_none(_number))(value, place)
    _fixed(iter=_count, epoch=_count)(value, place)


_RESULT = _fixed(
    config=_text,
    status=_status,
    seed=_or_none(_count),
    device=_text,
    package_version=_text,
    versions=_values(_text),
    wall_time_s=_number,
    peak_memory_mb=_or_none(_number),
    iterations=_count,
    epochs=_count,
    paper=_or_none(_paper),
    pretraining=_or_none(_text),
    backbone=_or_none(_text),
    config_sha256=_or_none(_text),
    metrics=_values(_metric),
    scores=_needed(
        _fixed(
            last=_values(_or_none(_number)),
            best=_values(_needed(_fixed(value=_number, epoch=_count, iter=_count), 'value', 'epoch', 'iter')),
        ),
        'last',
        'best',
    ),
    history=_needed(
        _fixed(train=_each(_needed(_point, 'iter')), val=_each(_needed(_point, 'iter', 'epoch'))), 'train', 'val'
    ),
)
_OBJECTS = {'boxes': _each(_each(_number)), 'labels': _each(_count)}
_MASKS = _each(_needed(_fixed(size=_each(_count), counts=_each(_count)), 'size', 'counts'))
_DETECTIONS = _fixed(
    classes=_each(_text),
    rule=_text,
    recall=_each(_number),
    score=_number,
    curves=_values(
        _needed(
            _fixed(ap50=_number, ap=_number, precision50=_each(_number), precision=_each(_number)),
            'ap50',
            'precision50',
        )
    ),
    pictures=_each(
        _needed(
            _fixed(
                path=_text,
                truth=_needed(_fixed(**_OBJECTS, masks=_MASKS), 'boxes', 'labels'),
                found=_needed(_fixed(**_OBJECTS, scores=_each(_number), masks=_MASKS), 'boxes', 'labels', 'scores'),
            ),
            'path',
            'truth',
            'found',
        )
    ),
)
_CAPTIONS = _needed(
    _fixed(
        pictures=_each(
            _needed(_fixed(path=_text, caption=_text, references=_each(_sentence)), 'path', 'caption', 'references')
        ),
        comparisons=_each(
            _needed(
                _fixed(name=_text, scores=_values(_number), spread=_values(_number), draws=_count),
                *('name', 'scores', 'spread', 'draws'),
            )
        ),
    ),
    'pictures',
    'comparisons',
)
