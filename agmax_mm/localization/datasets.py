"""Images with a label and boxes: CUB-200-2011, ImageNet and Tiny ImageNet, in their official files.

Training takes the labels alone. The boxes are entries ``gt_bboxes`` of the samples, float32, shape ``(M, 4)``,
half-open ``(x1, y1, x2, y2)`` in pixels of the image file. The host's ``Resize``, ``CenterCrop`` and ``RandomFlip``
move them with the image, and ``PackInputs(algorithm_keys=('gt_bboxes',))`` packs them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from agmax_mm.datasets.archives import Place, open_file
from agmax_mm.datasets.image_files import FolderFiles, class_folders
from agmax_mm.datasets.image_folder import ImageFolder, ImageNet
from agmax_mm.datasets.voc_files import read_annotation
from agmax_mm.localization.tables import float_box, read_table
from agmax_mm.registry import DATASETS
from agmax_mm.wording import first_names

_EDGES = ('xmin', 'ymin', 'xmax', 'ymax')
# So many annotations are read at the start, at even distances where there are more.
_MOST_CHECKED = 5000

Boxes = NDArray[np.float32]


class BoxedImages(ImageFolder):
    """Images with a label and boxes; a data set says where the boxes are.

    Raises:
        ValueError: As :class:`agmax_mm.datasets.ImageFolder`; for a validation or test set also if an image has no box.
    """

    def boxes_of(self, path: str) -> Boxes:
        """Boxes of an image by its path, ``(M, 4)``.

        Raises:
            ValueError: If they cannot be read.
        """
        raise NotImplementedError

    def load_data_list(self) -> list[dict[str, Any]]:
        """Find the images, and look at their boxes."""
        items = super().load_data_list()
        checked = [items[index] for index in np.linspace(0, len(items) - 1, min(len(items), _MOST_CHECKED), dtype=int)]
        bare = [item['img_path'] for item in checked if not len(self.boxes_of(item['img_path']))]
        if bare and self.test_mode:
            raise ValueError(
                f'{self._name}: expected a box of every image, got none of {len(bare)} among {len(checked)} checked '
                f'ones: {first_names(bare)}'
            )
        if bare:
            self._log(f'{len(bare)} of {len(checked)} checked images have no box, the first being {bare[0]!r}')
        return items

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """An image's facts, with its boxes."""
        info: dict[str, Any] = super().get_data_info(idx)
        return {**info, 'gt_bboxes': self.boxes_of(info['img_path'])}


