"""Folders on a disk and in archives, under one interface: the part of ``pathlib.Path`` that data sets use."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from agmax_mm.datasets.archives.archive import (
    NUMBERS,
    SCHEME,
    Archive,
    forget_changed,
    is_archive_name,
    opened_archive,
    split_uri,
)
from agmax_mm.wording import first_names

_COMPRESSED = ('.tgz', '.tbz', '.tbz2', '.txz', '.tar.gz', '.tar.bz2', '.tar.xz', '.tar.zst')
_OFFICIAL = 'ILSVRC2012_img_{}.tar'


@dataclass(frozen=True)
class ArchivePath:
    """A file or folder in an archive.

    Attributes:
        archive_path: The archive's own path.
        inside: The name in it, ``''`` for its own folder.
    """

    archive_path: str
    inside: str = ''

    @property
    def archive(self) -> Archive:
        """The archive."""
        archive = opened_archive(self.archive_path)
        assert archive is not None
        return archive

    @property
    def name(self) -> str:
        """The last part of the path."""
        return posixpath.basename(self.inside or self.archive_path)

    @property
    def parent(self) -> ArchivePath:
        """The folder of the path; the archive's own folder has itself."""
        return ArchivePath(self.archive_path, posixpath.dirname(self.inside))

    def __truediv__(self, other: str) -> ArchivePath:
        """Return a path below this one."""
        joined = posixpath.normpath(posixpath.join(self.inside, other))
        return ArchivePath(self.archive_path, '' if joined == '.' else joined)

    def __str__(self) -> str:
        """The path as the host's loaders take it."""
        return posixpath.join(SCHEME + self.archive_path, self.inside).rstrip('/')

    def is_dir(self) -> bool:
        """Whether it is a folder."""
        return self.archive.is_folder(self.inside)

    def is_file(self) -> bool:
        """Whether it is a file."""
        return bool(self.inside) and self.archive.index.find(self.inside) is not None

    def exists(self) -> bool:
        """Whether it is there."""
        return self.is_file() or self.is_dir()

    def is_symlink(self) -> bool:
        """Archives with symbolic links are refused."""
        return False

    def iterdir(self) -> Iterator[ArchivePath]:
        """What lies in the folder, in order."""
        for name, is_folder in self.archive.children(self.inside):
            child = f'{self.inside}/{name}' if self.inside else name
            yield _Folder(self.archive_path, child) if is_folder else _File(self.archive_path, child)

    def open(self, mode: str = 'rb') -> BinaryIO:
        """Open the file for reading."""
        assert mode == 'rb'
        return cast(BinaryIO, self.archive.open(self.inside))

    def read_text(self, encoding: str = 'utf-8') -> str:
        """Return the file's text."""
        return self.archive.read(self.inside).decode(encoding)

    @property
    def has_labels(self) -> bool:
        """Whether labels lie beside the images: ``KEY.cls`` beside ``KEY.jpg``."""
        return self.archive.index.has_labels

    def labels(self) -> Iterator[tuple[str, int | None]]:
        """All files below the folder, by their paths relative to it, each with its label or ``None``."""
        index, prefix = self.archive.index, f'{self.inside}/' if self.inside else ''
        for place in range(index.first_from(prefix), len(index)):
            name = index.name(place)
            if not name.startswith(prefix):
                return
            if not name.endswith('/'):
                yield name[len(prefix) :], index.label(place)


class _Folder(ArchivePath):
    """A path that is known to be a folder."""

    def is_dir(self) -> bool:
        return True


class _File(ArchivePath):
    """A path that is known to be a file."""

    def is_dir(self) -> bool:
        return False


Place = Path | ArchivePath


def place(path: str | os.PathLike[str]) -> Place:
    """Return a folder on the disk, or an archive: ``.tar``, ``.zip``, numbered ``train-{000000..000146}.tar``.

    Raises:
        ValueError: If the file is compressed as a whole, or is an archive that cannot be read.
    """
    text = str(path)
    if text.startswith(SCHEME):
        archive, inside = split_uri(text)
        return ArchivePath(archive.path, inside)
    local = Path(text).expanduser()
    if is_archive_name(local.name) and not local.is_dir() and (local.is_file() or '{' in local.name):
        return _archive(local)
    if local.is_file() and local.name.lower().endswith(_COMPRESSED):
        raise ValueError(
            f'{text!r}: expected a folder or an archive that images can be read from in any order (.tar, .zip), got '
            'one that is compressed as a whole; unpack it to a plain .tar file, or make a .zip file of it'
        )
    return local


def split_place(root: Place, split: str) -> Place | None:
    """Return the folder of a split, or ``None`` where there is none.

    It is ``root/split``; in an archive also below its only folder; in a folder also one of the archives ``split.tar``,
    ``split.zip``, ``split-000000.tar`` and following, ``ILSVRC2012_img_split.tar``.

    Args:
        root: The folder or archive of the data set.
        split: Name of the folder below it; ``''`` for the root itself.

    Raises:
        ValueError: If several archives could be meant, shards are missing, or an archive cannot be read.
    """
    folder = root / split
    if folder.is_dir():
        return folder
    if isinstance(root, ArchivePath):
        only = _only_folder(root)
        inner = only / split if only is not None else None
        return inner if inner is not None and inner.is_dir() else None
    found = _split_archives(root, split)
    if len(found) > 1:
        raise ValueError(
            f'{str(root)!r}: expected one archive of {split!r}, got {first_names([path.name for path in found])}'
        )
    if not found:
        return None
    archive = _archive(found[0])
    only = _only_folder(archive)
    return only if only is not None and only.name == Path(split).name else archive


def open_file(path: str) -> BinaryIO:
    """Open a file on the disk or in an archive for reading.

    Raises:
        OSError: If there is none, or it cannot be read.
    """
    if path.startswith(SCHEME):
        archive, name = split_uri(path)
        return cast(BinaryIO, archive.open(name))
    return open(path, 'rb')


def unpacked_path(path: str) -> str:
    """Return the path that a file would have if its archive were unpacked to a folder of the archive's name."""
    if not path.startswith(SCHEME):
        return path
    archive, name = split_uri(path)
    return posixpath.join(re.sub(rf'-?{NUMBERS.pattern}$', '', str(Path(archive.path).with_suffix(''))), name)


def _archive(path: Path) -> ArchivePath:
    archive = ArchivePath(os.path.abspath(path))
    forget_changed(archive.archive_path)
    return archive


def _only_folder(root: ArchivePath) -> ArchivePath | None:
    children = [child for child in root.iterdir() if not child.name.startswith(('.', '__MACOSX'))]
    return children[0] if len(children) == 1 and children[0].is_dir() else None


def _split_archives(root: Path, split: str) -> list[Path]:
    if not split:
        return []
    base = root / split
    names = [f'{base.name}.tar', f'{base.name}.zip', _OFFICIAL.format(base.name)]
    found = [base.with_name(name) for name in names if base.with_name(name).is_file()]
    shard = re.compile(rf'{re.escape(base.name)}-(\d+)\.tar')
    shards = sorted(match[1] for path in base.parent.glob('*.tar') if (match := shard.fullmatch(path.name)))
    if shards:
        found.append(base.with_name(f'{base.name}-{{{shards[0]}..{shards[-1]}}}.tar'))
    return found
