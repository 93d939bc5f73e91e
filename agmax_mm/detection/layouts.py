"""Detection data on disk: which files of a folder in Pascal VOC or COCO layout are for what.

Only the files that say so are looked at here. Annotations and images are checked by the data sets that read them, see
:mod:`agmax_mm.detection.datasets`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agmax_mm.datasets.voc_files import listed_names
from agmax_mm.detection.coco_files import read_coco
from agmax_mm.detection.foreign_layouts import advice
from agmax_mm.wording import first_names

VOC_CLASSES = (
    'aeroplane', 'bicycle', 'bird', 'boat', 'bottle', 'bus', 'car', 'cat', 'chair', 'cow', 'diningtable', 'dog',
    'horse', 'motorbike', 'person', 'pottedplant', 'sheep', 'sofa', 'train', 'tvmonitor',
)  # fmt: skip

_VOC_LISTS = 'ImageSets/Main'
# By split: annotation files below the root as COCO, CVAT and Roboflow name them, and folders that may hold the images,
# besides the folder of the annotation file.
_COCO_FILES = {
    'train': (
        'annotations/instances_train2017.json',
        'annotations/instances_train.json',
        'annotations/instances_Train.json',
        'train/_annotations.coco.json',
    ),
    'val': (
        'annotations/instances_val2017.json',
        'annotations/instances_val.json',
        'annotations/instances_Validation.json',
        'annotations/instances_test.json',
        'valid/_annotations.coco.json',
    ),
}
# Where a folder holds both layouts, as that of `agmax-mm digits` does.
_VOC_FOLDER = 'VOC2007/JPEGImages'
_COCO_FOLDERS = {
    'train': ('train2017', 'train', 'images/train', 'images/Train', 'images/default', _VOC_FOLDER, 'images'),
    'val': ('val2017', 'val', 'valid', 'images/val', 'images/Validation', 'images/default', _VOC_FOLDER, 'images'),
}

_ONE_FILE = '; `agmax-mm split` makes two annotation files of one'


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


def class_names(names: Any, where: str = 'classes') -> tuple[str, ...]:
    """Check names of classes.

    Args:
        names: The names, in the order of the labels.
        where: What they were given as, for messages.

    Raises:
        ValueError: If they are one text instead of a sequence, or no texts, or one is there twice, or there are none.
    """
    if isinstance(names, str):
        raise ValueError(
            f'{where}: expected a sequence of names, got the text {names!r}; write ({names!r},) for one class'
        )
    if not isinstance(names, Sequence) or not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f'{where}: expected a sequence of names, got {names!r}')
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f'{where}: expected different names, got {first_names(twice)} more than once')
    return tuple(names)


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
        raise ValueError(f'data root: expected a folder with VOC2007 in it, got {str(root)!r}{advice(root, "voc")}')
    years = tuple(year for year in ('VOC2007', 'VOC2012') if (root / year).is_dir())
    names = VOC_CLASSES if classes is None else class_names(classes)
    num_train = sum(_count_listed(root / year / _VOC_LISTS / 'trainval.txt') for year in years)
    _count_listed(root / 'VOC2007' / _VOC_LISTS / 'test.txt')
    return VocLayout(root, years, names, num_train)


def read_coco_layout(root: str | Path, annotations: Sequence[str] | None = None, *, masks: bool = True) -> CocoLayout:
    """Find the parts of a folder of COCO layout; the classes are those of the annotation files.

    Args:
        root: Folder that holds ``annotations/instances_{train,val}2017.json`` (or without the year) and the images, in
            ``train2017/`` and ``val2017/``, ``train/`` and ``val/``, or together in ``images/``; or an export of
            Roboflow (``train/_annotations.coco.json`` and ``valid/_annotations.coco.json`` beside the images), or of
            CVAT (``annotations/instances_{Train,Validation}.json``, ``images/{Train,Validation}/``), or of
            ``agmax-mm digits`` (``annotations/instances_{train,test}.json``, ``VOC2007/JPEGImages/``).
        annotations: The two annotation files relative to ``root``, if they are named otherwise.
        masks: Whether objects need masks, besides boxes.

    Raises:
        ValueError: If a file or folder is missing or damaged, there are no images, no masks, or the two files list
            other classes.
    """
    root = Path(root)
    splits: list[tuple[str, dict[str, Any]]] = []
    for index, split in enumerate(('train', 'val')):
        names = [annotations[index]] if annotations else _COCO_FILES[split]
        one = not annotations and split == 'val' and advice(root, 'coco') == ''
        ann_file = _first_existing(root, names, 'annotation file', _ONE_FILE if one else '')
        splits.append((ann_file, read_coco(root / ann_file)))
    grouping = set.intersection(*(_grouping_categories(content) for _, content in splits))
    train, val = (
        _coco_split(root, ann_file, content, split, grouping, masks=masks)
        for split, (ann_file, content) in zip(('train', 'val'), splits, strict=True)
    )
    if train.classes != val.classes:
        raise ValueError(
            f'{val.ann_file}: expected the categories of {train.ann_file}, in their order '
            f'({first_names(train.classes)}), got {first_names(val.classes)}'
        )
    return CocoLayout(root, train, val)


def _count_listed(listing: Path) -> int:
    if not listing.is_file():
        raise ValueError(f'data root: expected the list {str(listing)!r}, which does not exist')
    return len(listed_names(listing))


def _coco_split(
    root: Path, ann_file: str, content: dict[str, Any], split: str, grouping: set[str], *, masks: bool
) -> CocoSplit:
    where = str(root / ann_file)
    images = content['images']
    if not images:
        raise ValueError(f'{where!r}: expected images, got an empty list')
    if masks and not any(entry.get('segmentation') for entry in content['annotations']):
        raise ValueError(
            f'{where!r}: expected annotations with a segmentation (masks), got none; a detector that learns from boxes '
            'alone takes them (--detector faster-rcnn)'
        )
    beside = Path(ann_file).parent.as_posix()
    folders = [*_COCO_FOLDERS[split], beside]
    if not any((root / folder).is_dir() for folder in folders[:-1]):
        folders += _COCO_FOLDERS['train' if split == 'val' else 'val']  # two parts of one file, see splitting.py
    # Some tools leave folders with nothing of the split in them.
    holding = [folder for folder in folders if (root / folder / images[0]['file_name']).is_file()]
    folder = holding[0] if holding else _first_existing(root, _COCO_FOLDERS[split], 'image folder')
    names = (entry['name'] for entry in content['categories'])
    return CocoSplit(ann_file, f'{folder}/', len(images), tuple(name for name in names if name not in grouping))


def _grouping_categories(content: dict[str, Any]) -> set[str]:
    """Roboflow's first category, which has no objects: it is the supercategory of the others, and has none itself."""
    used = {entry.get('category_id') for entry in content['annotations']}
    above = {entry.get('supercategory') for entry in content['categories']}
    return {
        entry['name']
        for entry in content['categories']
        if entry.get('supercategory') == 'none' and entry['id'] not in used and entry['name'] in above
    }


def _first_existing(root: Path, names: Sequence[str], what: str, hint: str = '') -> str:
    for name in names:
        if (root / name).exists():
            return name
    raise ValueError(
        f'data root {str(root)!r}: expected an {what} {" or ".join(names)}, got none{hint or advice(root, "coco")}'
    )
