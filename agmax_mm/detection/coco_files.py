"""COCO's annotation files: read whole, checked, and rid of what cannot be learnt or found.

The data set and the metric both read their file here, so that training and evaluation see the same objects.
"""

from __future__ import annotations

import io
import json
import math
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, TypeGuard

from agmax_mm.detection.defects import DataReport, box_defect
from agmax_mm.detection.segmentations import checked_segmentation
from agmax_mm.wording import first_names

IGNORED = 'marked as ignored'
UNLISTED = 'of images that are not listed'
_KEYS = ('images', 'annotations', 'categories')


def read_coco(path: str | Path) -> dict[str, Any]:
    """Read an annotation file in UTF-8, UTF-16 or UTF-32, with or without a byte order mark.

    Returns:
        The file's ``images``, ``annotations`` and ``categories``, sizes of images as whole numbers.

    Raises:
        ValueError: If the file is no JSON or in another form, if two images, annotations or categories have one id, or
            if an image has no name, no size or no id.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f'{path}: expected an annotation file, which does not exist')
    try:
        content = json.loads(path.read_bytes())
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f'{path}: expected JSON, got {error}') from None
    if not isinstance(content, dict) or any(key not in content for key in _KEYS):
        raise ValueError(f'{path}: expected COCO annotations with {", ".join(_KEYS)}')
    for key in _KEYS:
        if not isinstance(content[key], list) or not all(isinstance(entry, dict) for entry in content[key]):
            raise ValueError(f'{path}: expected {key} to be a list of objects')
    for category in content['categories']:
        if not isinstance(category.get('name'), str):
            raise ValueError(f'{path}: expected a name for each of the categories, got {category}')
    for image in content['images']:
        _check_image(path, image)
    kinds = {type(image['id']).__name__ for image in content['images']}
    if len(kinds) > 1:
        raise ValueError(f'{path}: expected ids of images of one type, got {" and ".join(sorted(kinds))}')
    _check_ids(path, 'images', [(image['id'], image['file_name']) for image in content['images']])
    _check_ids(path, 'categories', [(entry.get('id'), entry['name']) for entry in content['categories']])
    _check_ids(
        path,
        'annotations',
        [(entry.get('id'), f'image_id {entry.get("image_id")!r}') for entry in content['annotations']],
    )
    return content


def usable_annotations(
    content: dict[str, Any], report: DataReport, *, masks: bool, categories: set[Any] | None = None
) -> list[dict[str, Any]]:
    """Return the annotations that can be learnt and found, and count the others in ``report``.

    Args:
        content: A file as :func:`read_coco` returns it.
        report: Its ``left_out`` and ``unknown`` are filled.
        masks: Whether each object needs a mask.
        categories: Ids of the known categories; all by default.

    Returns:
        Copies, with ``iscrowd`` of 0 or 1, and with masks as pycocotools reads them if ``masks``.

    Raises:
        ValueError: If an annotation has no box or area, or one that is no number.
    """
    images = {image['id']: image for image in content['images']}
    names = {category.get('id'): category['name'] for category in content['categories']}
    kept = []
    for entry in content['annotations']:
        number, image_id, category = (entry.get(key) for key in ('id', 'image_id', 'category_id'))
        image = images.get(image_id) if is_id(image_id) else None
        if image is None:
            report.leave_out(UNLISTED, f'annotation {number} with image_id {image_id!r}')
            continue
        where = f'{image["file_name"]}, annotation {number}'
        if not is_id(category) or (categories is not None and category not in categories):
            name = names.get(category, category) if is_id(category) else category
            report.unknown.setdefault(str(name), []).append(where)
            continue
        try:
            defect = _box_defect(entry, image)
            crowd = _is_crowd(entry)
        except ValueError as error:
            raise ValueError(f'{report.source}: {where}: {error}') from None
        entry = {**entry, 'iscrowd': crowd}
        if defect is None and masks:
            segmentation, defect = checked_segmentation(entry.get('segmentation'), image['height'], image['width'])
            entry['segmentation'] = segmentation
        if defect is None:
            kept.append(entry)
        else:
            report.leave_out(defect, where)
    return kept


def coco_api(content: dict[str, Any], annotations: list[dict[str, Any]]) -> Any:
    """Return the host's index of a file with these annotations.

    They are numbered from 1: pycocotools takes an object of the number 0 for none, so that its detection is wrong. A
    detector that finds nothing scores 0: pycocotools cannot index an empty list, and mmdet then leaves the scores out.
    """
    from mmdet.datasets.api_wrappers import COCO

    class Index(COCO):
        def loadRes(self, found: list[dict[str, Any]]) -> Any:
            return super().loadRes(found) if found else coco_api(content, [])

    api = Index()
    numbered = [{**entry, 'id': number} for number, entry in enumerate(annotations, start=1)]
    api.dataset = {**content, 'annotations': numbered}
    with redirect_stdout(io.StringIO()):  # it reports each of its steps
        api.createIndex()
    # mmdet's other names of the index.
    api.img_ann_map, api.cat_img_map = api.imgToAnns, api.catToImgs
    return api


def _check_image(path: Path, image: dict[str, Any]) -> None:
    name = image.get('file_name')
    if not isinstance(name, str) or not name:
        raise ValueError(f'{path}: expected a file_name for each of the images, got {image}')
    for key in ('width', 'height'):
        value = image.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0 or value != value // 1:
            raise ValueError(f'{path}: {name}: expected a {key} in pixels, got {value!r}')
        image[key] = int(value)
    if not is_id(image.get('id')):
        raise ValueError(f'{path}: {name}: expected an id, a number or a text, got {image.get("id")!r}')


def _check_ids(path: Path, what: str, entries: list[tuple[Any, str]]) -> None:
    seen: dict[Any, str] = {}
    twice = []
    for number, name in entries:
        if not is_id(number):
            raise ValueError(f'{path}: {name}: expected an id, a number or a text, got {number!r}')
        if number in seen:
            twice.append(f'{number!r} of {seen[number]} and {name}')
        seen.setdefault(number, name)
    if twice:
        raise ValueError(
            f'{path}: expected {what} with ids of their own, got {len(twice)} that {what} before them have, too (two '
            f'exports put together?): {first_names(twice)}'
        )


def is_id(value: Any) -> bool:
    """Whether a value can be an id of an image, an annotation or a category."""
    return isinstance(value, int | str) and not isinstance(value, bool)


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_crowd(entry: dict[str, Any]) -> int:
    crowd = entry.get('iscrowd', 0)
    if crowd not in (0, 1, None):
        raise ValueError(f'expected iscrowd to be 0 or 1, got {crowd!r}')
    return int(crowd or 0)


def _box_defect(entry: dict[str, Any], image: dict[str, Any]) -> str | None:
    if entry.get('ignore', False):
        return IGNORED
    box, area = entry.get('bbox'), entry.get('area')
    if not isinstance(box, list) or len(box) != 4 or not all(map(_is_number, box)):
        raise ValueError(f'expected a bbox of four numbers, got {box!r}')
    if not _is_number(area):
        raise ValueError(f'expected an area in pixels, got {area!r}')
    try:
        left, top, width, height = map(float, box)
        area = float(area)
    except OverflowError:
        raise ValueError(f'expected a box and an area of finite numbers, got {box} and {area}') from None
    if not math.isfinite(area):
        raise ValueError(f'expected an area in pixels, got {area}')
    return box_defect([left, top, left + width, top + height], image['width'], image['height'])
