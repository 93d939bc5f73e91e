"""CIFAR-10 and CIFAR-100, from their official files or from folders of images."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmcv.transforms import LoadImageFromFile
from mmpretrain.datasets import BaseDataset
from mmpretrain.datasets.categories import CIFAR10_CATEGORIES, CIFAR100_CATEGORIES

from agmax_mm.datasets.archives import Place, place, split_place
from agmax_mm.datasets.image_folder import ImageFolder
from agmax_mm.datasets.image_list import first_of_each_class
from agmax_mm.registry import DATASETS
from agmax_mm.safe_reading import ArrayUnpickler

_SIDE = 32
_SPLITS = ('train', 'test')


# Exceptions that a damaged file may raise.
_DAMAGE = (
    *(pickle.UnpicklingError, EOFError, LookupError, ValueError, TypeError),
    *(AttributeError, ImportError, OverflowError, MemoryError),
)


@DATASETS.register_module()
class CIFAR10(BaseDataset):
    """CIFAR-10, in memory as ``uint8``; loader workers share it.

    ``data_root`` is the folder of the official Python files, or holds that folder, or holds ``{train,test}/<class>/*``
    with images of 32x32 pixels in any common format, also in archives as :class:`~agmax_mm.datasets.ImageFolder`.
    Differs from mmpretrain's data set: nothing is downloaded, and images have BGR order, as from the host's image
    loader, so that pipelines and preprocessors need no special case.

    Args:
        data_root: Folder of the data set.
        split: ``'train'`` or ``'test'``.
        images_per_class: Take only so many images of each class: the first ones by file name, class after class. They
            are the same ones in the same order from the official files, which hold the names, and from folders that
            use these names. All by default, in the order of the files.
        **kwargs: The host's other options.

    Raises:
        ValueError: If the split is unknown, neither layout is found, a file is damaged, a label is out of range, an
            image has another size, or a class has too few images.
    """

    METAINFO = {'classes': tuple(CIFAR10_CATEGORIES)}

    _FOLDER = 'cifar-10-batches-py'
    _FILES = {'train': [f'data_batch_{index}' for index in range(1, 6)], 'test': ['test_batch']}
    _LABEL_KEY = 'labels'

    def __init__(self, data_root: str, split: str, *, images_per_class: int | None = None, **kwargs: Any) -> None:
        if split not in _SPLITS:
            raise ValueError(f'{type(self).__name__}.split: expected one of {list(_SPLITS)}, got {split!r}')
        self.split = split
        self.images_per_class = images_per_class
        self.images: torch.Tensor | None = None
        super().__init__(ann_file='', data_root=data_root, **kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Read all images into memory, and return a list of their labels."""
        root = place(self.data_root)
        folders = (root / self._FOLDER, root) if isinstance(root, Path) else ()
        folder = next((path for path in folders if (path / self._FILES[self.split][0]).is_file()), None)
        if folder is not None:
            pixels, labels = self._read_official(folder)
            self.images = torch.from_numpy(pixels)
        elif split_place(root, self.split) is not None:
            self.images, labels = self._read_images(root)
        else:
            raise ValueError(
                f'{type(self).__name__}: expected {self._FOLDER}/{self._FILES[self.split][0]} or a folder '
                f'{self.split}/<class>/ in {str(root)!r}, got neither'
            )
        return [{'index': index, 'gt_label': int(label)} for index, label in enumerate(labels)]

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """Return one sample with a copy of its image."""
        info = super().get_data_info(idx)
        assert self.images is not None
        info['img'] = self.images[info.pop('index')].numpy().copy()
        info['img_shape'] = info['ori_shape'] = (_SIDE, _SIDE)
        return info

    def _read_official(self, folder: Path) -> tuple[np.ndarray, list[int]]:
        arrays, labels = [], []
        names: list[str] = []
        for name in self._FILES[self.split]:
            path = folder / name
            if not path.is_file():
                raise ValueError(f'{type(self).__name__}: expected the file {str(path)!r}, got none')
            try:
                loaded = ArrayUnpickler(io.BytesIO(path.read_bytes()), encoding='latin1').load()
                # The keys are bytes where Python 3 has written the file anew.
                content = {key.decode() if isinstance(key, bytes) else key: value for key, value in loaded.items()}
                arrays.append(_pixels(content['data']).reshape(-1, 3, _SIDE, _SIDE))
                labels.extend(content[self._LABEL_KEY])
                # Without a choice of images the names are of no use.
                names.extend(content['filenames'] if self.images_per_class is not None else [])
            except _DAMAGE as error:
                raise ValueError(
                    f'{type(self).__name__}: expected CIFAR data in {str(path)!r}, got {error!r}'
                ) from None
            self._check_labels(path, content[self._LABEL_KEY], len(arrays[-1]))
        rgb = np.concatenate(arrays).transpose(0, 2, 3, 1)
        if self.images_per_class is not None:
            if len(names) != len(labels):
                raise ValueError(
                    f'{type(self).__name__}.images_per_class: expected a file name for each of the {len(labels)} '
                    f'images in {str(folder)!r}, got {len(names)}'
                )
            order = sorted(range(len(labels)), key=lambda index: (labels[index], names[index]))
            chosen = first_of_each_class([labels[index] for index in order], self.images_per_class, type(self).__name__)
            kept = [order[place] for place in chosen]
            rgb, labels = rgb[kept], [labels[index] for index in kept]
        return np.ascontiguousarray(rgb[..., ::-1]), labels

    def _check_labels(self, path: Path, labels: list[int], num_images: int) -> None:
        if len(labels) != num_images:
            raise ValueError(
                f'{type(self).__name__}: expected {num_images} labels, one per image, in {str(path)!r}, '
                f'got {len(labels)}'
            )
        last = len(self.METAINFO['classes']) - 1
        for index, label in enumerate(labels):
            if not isinstance(label, int | np.integer) or not 0 <= label <= last:
                raise ValueError(
                    f'{type(self).__name__}: expected a label of 0 to {last} for image {index} of {str(path)!r}, '
                    f'got {label}'
                )

    def _read_images(self, root: Place) -> tuple[torch.Tensor, list[int]]:
        classes = ImageFolder(str(root), self.split, serialize_data=False).metainfo['classes']
        if len(classes) != len(self.METAINFO['classes']):
            raise ValueError(
                f'{type(self).__name__}: expected {len(self.METAINFO["classes"])} class folders in {str(root)!r}, '
                f'got {len(classes)}'
            )
        # To serialise the list, the host first runs the garbage collector, which takes time.
        listing = ImageFolder(
            str(root),
            self.split,
            images_per_class=self.images_per_class,
            in_memory=True,
            pipeline=[LoadImageFromFile()],
            serialize_data=False,
        )
        assert listing.store is not None
        for index in range(len(listing)):
            height, width, _ = listing.store.shape(index)
            if (height, width) != (_SIDE, _SIDE):
                path = listing.get_data_info(index)['img_path']
                raise ValueError(f'{type(self).__name__}: expected 32x32 pixels in {path!r}, got {width}x{height}')
        return listing.store.stacked(), listing.get_gt_labels().tolist()

    def extra_repr(self) -> list[str]:
        """Return the lines that the host adds to its ``repr``."""
        return [f'Root of the data: \t{self.data_root}', f'Split: \t{self.split}']


@DATASETS.register_module()
class CIFAR100(CIFAR10):
    """CIFAR-100 with its 100 fine classes; see :class:`CIFAR10`."""

    METAINFO = {'classes': tuple(CIFAR100_CATEGORIES)}

    _FOLDER = 'cifar-100-python'
    _FILES = {'train': ['train'], 'test': ['test']}
    _LABEL_KEY = 'fine_labels'


def _pixels(data: Any) -> np.ndarray:
    """Return pixels as ``uint8``; a ``ValueError`` if they are no whole numbers of 0 to 255."""
    array = np.asarray(data)
    with np.errstate(invalid='ignore'):
        pixels = array.astype(np.uint8)
    wrong = array[pixels != array]
    if wrong.size:
        raise ValueError(f'expected whole numbers of 0 to 255 as pixels, got {wrong[0]} in {wrong.size} places')
    return pixels
