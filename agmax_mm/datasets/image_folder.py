"""Images in one folder per class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
from mmpretrain.datasets import CustomDataset
from mmpretrain.datasets.categories import IMAGENET_CATEGORIES

from agmax_mm.registry import DATASETS


@DATASETS.register_module()
class ImageFolder(CustomDataset):
    """Images under ``data_root/split/<class>/``, nested or not, with classes numbered in alphabetical order.

    Differs from mmpretrain's ``CustomDataset`` in taking the classes from the training split, so that labels mean the
    same in a split that lacks some of them, and in refusing classes without images.

    Args:
        data_root: Folder of the data set.
        split: Folder of the split below it.
        classes_split: Split whose folders define the classes; used where it exists.
        ann_file: Optional list, one ``path label`` a line, paths relative to the split's folder, read instead of
            folders.
        **kwargs: The host's other options.

    Raises:
        ValueError: If a folder is missing, holds no class, an unknown class, or a class without images.
    """

    def __init__(
        self, data_root: str, split: str, *, classes_split: str = 'train', ann_file: str = '', **kwargs: Any
    ) -> None:
        self.classes_split = classes_split
        self._check_folder(data_root, split)
        super().__init__(data_root=data_root, data_prefix=split, ann_file=ann_file, **kwargs)

    def prepare_data(self, idx: int) -> Any:
        """Load and augment a sample; a file that is no image is named."""
        try:
            return super().prepare_data(idx)
        except (AssertionError, cv2.error) as error:
            path = self.get_data_info(idx)['img_path']
            raise ValueError(f'{type(self).__name__}: expected an image in {path!r}, got {error}') from None

    def _check_folder(self, data_root: str, split: str) -> None:
        folder = Path(data_root).expanduser() / split
        if not folder.is_dir():
            raise ValueError(f'{type(self).__name__}: expected a folder of class folders at {str(folder)!r}, got none')

    def _find_samples(self) -> list[tuple[str, int]]:
        """Paths relative to the split's folder, and labels."""
        folder = Path(self.img_prefix)
        reference = Path(self.data_root).expanduser() / self.classes_split
        folders = _subfolders(reference if reference.is_dir() else folder)
        unknown = sorted(set(_subfolders(folder)) - set(folders))
        if not folders:
            raise ValueError(f'{type(self).__name__}: expected class folders in {str(folder)!r}, got none')
        if unknown:
            raise ValueError(
                f'{type(self).__name__}: expected the {len(folders)} classes of {str(reference)!r} in {str(folder)!r}, '
                f'got {len(unknown)} others: {", ".join(unknown[:5])}'
            )
        samples = [
            (str(path.relative_to(folder)), label)
            for label, name in enumerate(folders)
            for path in sorted((folder / name).rglob('*'))
            if self.is_valid_file(path.name)
        ]
        # Another split than the one that defines the classes may lack some.
        found = {label for _, label in samples}
        empty = [name for label, name in enumerate(folders) if label not in found and (folder / name).is_dir()]
        if empty:
            raise ValueError(
                f'{type(self).__name__}: expected images in every class folder of {str(folder)!r}, '
                f'got none in {len(empty)}: {", ".join(empty[:5])}'
            )
        self._metainfo['classes'] = self._class_names(folders)
        return samples

    def _class_names(self, folders: list[str]) -> tuple[str, ...]:
        return tuple(folders)


@DATASETS.register_module()
class ImageNet(ImageFolder):
    """ImageNet-1k, or any part of it, as ``data_root/{train,val}/<wnid>/*.JPEG``.

    With all 1000 folders the classes have their English names; with fewer they are named and numbered by folder.
    """

    def _class_names(self, folders: list[str]) -> tuple[str, ...]:
        return tuple(IMAGENET_CATEGORIES) if len(folders) == len(IMAGENET_CATEGORIES) else tuple(folders)


def _subfolders(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
