"""Detection data on disk: which files of a folder in Pascal VOC or COCO layout are for what.

Only the files that say so are looked at here. Annotations and images are checked by the data sets that read them, see
:mod:`agmax_mm.detection.datasets`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agmax_mm.detection.defects import first_names

VOC_CLASSES = (
    'aeroplane', 'bicycle', 'bird', 'boat', 'bottle', 'bus', 'car', 'cat', 'chair', 'cow', 'diningtable', 'dog',
    'horse', 'motorbike', 'person', 'pottedplant', 'sheep', 'sofa', 'train', 'tvmonitor',
)  # fmt: skip

_VOC_LISTS = 'ImageSets/Main'


@dataclass(frozen=True)
class VocLayout:
    """A folder with ``VOC2007`` and possibly ``VOC2012``.

    Attributes:
        root: The folder.
        years: The subfolders to train on; the test set is that of ``VOC2007``.
        classes: Class names in the order of the labels.
        num_train: Training images, over all years.
    """

    root: Path
    years: tuple[str, ...]
    classes: tuple[str, ...]
    num_train: int


@dataclass(frozen=True)
class CocoSplit:
    """One annotation file and its images, both relative to the layout's root."""

    ann_file: str
    image_dir: str
    num_images: int
    classes: tuple[str, ...]


@dataclass(frozen=True)
class CocoLayout:
    """A folder with COCO annotations of instances."""

    root: Path
    train: CocoSplit
    val: CocoSplit

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the annotation file, which is the order the host counts labels in."""
        return self.train.classes

    @property
    def num_train(self) -> int:
        """Training images."""
        return self.train.num_images


def read_voc_layout(root: str | Path, classes: Sequence[str] | None = None) -> VocLayout:
    """Find the parts of a folder of Pascal VOC layout.

    Args:
        root: Folder that holds ``VOC2007/{Annotations,JPEGImages,ImageSets/Main/{trainval,test}.txt}``; ``VOC2012``
            beside it joins the training set.
        classes: Class names; VOC's twenty by default.

    Raises:
        ValueError: If the folder or a list is missing, or a list is empty.
    """
    root = Path(root)
    if not (root / 'VOC2007').is_dir():
        raise ValueError(f'data root: expected a folder with VOC2007 in it, got {str(root)!r}')
    years = tuple(year for year in ('VOC2007', 'VOC2012') if (root / year).is_dir())
    names = tuple(classes or VOC_CLASSES)
    num_train = sum(_count_listed(root / year / _VOC_LISTS / 'trainval.txt') for year in years)
    _count_listed(root / 'VOC2007' / _VOC_LISTS / 'test.txt')
    return VocLayout(root, years, names, num_train)


def read_coco_layout(root: str | Path, annotations: Sequence[str] | None = None, *, masks: bool = True) -> CocoLayout:
    """Find the parts of a folder of COCO layout; the classes are those of the annotation files.

    Args:
        root: Folder that holds ``annotations/instances_{train,val}2017.json`` (or without the year) and the images, in
            ``train2017/`` and ``val2017/``, ``train/`` and ``val/``, or together in ``images/``.
        annotations: The two annotation files relative to ``root``, if they are named otherwise.
        masks: Whether objects need masks, besides boxes.

    Raises:
        ValueError: If a file or folder is missing or damaged, there are no images, no masks, or the two files list
            other classes.
    """
    root = Path(root)
    splits = []
    for index, split in enumerate(('train', 'val')):
        names = [f'annotations/instances_{split}2017.json', f'annotations/instances_{split}.json']
        ann_file = _first_existing(root, [annotations[index]] if annotations else names, 'annotation file')
        splits.append(_coco_split(root, ann_file, split, masks=masks))
    train, val = splits
    if train.classes != val.classes:
        raise ValueError(
            f'{val.ann_file}: expected the categories of {train.ann_file}, in their order '
            f'({first_names(train.classes)}), got {first_names(val.classes)}'
        )
    return CocoLayout(root, train, val)


def _count_listed(listing: Path) -> int:
    if not listing.is_file():
        raise ValueError(f'data root: expected the list {str(listing)!r}, which does not exist')
    # The host takes each line as it is, without the flag that VOC's per-class lists carry.
    count = len(listing.read_text(encoding='utf-8').splitlines())
    if not count:
        raise ValueError(f'{str(listing)!r}: expected names of images, got an empty file')
    return count


def _coco_split(root: Path, ann_file: str, split: str, *, masks: bool) -> CocoSplit:
    where = str(root / ann_file)
    content = _read_annotations(root / ann_file)
    images = content['images']
    if not images:
        raise ValueError(f'{where!r}: expected images, got an empty list')
    if masks and not any(entry.get('segmentation') for entry in content['annotations']):
        raise ValueError(f'{where!r}: expected annotations with a segmentation (masks), got none')
    folder = _first_existing(root, [f'{split}2017', split, 'images'], 'image folder')
    return CocoSplit(ann_file, f'{folder}/', len(images), tuple(entry['name'] for entry in content['categories']))


def _read_annotations(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f'{str(path)!r}: expected JSON, got {error}') from None
    keys = ('images', 'annotations', 'categories')
    if not isinstance(content, dict) or any(key not in content for key in keys):
        raise ValueError(f'{str(path)!r}: expected COCO annotations with {", ".join(keys)}')
    for key in keys:
        if not isinstance(content[key], list) or not all(isinstance(entry, dict) for entry in content[key]):
            raise ValueError(f'{str(path)!r}: expected {key} to be a list of objects')
    if not all('name' in category for category in content['categories']):
        raise ValueError(f'{str(path)!r}: expected a name for each of the categories, got one without')
    return content


def _first_existing(root: Path, names: Sequence[str], what: str) -> str:
    for name in names:
        if (root / name).exists():
            return name
    raise ValueError(f'data root {str(root)!r}: expected an {what} {" or ".join(names)}, got none')
