"""Lists of images with their labels."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class ListedImage(NamedTuple):
    """One line of a list."""

    path: str  # relative to the images' folder
    label: int
    line: int  # number in the file, from 1


def read_image_list(file: Path, folder: Path) -> list[ListedImage]:
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


def check_labels(images: Sequence[ListedImage], classes: Sequence[str] | None, file: Path) -> None:
    """Refuse labels that no class has. Without names of classes, only negative labels are refused.

    Raises:
        ValueError: With file, line and image of the first such label.
    """
    for image in images:
        if image.label < 0 or (classes is not None and image.label >= len(classes)):
            what = f'0 to {len(classes) - 1} ({classes[0]} to {classes[-1]})' if classes else 'at least 0'
            raise ValueError(
                f'{str(file)!r}, line {image.line}: expected a label of {what}, got {image.label} for {image.path!r}'
            )


def _parse(line: str, number: int, file: Path) -> ListedImage:
    parts = line.rsplit(maxsplit=1)
    if len(parts) != 2 or not re.fullmatch(r'-?\d{1,18}', parts[1]):
        raise ValueError(f'{str(file)!r}, line {number}: expected "path label" with an integer label, got {line!r}')
    return ListedImage(parts[0].strip(), int(parts[1]), number)


def _check_files(images: Sequence[ListedImage], file: Path, folder: Path) -> None:
    """Look for the images folder by folder: this is much faster than one by one."""
    by_parent: dict[Path, list[ListedImage]] = defaultdict(list)
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
