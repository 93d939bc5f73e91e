"""Images in one folder per class, or with a list."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import cv2
import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmengine.dist import is_main_process
from mmengine.logging import print_log
from mmpretrain.datasets import CustomDataset
from mmpretrain.datasets.categories import IMAGENET_CATEGORIES

from agmax_mm.datasets.archives import ArchivePath, Place, place, split_place
from agmax_mm.datasets.encoded_image import EncodedImage
from agmax_mm.datasets.image_files import SUFFIXES, FolderFiles, check_headers, class_files, class_folders
from agmax_mm.datasets.image_list import (
    ListedImage,
    check_labels,
    first_of_each_class,
    labelled_images,
    read_image_list,
)
from agmax_mm.datasets.image_store import ImageStore
from agmax_mm.registry import DATASETS
from agmax_mm.wording import first_names


@DATASETS.register_module()
class ImageFolder(CustomDataset):
    """Images under ``data_root/split/<class>/``, nested or not, with classes numbered in alphabetical order.

    Differs from mmpretrain's ``CustomDataset``:

    - The training split defines the classes, so labels mean the same in a split that lacks some classes.
    - Classes without images in the training split, and lists that do not fit, are refused.
    - All formats that the loader reads are taken. Other files, and folders that are no data, are left out; one line of
      the log counts them. Such folders are hidden ones, those of systems and tools (``__MACOSX``, ``@eaDir``, ...), and
      links to a folder above. Hidden files are not counted.
    - Files that are no images are refused at the start. The headers of all files are checked, or those of 5,000 files
      at even distances; the log says so.
    - Small data sets can be kept in memory.

    ``data_root`` may also be an archive of such folders (``.tar``, ``.zip``), or a folder with one archive for each
    split: ``train.tar``, ``train.zip``, numbered ``train-000000.tar`` and following, or ``ILSVRC2012_img_train.tar``
    with its tar file for each class. Images are read from there one by one, and nothing is unpacked. Where ``KEY.cls``
    with a class number lies beside each ``KEY.jpg``, as in shards of ``webdataset``, these are the labels, as those of
    a list.

    With a list, the images may lie anywhere below the split's folder. The classes then come from the first of these
    that there is: ``classes``; the folders of ``classes_split``, for another split; the labels, as numbers.

    Args:
        data_root: Folder or archive of the data set.
        split: Folder of the split below it.
        classes_split: Split whose folders define the classes, where it exists.
        ann_file: List with ``path label`` on each line. The list's own path is relative to ``data_root``, and the paths
            in it are relative to the split's folder.
        images_per_class: Take only so many images of each class: the first ones by file name or, of a list, in its
            order. All by default.
        in_memory: Decode every image once, before training, and keep all in memory. The samples are the same. The
            pipeline must begin with ``LoadImageFromFile`` or :class:`agmax_mm.datasets.LoadImage`. This step decodes
            the images, and then leaves the pipeline.
        extensions: Suffixes of images.
        **kwargs: The host's other options.

    Raises:
        ValueError: If a folder or the list is missing, a class is unknown or has no images, a line of the list cannot
            be read or has a label beyond the classes, an image is missing or damaged, or the images would not fit
            into half of the free memory.
    """

    # Names of the classes, for data sets with as many of them.
    _NAMES: tuple[str, ...] = ()

    def __init__(
        self,
        data_root: str,
        split: str,
        *,
        classes_split: str = 'train',
        ann_file: str = '',
        images_per_class: int | None = None,
        in_memory: bool = False,
        extensions: Sequence[str] = SUFFIXES,
        **kwargs: Any,
    ) -> None:
        self.root = place(data_root)
        self.split = split
        self.classes_split = classes_split
        self.images_per_class = images_per_class
        self.in_memory = in_memory
        self.store: ImageStore | None = None
        self.folder = self._found_split(split, 'images' if ann_file else 'class folders')
        # Not as a root and a folder below it: an archive of a split is none.
        super().__init__(
            data_prefix=str(self.folder),
            ann_file=ann_file if os.path.isabs(ann_file) or not ann_file else str(self.root / ann_file),
            extensions=extensions,
            **kwargs,
        )
        # What paths are relative to: the same ones in an archive.
        within = str(self.folder).removesuffix(f'/{split}')
        self.data_root = within if within != str(self.folder) or not split else os.path.abspath(str(self.root))

    def _found_split(self, split: str, what: str) -> Place:
        folder = split_place(self.root, split)
        if folder is None:
            there = ''
            if isinstance(self.root, ArchivePath):
                there = f', only {first_names([entry.name for entry in self.root.iterdir()])}'
            raise ValueError(
                f'{self._name}: expected a folder of {what} at {str(self.root / split)!r}, got none{there}'
            )
        return folder

    def load_data_list(self) -> list[dict[str, Any]]:
        """Find the images and, with ``in_memory``, decode them."""
        listed = self.ann_file or (isinstance(self.folder, ArchivePath) and self.folder.has_labels)
        samples = self._listed_samples() if listed else self._find_samples()
        if self.images_per_class is not None:
            kept = first_of_each_class([label for _, label in samples], self.images_per_class, type(self).__name__)
            samples = [samples[index] for index in kept]
        folder = self.img_prefix
        items: list[dict[str, Any]] = [
            {'img_path': os.path.join(folder, path), 'gt_label': label} for path, label in samples
        ]
        if self.in_memory:
            self.store = self._decode(items)
            for index, item in enumerate(items):
                item['index'] = index
        else:
            # Formats of the user's own have headers of their own.
            self._check_files([item['img_path'] for item in items if item['img_path'].lower().endswith(SUFFIXES)])
        return items

    def _check_files(self, paths: list[str]) -> None:
        """Refuse files that are no images, and warn of those whose end is missing."""
        if not paths:
            return
        check = check_headers(paths)
        check.refuse_unreadable(f'{self._name}: expected images', self.img_prefix, len(paths))
        if note := check.note_of_cut_off('images', len(paths)):
            self._log(note)
        if sampled := check.of_all(len(paths)):
            self._log(f'checked the headers of {check.checked:,} images{sampled}', logging.INFO)

    def _log(self, text: str, level: int = logging.WARNING) -> None:
        if is_main_process():
            print_log(f'{self._name} {self.img_prefix}: {text}', logger='current', level=level)

    def prepare_data(self, idx: int) -> Any:
        """Load and augment a sample; the error for a file that is no image names the file."""
        info = self.get_data_info(idx)
        path = info['img_path']
        if self.store is not None:
            info['img'] = self.store[info.pop('index')]
            info['img_shape'] = info['ori_shape'] = info['img'].shape[:2]
        try:
            return self.pipeline(info)
        except (AssertionError, OSError, cv2.error) as error:
            raise ValueError(f'{self._name}: expected an image in {path!r}, got {error}') from None

    def _decode(self, items: list[dict[str, Any]]) -> ImageStore:
        """Decode all images with the first step of the pipeline, and take the step out of the pipeline."""
        steps = self.pipeline.transforms
        if not steps or not isinstance(steps[0], LoadImageFromFile):
            raise ValueError(
                f'{self._name}.in_memory: expected a pipeline that begins with LoadImageFromFile, '
                f'got {type(steps[0]).__name__ if steps else "an empty one"}'
            )
        load = steps.pop(0)

        def decode(index: int) -> np.ndarray:
            path = items[index]['img_path']
            try:
                image = load({'img_path': path})['img']
                return image.decode() if isinstance(image, EncodedImage) else image
            except (AssertionError, OSError, TypeError, cv2.error) as error:
                raise ValueError(f'{self._name}: expected an image in {path!r}, got {error}') from None

        return ImageStore(decode, len(items), f'{self._name} {self.img_prefix}')

    def _find_samples(self) -> list[tuple[str, int]]:
        """Return paths, relative to the split's folder, and labels."""
        folder = self.folder
        reference = split_place(self.root, self.classes_split) or folder
        folders = class_folders(reference)
        unknown = sorted(set(class_folders(folder)) - set(folders))
        if not folders:
            raise ValueError(f'{self._name}: expected class folders in {str(folder)!r}, got none')
        if unknown:
            raise ValueError(
                f'{self._name}: expected the {len(folders)} classes of {str(reference)!r} in {str(folder)!r}, '
                f'got {len(unknown)} others: {", ".join(unknown[:5])}'
            )
        given = self._metainfo.get('classes')
        if given is not None and len(given) != len(folders):
            raise ValueError(
                f'{self._name}.classes: expected {len(folders)} names, one for each folder of {str(reference)!r}, '
                f'got {len(given)}'
            )
        files = class_files(folder, folders, self.extensions)
        samples = [(path, label) for label, name in enumerate(folders) for path in files[name].images]
        # Another split than the one that defines the classes may lack some.
        empty = [name for name in folders if not files[name].images and (folder / name).is_dir()]
        if empty:
            raise ValueError(
                f'{self._name}: expected images ({", ".join(sorted(self.extensions))}) in every class folder of '
                f'{str(folder)!r}, got none in {len(empty)}: {", ".join(empty[:5])}'
            )
        self._metainfo['classes'] = given or self._class_names(folders)
        self._report_left_out(folder, folders, files.values())
        return samples

    def _report_left_out(self, folder: Place, classes: Sequence[str], files: Iterable[FolderFiles]) -> None:
        """Count files and folders that are not used, in one line of the log."""
        left = FolderFiles()
        for entry in folder.iterdir():
            if entry.is_dir():
                left.folders += [entry.name] if entry.name not in classes else []
            elif not entry.name.startswith('.'):
                left.others.append(entry.name)
        for part in files:
            left.others += part.others
            left.folders += part.folders
        if text := left.left_out():
            self._log(f'left out {text}')

    def _listed_samples(self) -> list[tuple[str, int]]:
        names, complete = self._classes_of_list()
        file = place(self.ann_file) if self.ann_file else self.folder
        try:
            images = self._listed_images(file)
            check_labels(images, names, file)
        except ValueError as error:
            raise ValueError(f'{self._name}: {error}') from None
        found = {image.label for image in images}
        num_classes = max(found) + 1 if names is None else len(names)
        if complete and len(found) < num_classes:
            missing = islice((label for label in range(num_classes) if label not in found), 5)
            examples = ', '.join(repr(str(label) if names is None else names[label]) for label in missing)
            raise ValueError(
                f'{self._name}: expected images of all {num_classes} classes in {str(file)!r}, '
                f'got none of {num_classes - len(found)}: {examples}; where the labels are of other classes, '
                f'or of a part, name those in dataset.classes (labels here: {min(found)} to {max(found)})'
            )
        self._metainfo['classes'] = tuple(map(str, range(num_classes))) if names is None else names
        return [(image.path, image.label) for image in images]

    def _listed_images(self, file: Place) -> list[ListedImage]:
        if self.ann_file:
            return read_image_list(file, self.folder)
        assert isinstance(self.folder, ArchivePath)
        images, left = labelled_images(self.folder, self.extensions)
        if text := left.left_out():
            self._log(f'left out {text}')
        return images

    def _classes_of_list(self) -> tuple[tuple[str, ...] | None, bool]:
        """Return the names of the classes, None where labels tell their number, and whether all must occur."""
        defines = self.split == self.classes_split
        if self._metainfo.get('classes') is not None:
            return tuple(self._metainfo['classes']), defines
        reference = None if defines else split_place(self.root, self.classes_split)
        folders = [] if reference is None else class_folders(reference)
        if folders:
            return self._class_names(folders), False
        return (self._NAMES, defines) if self._NAMES else (None, True)

    def _class_names(self, folders: list[str]) -> tuple[str, ...]:
        return self._NAMES if len(folders) == len(self._NAMES) else tuple(folders)

    @property
    def _name(self) -> str:
        return type(self).__name__


@DATASETS.register_module()
class ImageNet(ImageFolder):
    """ImageNet-1k, or any part of it, as ``data_root/{train,val}/<wnid>/*.JPEG``, or with lists.

    The validation images may stay in one folder, as in the archive, with ``ann_file='val.txt'`` and lines such as
    ``ILSVRC2012_val_00000001.JPEG 65``. The classes have their English names with all 1000 folders, and with lists
    only. With fewer folders, they are named and numbered by folder.
    """

    _NAMES = tuple(IMAGENET_CATEGORIES)
