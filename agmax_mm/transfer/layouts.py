"""Detection data on disk: what is in a folder of Pascal VOC or COCO layout, checked before anything is trained."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

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
    """A folder with COCO annotations of instances, with masks."""

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
    """Check a folder of Pascal VOC layout.

    Args:
        root: Folder that holds ``VOC2007/{Annotations,JPEGImages,ImageSets/Main/{trainval,test}.txt}``; ``VOC2012``
            beside it joins the training set.
        classes: Class names; VOC's twenty by default.

    Raises:
        ValueError: If a folder, list, image or annotation is missing or damaged, a list is empty, or no training image
            shows any of the classes.
    """
    root = Path(root)
    if not (root / 'VOC2007').is_dir():
        raise ValueError(f'data root: expected a folder with VOC2007 in it, got {str(root)!r}')
    years = tuple(year for year in ('VOC2007', 'VOC2012') if (root / year).is_dir())
    names = tuple(classes or VOC_CLASSES)
    train = [entry for year in years for entry in _voc_images(root / year, 'trainval')]
    _voc_images(root / 'VOC2007', 'test')
    found = {name for annotation in train for name in _voc_names(annotation)}
    if not found & set(names):
        raise ValueError(
            f'classes: expected some of {_few(names)} in the annotations below {str(root)!r}, '
            f'got only {_few(sorted(found))}'
        )
    return VocLayout(root, years, names, len(train))


def read_coco_layout(root: str | Path, annotations: Sequence[str] | None = None) -> CocoLayout:
    """Check a folder of COCO layout; the classes are those of the annotation files.

    Args:
        root: Folder that holds ``annotations/instances_{train,val}2017.json`` (or without the year) and the images, in
            ``train2017/`` and ``val2017/``, ``train/`` and ``val/``, or together in ``images/``.
        annotations: The two annotation files relative to ``root``, if they are named otherwise.

    Raises:
        ValueError: If a file or folder is missing or damaged, there are no images, no masks, or the two files list
            other classes.
    """
    root = Path(root)
    splits = []
    for index, split in enumerate(('train', 'val')):
        names = [f'annotations/instances_{split}2017.json', f'annotations/instances_{split}.json']
        ann_file = _first_existing(root, [annotations[index]] if annotations else names, 'annotation file')
        splits.append(_coco_split(root, ann_file, split))
    train, val = splits
    if train.classes != val.classes:
        raise ValueError(
            f'{val.ann_file}: expected the categories of {train.ann_file}, in their order '
            f'({_few(train.classes)}), got {_few(val.classes)}'
        )
    return CocoLayout(root, train, val)


def _voc_images(year: Path, split: str) -> list[Path]:
    """Annotation files of a split, after checking that they and their images are there."""
    listing = year / _VOC_LISTS / f'{split}.txt'
    if not listing.is_file():
        raise ValueError(f'data root: expected the list {str(listing)!r}, which does not exist')
    names = listing.read_text(encoding='utf-8').split('\n')
    # The host takes each line as it is, without the flag that VOC's per-class lists carry.
    names = [name for name in names if name]
    if not names:
        raise ValueError(f'{str(listing)!r}: expected names of images, got an empty file')
    files = [(year / 'Annotations' / f'{name}.xml', year / 'JPEGImages' / f'{name}.jpg') for name in names]
    missing = [str(path) for pair in files for path in pair if not path.is_file()]
    if missing:
        raise ValueError(f'{str(listing)!r}: {len(missing)} files that it lists do not exist, such as {missing[0]!r}')
    _check_images(image for _, image in files)
    return [annotation for annotation, _ in files]


def _voc_names(annotation: Path) -> set[str]:
    try:
        objects = ElementTree.parse(annotation).getroot().findall('object')
    except ElementTree.ParseError as error:
        raise ValueError(f'{str(annotation)!r}: expected XML, got {error}') from None
    return {entry.findtext('name', '') for entry in objects}


def _coco_split(root: Path, ann_file: str, split: str) -> CocoSplit:
    where = str(root / ann_file)
    content = _read_annotations(root / ann_file)
    images = content['images']
    if not images:
        raise ValueError(f'{where!r}: expected images, got an empty list')
    if not any(entry.get('segmentation') for entry in content['annotations']):
        raise ValueError(f'{where!r}: expected annotations with a segmentation (masks), got none')
    folder = _first_existing(root, [f'{split}2017', split, 'images'], 'image folder')
    missing = [image['file_name'] for image in images if not (root / folder / image['file_name']).is_file()]
    if missing:
        raise ValueError(f'{where!r}: {len(missing)} images do not exist in {folder!r}, such as {missing[0]!r}')
    _check_images(root / folder / image['file_name'] for image in images)
    return CocoSplit(ann_file, f'{folder}/', len(images), tuple(entry['name'] for entry in content['categories']))


def _read_annotations(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f'{str(path)!r}: expected JSON, got {error}') from None
    keys = ('images', 'annotations', 'categories')
    if not isinstance(content, dict) or any(key not in content for key in keys):
        raise ValueError(f'{str(path)!r}: expected COCO annotations with {", ".join(keys)}')
    return content


def _check_images(paths: Iterable[Path]) -> None:
    """Look at the headers: the host would stop at such a file in the middle of training."""
    for path in paths:
        try:
            with Image.open(path):
                pass
        except (UnidentifiedImageError, OSError):
            raise ValueError(
                f'{str(path)!r}: expected an image, got a file that is damaged or something else'
            ) from None


def _first_existing(root: Path, names: Sequence[str], what: str) -> str:
    for name in names:
        if (root / name).exists():
            return name
    raise ValueError(f'data root {str(root)!r}: expected an {what} {" or ".join(names)}, got none')


def _few(names: Sequence[str], count: int = 5) -> str:
    return ', '.join(names[:count]) + (f' and {len(names) - count} more' if len(names) > count else '') or 'none'