@DATASETS.register_module()
class CUBBoxes(BoxedImages):
    """CUB-200-2011, or a part of it, in its official files.

    Those are ``images.txt``, ``classes.txt``, ``image_class_labels.txt``, ``train_test_split.txt`` and
    ``bounding_boxes.txt`` beside ``images/``. Their numbers need not be contiguous: classes are numbered anew, from 0,
    in the order of theirs. A box of ``x y width height`` may leave its image; what is outside counts for nothing.

    Args:
        data_root: The folder ``CUB_200_2011``, or the one that holds it.
        split: ``'train'`` or ``'test'``.
        **kwargs: Options of :class:`agmax_mm.datasets.ImageFolder`.

    Raises:
        ValueError: If a file is missing, a line cannot be read, or a number has no entry in another file.
    """

    def __init__(self, data_root: str, split: str, **kwargs: Any) -> None:
        if split not in ('train', 'test'):
            raise ValueError(f"CUBBoxes.split: expected 'train' or 'test', got {split!r}")
        self._part = split
        self._boxes: dict[str, Boxes] = {}
        root = _found(data_root, 'CUB_200_2011', 'images.txt')
        self._tables = root
        super().__init__(str(root), 'images', **{'test_mode': split == 'test', **kwargs})

    def boxes_of(self, path: str) -> Boxes:
        """The box of an image, ``(1, 4)``."""
        return self._boxes[path]

    def _find_samples(self) -> list[tuple[str, int]]:
        tables = {
            name: read_table(self._tables / f'{name}.txt', columns)
            for name, columns in (
                ('images', 1),
                ('classes', 1),
                ('image_class_labels', 1),
                ('train_test_split', 1),
                ('bounding_boxes', 4),
            )
        }
        numbers = sorted(tables['classes'], key=int)
        labels = {number: label for label, number in enumerate(numbers)}
        self._metainfo['classes'] = self._metainfo.get('classes') or tuple(tables['classes'][key][0] for key in numbers)
        samples = []
        for number, (path,) in tables['images'].items():
            lacking = [name for name, table in tables.items() if name != 'classes' and number not in table]
            if lacking:
                raise ValueError(
                    f'CUBBoxes: expected image {number} in {lacking[0]}.txt of {str(self.root)!r}, got none'
                )
            (label,), (is_training,) = tables['image_class_labels'][number], tables['train_test_split'][number]
            if label not in labels or is_training not in ('0', '1'):
                what = f'class {label}' if label not in labels else f'the split {is_training!r}'
                raise ValueError(
                    f'CUBBoxes: expected classes of classes.txt and splits of 0 or 1, got {what} of image {number}'
                )
            if (is_training == '1') == (self._part == 'train'):
                where = f'{self.root / "bounding_boxes.txt"}, image {number}'
                x, y, width, height = float_box(tables['bounding_boxes'][number], where)
                self._boxes[os.path.join(self.img_prefix, path)] = _boxes([[x, y, x + width, y + height]], where)
                samples.append((path, labels[label]))
        if not samples:
            raise ValueError(f'CUBBoxes: expected {self._part} images in {str(self.root)!r}, got none')
        return samples


@DATASETS.register_module()
class TinyImageNetBoxes(BoxedImages):
    """Tiny ImageNet as it is published, or a part of its classes.

    Training images lie in ``train/<wnid>/images/``, with their boxes in ``<wnid>_boxes.txt`` beside it; validation
    images in ``val/images/``, with classes and boxes in ``val_annotations.txt``. The last pixel of a box belongs to it.

    Args:
        data_root: The folder ``tiny-imagenet-200``, or the one that holds it.
        split: ``'train'`` or ``'val'``.
        **kwargs: Options of :class:`agmax_mm.datasets.ImageFolder`.

    Raises:
        ValueError: As :class:`BoxedImages`, or if a line cannot be read or names an unknown class.
    """

    def __init__(self, data_root: str, split: str, **kwargs: Any) -> None:
        if split not in ('train', 'val'):
            raise ValueError(f"TinyImageNetBoxes.split: expected 'train' or 'val', got {split!r}")
        self._boxes: dict[str, Boxes] = {}
        root = _found(data_root, 'tiny-imagenet-200', 'train')
        super().__init__(str(root), split, **{'test_mode': split == 'val', **kwargs})

    def boxes_of(self, path: str) -> Boxes:
        """Boxes of an image, ``(M, 4)``."""
        return self._boxes.get(path, _boxes([], path))

    def _find_samples(self) -> list[tuple[str, int]]:
        folder = Path(self.img_prefix)
        if self.split == 'train':
            samples = super()._find_samples()
            for wnid in class_folders(folder):
                table = folder / wnid / f'{wnid}_boxes.txt'
                for name, edges in read_table(table, 4).items():
                    self._add(folder / wnid / 'images' / name, edges, table)
            return samples
        folders = class_folders(self.root / self.classes_split)
        self._metainfo['classes'] = self._metainfo.get('classes') or self._class_names(folders)
        table = folder / 'val_annotations.txt'
        samples = []
        for name, (wnid, *edges) in read_table(table, 5).items():
            if wnid not in folders:
                raise ValueError(
                    f'{str(table)!r}: expected one of the {len(folders)} classes of training, got {wnid!r}'
                )
            self._add(folder / 'images' / name, edges, table)
            samples.append((f'images/{name}', folders.index(wnid)))
        return samples

    def _add(self, path: Path, edges: Sequence[str], table: Path) -> None:
        x1, y1, x2, y2 = float_box(edges, f'{table}, {path.name}')
        self._boxes[str(path)] = _boxes([[x1, y1, x2 + 1, y2 + 1]], f'{table}, {path.name}')

    def _class_names(self, folders: list[str]) -> tuple[str, ...]:
        words = self.root / 'words.txt'
        if not words.is_file():
            return tuple(folders)
        lines = (line.partition('\t') for line in words.read_text(encoding='utf-8').splitlines())
        names = {wnid: text.split(',')[0].strip() for wnid, _, text in lines}
        return tuple(names.get(wnid, wnid) for wnid in folders)

    def _report_left_out(self, folder: Place, classes: Sequence[str], files: Iterable[FolderFiles]) -> None:
        """The boxes' files are not left out."""
        files = list(files)
        for part in files:
            part.others = [path for path in part.others if not path.endswith('_boxes.txt')]
        super()._report_left_out(folder, classes, files)


