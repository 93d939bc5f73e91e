"""Lists of images with their labels."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from agmax_mm.datasets.archives import LABEL_SUFFIX, ArchivePath, Place
from agmax_mm.datasets.image_files import FolderFiles, is_data_folder
from agmax_mm.wording import first_names


class ListedImage(NamedTuple):
    """One line of a list."""

    path: str  # relative to the images' folder
    label: int
    line: int  # number in the file, from 1; 0 where the label lies beside the image


def read_image_list(file: Place, folder: Place) -> list[ListedImage]:
    """Read a list with ``path label`` on each line. Blank lines are skipped.

    Args:
        file: The list, in UTF-8.
        folder: Folder of the images; the paths are relative to it.

    Raises:
        ValueError: If there is no such file, it lists nothing, a line cannot be read, or an image does not exist; the
            message names file and line.
    """
    if not file.is_file():
        raise ValueError(f'expected a list of images at {str(file)!r}, got none')
    try:
        lines = file.read_text(encoding='utf-8').splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f'{str(file)!r}: expected text in UTF-8, got {error}') from None
    images = [_parse(line, number, file) for number, line in enumerate(lines, start=1) if line.strip()]
    if not images:
        raise ValueError(f'{str(file)!r}: expected images, one "path label" a line, got none')
    _check_files(images, file, folder)
    return images


def labelled_images(folder: ArchivePath, suffixes: tuple[str, ...]) -> tuple[list[ListedImage], FolderFiles]:
    """The images of an archive that has ``KEY.cls`` with the class number beside each ``KEY.jpg``, in order.

    A key ends at the first dot, so ``KEY.seg.png`` is no image of its own.

    Returns:
        The images, and what else there is.

    Raises:
        ValueError: If there is none, or one without a label; the message names it.
    """
    images, left = [], FolderFiles()
    for path, label in folder.labels():
        *folders, name = path.split('/')
        suffix = f'.{name.partition(".")[2].lower()}'
        if suffix in suffixes and not name.startswith('.') and all(map(is_data_folder, folders)):
            images.append((path, label))
        elif suffix != LABEL_SUFFIX:
            left.others.append(path)
    bare = [path for path, label in images if label is None]
    if bare or not images:
        what = f'no label of {len(bare)} of {len(images)}: {first_names(bare)}' if bare else 'no image'
        raise ValueError(f'{str(folder)!r}: expected KEY.cls with a class number beside each image KEY.jpg, got {what}')
    return [ListedImage(path, label, 0) for path, label in images if label is not None], left


def check_labels(images: Sequence[ListedImage], classes: Sequence[str] | None, file: Place) -> None:
    """Refuse labels that no class has. Without names of classes, only negative labels are refused.

    Raises:
        ValueError: With file, line and image of the first such label.
    """
    for image in images:
        if image.label < 0 or (classes is not None and image.label >= len(classes)):
            what = f'0 to {len(classes) - 1} ({classes[0]} to {classes[-1]})' if classes else 'at least 0'
            line = f', line {image.line}' if image.line else ''
            raise ValueError(f'{str(file)!r}{line}: expected a label of {what}, got {image.label} for {image.path!r}')


def first_of_each_class(labels: Sequence[int], count: int, owner: str) -> list[int]:
    """Indices of the first ``count`` samples of each class, in ascending order.

    Args:
        labels: The samples' labels, in the order that counts.
        count: Samples of each class, at least 1.
        owner: What has the samples, for messages.

    Raises:
        ValueError: If a class has fewer samples.
    """
    found: Counter[int] = Counter()
    indices = []
    for index, label in enumerate(labels):
        found[label] += 1
        if found[label] <= count:
            indices.append(index)
    fewest = min(found, key=found.__getitem__)
    if not 1 <= count <= found[fewest]:
        raise ValueError(
            f'{owner}.images_per_class: expected 1 to {found[fewest]}, the images of class {fewest}, which has the '
            f'fewest, got {count}'
        )
    return indices


def _parse(line: str, number: int, file: Place) -> ListedImage:
    parts = line.rsplit(maxsplit=1)
    if len(parts) != 2 or not re.fullmatch(r'-?\d{1,18}', parts[1]):
        raise ValueError(f'{str(file)!r}, line {number}: expected "path label" with an integer label, got {line!r}')
    return ListedImage(parts[0].strip(), int(parts[1]), number)


def _check_files(images: Sequence[ListedImage], file: Place, folder: Place) -> None:
    """Look for the images folder by folder: this is much faster than one by one."""
    by_parent: dict[Place, list[ListedImage]] = defaultdict(list)
    for image in images:
        by_parent[(folder / image.path).parent].append(image)
    missing = []
    for parent, listed in by_parent.items():
        present = {entry.name for entry in parent.iterdir()} if parent.is_dir() else set()
        missing += [image for image in listed if Path(image.path).name not in present]
    if missing:
        first = min(missing, key=lambda image: image.line)
        raise ValueError(
            f'{str(file)!r}, line {first.line}: expected an image at {str(folder / first.path)!r}, got none '
            f'({len(missing)} of {len(images)} images are missing)'
        )
