"""Layouts of other tools that are not read: recognised, so that the message says how to get one that is."""

from __future__ import annotations

from pathlib import Path

# Only so many files of a folder are looked into.
_MOST_FILES = 20
_LOOKED_AT = 1 << 16
_FOLDERS = ('.', 'train', 'images', 'annotations', 'Annotations')


def advice(root: str | Path, task: str) -> str:
    """Say what the data in ``root`` seem to be and how they become readable; an empty text if nothing is known.

    Args:
        root: The data root.
        task: ``'voc'`` or ``'coco'``, the layout that was asked for.
    """
    root = Path(root)
    if not root.is_dir():
        return ''
    for found, text in (
        (_is_coco(root) and task == 'voc', "COCO's layout: give --task coco"),
        (_is_voc(root) and task == 'coco', "Pascal VOC's layout: give --task voc and --classes"),
        (
            _is_bare_voc(root),
            'Pascal VOC without its year (as CVAT exports it): move Annotations, JPEGImages and ImageSets into '
            'VOC2007/, name the lists ImageSets/Main/trainval.txt and test.txt, and give --task voc and --classes',
        ),
        (
            (root / 'annotations/instances_default.json').is_file(),
            "CVAT's COCO export without subsets: give the images the subsets Train and Validation and export again, or "
            'split the file (`agmax-mm split`)',
        ),
        (
            any(root.glob('*annotations.xml')),
            "CVAT's own format (annotations.xml): export again as COCO 1.0, with the subsets Train and Validation",
        ),
        (
            any((root / name).is_file() for name in ('data.yaml', 'data.yml', 'obj.data', 'classes.txt')),
            "YOLO's layout: export again as COCO, or convert it",
        ),
        (
            any(_files(root, '.xml')),
            'annotations of Pascal VOC beside the images (as Roboflow exports them): export again as COCO, or '
            'move them into VOC2007/{Annotations,JPEGImages} with lists in ImageSets/Main',
        ),
        (
            _is_labelme(root),
            "labelme's layout, one .json an image: convert each part with labelme's own script labelme2coco.py and "
            'name the results with --ann TRAIN VAL',
        ),
        (
            (root / 'train/_annotations.csv').is_file() or any(root.glob('*.csv')),
            'a table (.csv): export again as COCO',
        ),
    ):
        if found:
            return f'; this looks like {text}'
    return ''


def _is_coco(root: Path) -> bool:
    return any(root.glob('annotations/instances_*.json')) or (root / 'train/_annotations.coco.json').is_file()


def _is_voc(root: Path) -> bool:
    return (root / 'VOC2007').is_dir()


def _is_bare_voc(root: Path) -> bool:
    return (root / 'Annotations').is_dir() and (root / 'JPEGImages').is_dir()


def _is_labelme(root: Path) -> bool:
    for path in _files(root, '.json'):
        # labelme writes shapes first and sizes last; the image itself may lie between.
        with open(path, 'rb') as file:
            start = file.read(_LOOKED_AT)
            file.seek(max(0, path.stat().st_size - _LOOKED_AT))
            end = file.read()
        if b'"shapes"' in start and (b'"imageData"' in start + end or b'"imagePath"' in start + end):
            return True
    return False


def _files(root: Path, suffix: str) -> list[Path]:
    found: list[Path] = []
    for folder in _FOLDERS:
        files = sorted((root / folder).glob(f'*{suffix}')) if (root / folder).is_dir() else []
        found += files[:_MOST_FILES]
    return found
