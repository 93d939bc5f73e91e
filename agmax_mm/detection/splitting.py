"""One COCO annotation file to two, for training and for validation."""

from __future__ import annotations

import difflib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agmax_mm.detection.coco_files import is_id, read_coco
from agmax_mm.detection.layouts import class_names
from agmax_mm.fileio import write_text


@dataclass(frozen=True)
class Part:
    """What came into one of the two files.

    Attributes:
        path: The file.
        num_images: Its images.
        num_objects: Its annotations, crowds included.
        absent: Classes with no object in it.
    """

    path: Path
    num_images: int
    num_objects: int
    absent: tuple[str, ...]


def split_coco(
    source: str | Path,
    train: str | Path,
    val: str | Path,
    *,
    share: float = 0.2,
    seed: int = 0,
    classes: Sequence[str] | None = None,
    force: bool = False,
) -> tuple[Part, Part]:
    """Write two annotation files whose images are together those of ``source``, each in one of them.

    The images for validation are drawn by the seed, whatever their order in the file. All else that the file holds
    (``info``, ``licenses``, masks, captions) comes into both.

    Args:
        source: COCO annotations of instances.
        train: The file to write for training.
        val: The file to write for validation.
        share: Share of the images for validation, between 0 and 1; at least one image, and not all.
        seed: Seed of the draw.
        classes: Categories to keep, by name; all by default. Images without an object of them stay.
        force: Whether to replace files that are there.

    Returns:
        What each of the two holds, training first.

    Raises:
        ValueError: If the file is damaged, has fewer than two images, annotations of images that it does not list, or
            none of a class that was named; if the share is not between 0 and 1; or if a file to write is there.
    """
    source, paths = Path(source), (Path(train), Path(val))
    if not 0 < share < 1:
        raise ValueError(f'--share: expected a number between 0 and 1, got {share}')
    if len({path.resolve() for path in (source, *paths)}) < 3:
        raise ValueError(f'expected three different files, got {source}, {train} and {val}')
    there = [str(path) for path in paths if path.exists()]
    if there and not force:
        raise ValueError(f'expected new files, got {" and ".join(there)}; --force replaces them')
    content = read_coco(source)
    images = content['images']
    if len(images) < 2:
        raise ValueError(f'{source}: expected at least 2 images, to train and to validate, got {len(images)}')
    listed = {image['id'] for image in images}
    lost = [entry['id'] for entry in content['annotations'] if not _in(entry.get('image_id'), listed)]
    if lost:
        raise ValueError(
            f'{source}: expected annotations of the images that it lists, got {len(lost)} of others, the first with '
            f'the id {lost[0]!r}'
        )
    content = content if classes is None else _of_classes(content, class_names(classes, '--classes'), source)
    count = min(max(round(len(images) * share), 1), len(images) - 1)
    ordered = sorted(listed, key=lambda number: (isinstance(number, str), number))
    held = set(random.Random(seed).sample(ordered, count))
    parts = [_part(content, listed - held), _part(content, held)]
    try:
        texts = [json.dumps(part, ensure_ascii=False, allow_nan=False) for part in parts]
    except ValueError:
        raise ValueError(f'{source}: expected finite numbers, got NaN or infinity, which JSON does not know') from None
    for text, path in zip(texts, paths, strict=True):
        write_text(text, path)
    first, second = (_described(part, path) for part, path in zip(parts, paths, strict=True))
    return first, second


def _of_classes(content: dict[str, Any], names: Sequence[str], source: Path) -> dict[str, Any]:
    known = [entry['name'] for entry in content['categories']]
    for name in names:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
            hint = f', the nearest is {nearest[0]!r}' if nearest else ''
            raise ValueError(f'--classes: expected categories of {source}, got {name!r}{hint}')
    categories = [entry for entry in content['categories'] if entry['name'] in names]
    numbers = {entry['id'] for entry in categories}
    annotations = [entry for entry in content['annotations'] if _in(entry.get('category_id'), numbers)]
    return {**content, 'categories': categories, 'annotations': annotations}


def _part(content: dict[str, Any], numbers: set[Any]) -> dict[str, Any]:
    images = [entry for entry in content['images'] if entry['id'] in numbers]
    annotations = [entry for entry in content['annotations'] if entry['image_id'] in numbers]
    return {**content, 'images': images, 'annotations': annotations}


def _described(part: dict[str, Any], path: Path) -> Part:
    used = {number for entry in part['annotations'] if is_id(number := entry.get('category_id'))}
    absent = tuple(entry['name'] for entry in part['categories'] if entry['id'] not in used)
    return Part(path, len(part['images']), len(part['annotations']), absent)


def _in(number: Any, numbers: set[Any]) -> bool:
    return is_id(number) and number in numbers