@DATASETS.register_module()
class ImageNetBoxes(BoxedImages, ImageNet):
    """ImageNet-1k, or any part of it, with the boxes of its CLS-LOC annotations: XML files, one an image.

    Images and labels are those of :class:`agmax_mm.datasets.ImageNet`, in class folders or with a list. With the
    official folders, ``data_root='ILSVRC'`` and ``split='Data/CLS-LOC/val'``. A training image may have no annotation.

    Args:
        data_root: Folder of the data set.
        split: Folder of the images below it.
        boxes: Folder of the annotations below ``data_root``; ``Annotations/CLS-LOC/<last part of split>`` by default.
            The file of an image has its name, in a class folder or not.
        **kwargs: Options of :class:`agmax_mm.datasets.ImageFolder`.

    Raises:
        ValueError: As :class:`BoxedImages`, or if a file cannot be read or tells another size than the image has.
    """

    def __init__(self, data_root: str, split: str, *, boxes: str | None = None, **kwargs: Any) -> None:
        last = Path(split).name
        self._annotations = Path(data_root).expanduser() / (boxes or f'Annotations/CLS-LOC/{last}')
        if not self._annotations.is_dir():
            raise ValueError(
                f'ImageNetBoxes: expected a folder of annotations at {str(self._annotations)!r}, got none; '
                'dataset.boxes names it below data_root'
            )
        super().__init__(data_root, split, **{'test_mode': last != 'train', **kwargs})

    def boxes_of(self, path: str) -> Boxes:
        """Boxes of an image, ``(M, 4)``."""
        name = Path(path).with_suffix('.xml')
        places = (self._annotations / name.relative_to(self.img_prefix), self._annotations / name.name)
        file = next((place for place in places if place.is_file()), None)
        if file is None:
            return _boxes([], path)
        annotation = read_annotation(file)
        with open_file(path) as opened, Image.open(opened) as image:
            size = image.size
        if annotation.size not in (None, size):
            raise ValueError(
                f'ImageNetBoxes: expected images in the size of their annotations, {annotation.size} in {str(file)!r}, '
                f'got {size} of {path!r}; boxes do not fit images that were resized'
            )
        edges = [
            [float(entry.findtext(f'bndbox/{edge}')) for edge in _EDGES] for entry in annotation.tree.iter('object')
        ]
        return _boxes([[x1, y1, x2 + 1, y2 + 1] for x1, y1, x2, y2 in edges], str(file))


def _found(data_root: str, name: str, inside: str) -> Path:
    """The folder of a data set: as given, or the one of its official name in it."""
    root = Path(data_root).expanduser()
    for folder in (root, root / name):
        if (folder / inside).exists():
            return folder
    raise ValueError(f'data_root: expected the folder {name}, which has {inside}, at {str(root)!r} or in it, got none')


def _boxes(edges: Sequence[Sequence[float]], where: str) -> Boxes:
    boxes = np.array(edges, dtype=np.float32).reshape(-1, 4)
    if len(boxes) and not (boxes[:, 2:] > boxes[:, :2]).all():
        raise ValueError(f'{where}: expected boxes with an area, got {boxes.tolist()}')
    return boxes
