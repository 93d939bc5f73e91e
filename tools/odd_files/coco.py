"""Odd files in COCO's format, after those that Roboflow, CVAT, labelme, LabelStudio and scripts leave behind."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from tests.detection.sets import SIZE, edit_coco
from tools.odd_files import COUNTED, EITHER, READ, REFUSED, Odd

_HEIGHT, _WIDTH = SIZE
_FILE = 'annotations/instances_train.json'
_GONE = object()
_NAN, _INF = float('nan'), float('inf')


def _set(part: str, index: int, **changes: Any) -> Callable[[Path], object]:
    """Change the keys of one image, annotation or category; a function makes the value from the old one."""

    def change(content: dict[str, Any]) -> None:
        entry = content[part][index]
        for key, value in changes.items():
            if value is _GONE:
                entry.pop(key)
            else:
                entry[key] = value(entry.get(key)) if callable(value) else value

    return lambda root: edit_coco(root, change)


def _all(part: str, **changes: Any) -> Callable[[Path], object]:
    return lambda root: [_set(part, index, **changes)(root) for index in range(len(_content(root)[part]))]


def _content(root: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((root / _FILE).read_text())
    return content


def _bytes(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda root: (root / _FILE).write_bytes(change((root / _FILE).read_bytes()))


def _image(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda root: (root / 'images/train1.png').write_bytes(change((root / 'images/train1.png').read_bytes()))


def _mask(change: Callable[[list[float]], Any]) -> Callable[[Path], object]:
    """Another segmentation of the second object, made from its box."""

    def spoil(content: dict[str, Any]) -> None:
        entry = content['annotations'][1]
        entry['segmentation'] = change(entry['bbox'])

    return lambda root: edit_coco(root, spoil)


def _runs(box: list[float], *, compressed: bool = False) -> dict[str, Any]:
    x, y, width, height = map(int, box)
    mask = np.zeros(SIZE, np.uint8, order='F')
    mask[y : y + height, x : x + width] = 1
    if compressed:
        encoded = coco_mask.encode(mask)
        return {**encoded, 'counts': encoded['counts'].decode()}
    flat = mask.flatten(order='F')
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff([0, *edges, flat.size]).tolist()
    return {'size': list(SIZE), 'counts': counts if flat[0] == 0 else [0, *counts]}


def _polygon(box: list[float]) -> list[float]:
    x, y, width, height = box
    return [x, y, x + width, y, x + width, y + height, x, y + height]


def _outside(root: Path) -> None:
    (root.parent / 'outside.png').write_bytes((root / 'images/train1.png').read_bytes())


def odd_files() -> Iterator[Odd]:
    """All odd files; every set has four images with one object each, of the classes box and other."""
    first, images, categories = _set, 'images', 'categories'
    annotation = lambda **changes: first('annotations', 1, **changes)  # noqa: E731
    image = lambda **changes: first(images, 1, **changes)  # noqa: E731
    yield Odd('annotations numbered from 0', _all('annotations', id=lambda number: number - 1), READ)
    yield Odd('negative ids of annotations', _all('annotations', id=lambda number: -number), READ)
    yield Odd('texts as ids of annotations', _all('annotations', id=str), READ)
    yield Odd('huge ids of annotations', _all('annotations', id=lambda number: number + 10**30), READ)
    yield Odd('an id that two annotations have', annotation(id=1), REFUSED)
    yield Odd('an annotation without id', annotation(id=_GONE), REFUSED)
    yield Odd('a fraction as an id of an annotation', annotation(id=1.5), REFUSED)
    yield Odd('an id that two images have', image(id=0), REFUSED)
    yield Odd('an image without id', image(id=_GONE), REFUSED)
    yield Odd('null as an id of an image', image(id=None), REFUSED)
    yield Odd('a fraction as an id of an image', image(id=1.5), REFUSED)
    yield Odd('a text among the ids of images', image(id='one'), REFUSED)
    yield Odd(
        'texts as all ids of images',
        lambda root: (_all(images, id=str)(root), _all('annotations', image_id=str)(root)),
        READ,
    )
    yield Odd('an image_id as a text', annotation(image_id='1'), COUNTED)
    yield Odd('an image_id of no image', annotation(image_id=77), COUNTED)
    yield Odd('no image_id', annotation(image_id=_GONE), COUNTED)
    yield Odd('a list as an image_id', annotation(image_id=[1]), COUNTED)
    yield Odd('a category_id of no category', annotation(category_id=9), REFUSED)
    yield Odd('no category_id', annotation(category_id=_GONE), REFUSED)
    yield Odd('a text as a category_id', annotation(category_id='2'), REFUSED)
    yield Odd(
        'categories numbered from 0',
        lambda root: (
            _all(categories, id=lambda number: number - 1)(root),
            _all('annotations', category_id=lambda number: number - 1)(root),
        ),
        READ,
    )
    yield Odd(
        'a grouping category',
        lambda root: edit_coco(root, lambda content: content[categories].insert(0, {'id': 0, 'name': 'things'})),
        READ,
    )
    yield Odd('a category without a name', first(categories, 1, name=_GONE), REFUSED)
    yield Odd(
        'two categories of one name',
        lambda root: edit_coco(root, lambda content: content[categories].append({'id': 3, 'name': 'other'})),
        REFUSED,
    )
    yield Odd('two categories of one id', first(categories, 1, id=1), REFUSED)
    yield Odd(
        'categories in another order',
        lambda root: edit_coco(root, lambda content: content[categories].reverse()),
        REFUSED,
    )
    yield Odd('another category', first(categories, 1, name='tin'), REFUSED)
    for value in (0, -3, '96', _NAN, _INF, True, None, 50):
        yield Odd(f'an image of width {value!r}', image(width=value), REFUSED)
    yield Odd('an image without width', image(width=_GONE), REFUSED)
    yield Odd('widths as 96.0', _all(images, width=float), READ)
    yield Odd('width and height exchanged', image(width=_HEIGHT, height=_WIDTH), REFUSED)
    for value in (
        [_NAN] * 4,
        [1, 1, _INF, 9],
        [1e300] * 4,
        [1, 2, 3],
        [1, 2, 3, 4, 5],
        ['a', 'b', 'c', 'd'],
        None,
        {'x': 1},
    ):
        yield Odd(f'a box {value!r}', annotation(bbox=value), REFUSED)
    yield Odd('a box of texts', annotation(bbox=lambda box: list(map(str, box))), EITHER)
    yield Odd('no box', annotation(bbox=_GONE), REFUSED)
    yield Odd('a box of width 0', annotation(bbox=[3, 3, 0, 9]), COUNTED)
    yield Odd('a box of negative width', annotation(bbox=[30, 3, -9, 9]), COUNTED)
    yield Odd('a box outside of the image', annotation(bbox=[300, 3, 9, 9]), COUNTED)
    yield Odd('a box of less than a pixel', annotation(bbox=[3, 3, 0.4, 9]), COUNTED)
    yield Odd(
        'all boxes as shares of the image',
        _all('annotations', bbox=lambda box: [box[0] / 96, box[1] / 64, box[2] / 96, box[3] / 64]),
        REFUSED,
    )
    yield Odd('an area of 0', annotation(area=0), COUNTED)
    yield Odd('an area NaN', annotation(area=_NAN), REFUSED)
    yield Odd('no area', annotation(area=_GONE), REFUSED)
    yield Odd('no iscrowd', _all('annotations', iscrowd=_GONE), READ)
    yield Odd('a text as iscrowd', annotation(iscrowd='no'), REFUSED)
    yield Odd('iscrowd of 2', annotation(iscrowd=2), REFUSED)
    yield Odd('all objects are crowds', _all('annotations', iscrowd=1), REFUSED)
    yield Odd('an object marked as ignored', annotation(ignore=1), COUNTED)
    yield Odd('masks as run lengths', _mask(_runs), READ)
    yield Odd('masks as compressed run lengths', _mask(lambda box: _runs(box, compressed=True)), READ)
    yield Odd('a polygon as a flat list', _mask(_polygon), COUNTED)
    yield Odd('a polygon as points', _mask(lambda box: np.reshape(_polygon(box), (4, 2)).tolist()), COUNTED)
    yield Odd('a box as a polygon', _mask(lambda box: [box]), COUNTED)
    yield Odd('a polygon of two points', _mask(lambda box: [_polygon(box)[:4]]), COUNTED)
    yield Odd('a polygon of an odd length', _mask(lambda box: [_polygon(box)[:7]]), COUNTED)
    yield Odd('a polygon of texts', _mask(lambda box: [list(map(str, _polygon(box)))]), COUNTED)
    yield Odd('a polygon outside of the image', _mask(lambda box: [[value + 900 for value in _polygon(box)]]), COUNTED)
    for value in (_NAN, _INF, 1e30, -1e30):
        yield Odd(f'a polygon with {value}', _mask(lambda box, value=value: [[value, *_polygon(box)[1:]]]), COUNTED)
    for value in ([], [[]], None, 'mask.png', 5, {}):
        yield Odd(f'a mask {value!r}', _mask(lambda box, value=value: value), COUNTED)
    yield Odd('no mask', annotation(segmentation=_GONE), COUNTED)
    for name, change in {
        'of another size': lambda runs: {**runs, 'size': [_WIDTH, _HEIGHT]},
        'of a huge size': lambda runs: {**runs, 'size': [10**6, 10**6]},
        'of too many pixels': lambda runs: {**runs, 'counts': [*runs['counts'], 10**9]},
        'of too few pixels': lambda runs: {**runs, 'counts': runs['counts'][:2]},
        'with a negative count': lambda runs: {**runs, 'counts': [-5, *runs['counts']]},
        'with NaN': lambda runs: {**runs, 'counts': [_NAN, *runs['counts']]},
        'with texts': lambda runs: {**runs, 'counts': list(map(str, runs['counts']))},
        'that are damaged': lambda runs: {**runs, 'counts': '\u00ff~~~~~~~~'},
        'without a size': lambda runs: {'counts': runs['counts']},
    }.items():
        yield Odd(f'run lengths {name}', _mask(lambda box, change=change: change(_runs(box))), COUNTED)
    yield Odd(
        'a file_name that leaves the data root',
        lambda root: (_outside(root), image(file_name='../../outside.png')(root)),
        REFUSED,
    )
    yield Odd(
        'an absolute file_name',
        lambda root: (_outside(root), image(file_name=str(root.parent / 'outside.png'))(root)),
        REFUSED,
    )
    for value in ('', None, 7, 'nobody.png', '.', 'images\\train1.png'):
        yield Odd(f'a file_name {value!r}', image(file_name=value), REFUSED)
    yield Odd('an image that is missing', lambda root: (root / 'images/train1.png').unlink(), REFUSED)
    yield Odd('a half-written image', _image(lambda data: data[: len(data) // 2]), REFUSED)
    yield Odd('an image whose end is zeros', _image(lambda data: data[:-400] + bytes(400)), REFUSED)
    yield Odd('an empty image', _image(lambda data: b''), REFUSED)
    yield Odd('a web page as an image', _image(lambda data: b'<html>404 not found</html>'), REFUSED)
    yield Odd('a byte order mark', _bytes(lambda data: codecs.BOM_UTF8 + data), READ)
    yield Odd('UTF-16', _bytes(lambda data: codecs.BOM_UTF16_LE + data.decode().encode('utf-16-le')), READ)
    yield Odd('Latin-1', _bytes(lambda data: data.replace(b'box', b'b\xf6x')), REFUSED)
    yield Odd('an empty file', _bytes(lambda data: b''), REFUSED)
    yield Odd('a half-written file', _bytes(lambda data: data[: len(data) // 2]), REFUSED)
    yield Odd('a comma at the end', _bytes(lambda data: data[:-1] + b',}'), REFUSED)
    yield Odd('a line of JSON for each object', _bytes(lambda data: data + b'\n' + data), REFUSED)
    yield Odd('brackets without end', _bytes(lambda data: b'[' * 200000), REFUSED)
    yield Odd('a list in place of the whole', _bytes(lambda data: b'[' + data + b']'), REFUSED)
    yield Odd("CVAT's XML", _bytes(lambda data: b'<?xml version="1.0"?><annotations/>'), REFUSED)
    yield Odd("labelme's JSON", _bytes(lambda data: b'{"shapes": [], "imagePath": "train0.png"}'), REFUSED)
    for key in (images, 'annotations', categories):
        yield Odd(f'no {key}', lambda root, key=key: edit_coco(root, lambda content: content.pop(key)), REFUSED)
        yield Odd(
            f'an empty list of {key}',
            lambda root, key=key: edit_coco(root, lambda content: content[key].clear()),
            REFUSED,
        )
        yield Odd(
            f'{key} by id',
            lambda root, key=key: edit_coco(
                root, lambda content: content.update({key: {str(entry['id']): entry for entry in content[key]}})
            ),
            REFUSED,
        )
        yield Odd(
            f'null among the {key}',
            lambda root, key=key: edit_coco(root, lambda content: content[key].append(None)),
            REFUSED,
        )
    yield Odd(
        'a folder as the annotation file', lambda root: ((root / _FILE).unlink(), (root / _FILE).mkdir()), REFUSED
    )
