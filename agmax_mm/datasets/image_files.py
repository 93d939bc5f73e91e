"""Image files in folders and archives: the formats that the loader reads, the files of a class, and damaged files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from agmax_mm.datasets.archives import Place, open_file

# Suffixes of the formats that OpenCV's wheels decode.
SUFFIXES = (
    *('.bmp', '.jfif', '.jp2', '.jpe', '.jpeg', '.jpg', '.pbm', '.pgm', '.png', '.pnm', '.ppm'),
    *('.tif', '.tiff', '.webp'),
)
# Folders that systems and tools make beside data. Hidden folders, such as .ipynb_checkpoints, are no data either.
_NO_DATA = {'__MACOSX', '__pycache__', '@eaDir', '$RECYCLE.BIN', 'System Volume Information', 'lost+found'}
_SIGNATURES = (
    *(b'\xff\xd8\xff', b'\x89PNG\r\n\x1a\n', b'BM', b'II*\0', b'MM\0*', b'II+\0', b'MM\0+'),
    *(b'P1', b'P2', b'P3', b'P4', b'P5', b'P6', b'\0\0\0\x0cjP  \r\n\x87\n', b'\xff\x4f\xff\x51'),
)
_MOST_CHECKED = 5000
# The end of a picture is looked for in so many last bytes, first in few, as cameras append data to their JPEG files.
_TAILS = (1 << 10, 1 << 16)


@dataclass
class FolderFiles:
    """Files of class folders, as paths relative to the folder of the split.

    Attributes:
        images: Files with the suffix of a format that the loader reads, in order.
        others: Other files. Hidden files are not counted.
        folders: Folders that are not entered: hidden ones, those of systems and tools, and links to a folder above.
    """

    images: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)

    def left_out(self) -> str:
        """Describe all files and folders that are left out, in one line; empty if there are none."""
        parts = []
        if self.others:
            suffixes = Counter(Path(path).suffix.lower() or 'no suffix' for path in self.others)
            kinds = ', '.join(f'{count} {suffix}' for suffix, count in suffixes.most_common(5))
            parts.append(f'{len(self.others)} files ({kinds}), the first being {min(self.others)!r}')
        if self.folders:
            named = ', '.join(repr(path) for path in sorted(self.folders)[:3])
            parts.append(f'{len(self.folders)} folders, such as {named}')
        return ' and '.join(parts)


def is_data_folder(name: str) -> bool:
    """Return whether a folder of this name can hold data."""
    return not name.startswith('.') and name not in _NO_DATA


def class_folders(folder: Place) -> list[str]:
    """Return the names of the class folders of a split, in order."""
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and is_data_folder(entry.name))


def class_files(folder: Place, classes: Iterable[str], suffixes: tuple[str, ...]) -> dict[str, FolderFiles]:
    """Find the files below each class folder, nested or not.

    Args:
        folder: Folder of the split.
        classes: Names of the class folders; one may be missing.
        suffixes: Suffixes of images, in lower case.
    """
    found = {}
    for name in classes:
        found[name] = files = FolderFiles()
        if (folder / name).is_dir():
            above = (os.path.realpath(folder / name),) if isinstance(folder, Path) else (name,)
            _collect(folder, name, above, suffixes, files)
            files.images.sort()
    return found


def _collect(root: Place, place: str, above: tuple[str, ...], suffixes: tuple[str, ...], files: FolderFiles) -> None:
    """Add the files of a folder and of the folders in it; ``above`` are the real paths of it and those above it."""
    with os.scandir(root / place) if isinstance(root, Path) else nullcontext((root / place).iterdir()) as entries:
        for entry in entries:
            path = os.path.join(place, entry.name)
            if entry.is_dir():
                linked = entry.is_symlink()
                real = os.path.realpath(f'{root}/{path}') if linked else os.path.join(above[-1], entry.name)
                if is_data_folder(entry.name) and real not in above:
                    _collect(root, path, (*above, real), suffixes, files)
                else:
                    files.folders.append(path)
            elif not entry.name.startswith('.'):
                (files.images if entry.name.lower().endswith(suffixes) else files.others).append(path)


@dataclass(frozen=True)
class HeaderCheck:
    """Result of a look at the headers of image files.

    Attributes:
        checked: Number of files that were opened.
        unreadable: Path of each file that is no image, and the reason.
        cut_off: Paths of images whose end is missing.
    """

    checked: int
    unreadable: dict[str, str]
    cut_off: list[str]

    def refuse_unreadable(self, what: str, where: str, total: int) -> None:
        """Raise ``ValueError`` that names the first unreadable file, if there is one.

        Args:
            what: Whose files they are, and their kind, such as ``'ImageFolder: expected images'``.
            where: Their folder.
            total: Number of files, of which some were opened.
        """
        if self.unreadable:
            path, reason = next(iter(self.unreadable.items()))
            raise ValueError(
                f'{what} in {where!r}, got {len(self.unreadable)} unreadable files among {self.checked:,} checked ones'
                f'{self.of_all(total)}, the first being {path!r} ({reason})'
            )

    def note_of_cut_off(self, things: str, total: int) -> str | None:
        """A sentence on files whose end is missing, or None."""
        if not self.cut_off:
            return None
        return (
            f'the end is missing in {len(self.cut_off)} of {self.checked:,} checked {things}{self.of_all(total)}, '
            f'the first being {self.cut_off[0]!r}'
        )

    def of_all(self, total: int) -> str:
        """The words for a sample; empty where all files were opened."""
        return f' of {total:,}' if self.checked < total else ''


def check_headers(
    paths: Sequence[str], most: int = _MOST_CHECKED, *, state: Callable[[str], str] | None = None
) -> HeaderCheck:
    """Open files, of images by default, and look whether they are what their names say.

    Args:
        paths: The files.
        most: Number of files to open. If there are more, this many are taken at even distances.
        state: Function from a path to what is wrong with the file: ``'cut off'`` where its end is missing, ``''`` for
            nothing. By default it looks at the first and last bytes of an image.
    """
    count = min(len(paths), most)
    sample = [paths[index] for index in np.linspace(0, len(paths) - 1, count, dtype=int)]
    # Threads wait for the disk or the network together.
    with ThreadPoolExecutor(8) as pool:
        states = list(pool.map(state or _state, sample))
    unreadable = {path: state for path, state in zip(sample, states, strict=True) if state not in ('', 'cut off')}
    cut_off = [path for path, state in zip(sample, states, strict=True) if state == 'cut off']
    return HeaderCheck(count, unreadable, cut_off)


def _state(path: str) -> str:
    """Return why a file is no image; ``'cut off'`` for an image without its end, and ``''`` for a whole one."""
    try:
        with open_file(path) as file:
            head = file.read(16)
            if not head:
                return 'an empty file'
            if not head.startswith(_SIGNATURES) and not (head[:4] == b'RIFF' and head[8:12] == b'WEBP'):
                return f'the file begins with {head[:8]!r}'
            end = {b'\xff\xd8': b'\xff\xd9', b'\x89P': b'IEND'}.get(head[:2])
            return '' if end is None or _ends_with(file, end) else 'cut off'
    except OSError as error:
        return error.strerror or str(error)


def _ends_with(file: BinaryIO, end: bytes) -> bool:
    size = file.seek(0, os.SEEK_END)
    for tail in _TAILS:
        file.seek(max(size - tail, 0))
        if end in file.read():
            return True
    return False
