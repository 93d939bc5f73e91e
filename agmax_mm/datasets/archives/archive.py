"""Reading files from archives, by names such as ``archive:///data/imagenet.tar/train/n01440764/n01440764_18.JPEG``."""

from __future__ import annotations

import io
import os
import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from mmengine.fileio import BaseStorageBackend, register_backend

from agmax_mm.datasets.archives.index import Index, load_index, state_of, unpacked
from agmax_mm.datasets.archives.scan import Member

SCHEME = 'archive://'
NUMBERS = re.compile(r'\{(\d+)\.\.(\d+)\}')
_SUFFIX = re.compile(r'\.(tar|zip)(?=/|$)', re.IGNORECASE)
# Open at once in a process; systems allow 1,024 by default.
_MOST_OPEN = 256


def is_archive_name(name: str) -> bool:
    """Whether a path is named as an archive that can be read from."""
    return bool(re.search(r'\.(tar|zip)$', name, re.IGNORECASE))


class Archive:
    """An archive file, or several numbered ones as one.

    Reading needs no lock and leaves no state: processes that are forked, and threads, can share one.

    Args:
        path: The file, or files as in ``train-{000000..000146}.tar``.

    Raises:
        ValueError: If there is none, or it cannot be read.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.parts = parts_of(Path(path))
        self.state = state_of(self.parts)
        self.index: Index = load_index(Path(path).name, self.parts, self.state)

    def find(self, name: str) -> tuple[int, Member]:
        """Return where a file lies: the number of the part, and the place in it.

        Raises:
            FileNotFoundError: If there is none of this name.
        """
        place = self.index.find(name)
        if place is None:
            raise FileNotFoundError(f'{self.path!r}: expected a file {name!r} in it, got none')
        return self.index.member(place)

    def read(self, name: str) -> bytes:
        """Return the content of a file.

        Raises:
            OSError: If there is none, or it is damaged.
        """
        number, member = self.find(name)
        return unpacked(self.bytes_at(number, member.offset, member.packed or member.size), member)

    def open(self, name: str) -> io.BufferedIOBase:
        """Open a file for reading; of one that is not deflated, only what is asked for is read.

        Raises:
            OSError: As :meth:`read`.
        """
        number, member = self.find(name)
        if member.packed:
            return io.BytesIO(self.read(name))
        return io.BufferedReader(_Window(self, number, member))

    def bytes_at(self, number: int, offset: int, count: int) -> bytes:
        """Return ``count`` bytes of a part; fewer only at its end."""
        file = _opened(str(self.parts[number]))
        content = os.pread(file.fileno(), count, offset)
        while len(content) < count and (more := os.pread(file.fileno(), count - len(content), offset + len(content))):
            content += more
        return content

    def children(self, folder: str) -> Iterator[tuple[str, bool]]:
        """Names in a folder, in order, each with whether it is a folder. The archive's own folder is ``''``."""
        prefix = f'{folder}/' if folder else ''
        place = self.index.first_from(prefix)
        while place < len(self.index):
            name = self.index.name(place)
            if not name.startswith(prefix):
                return
            own, slash, _ = name[len(prefix) :].partition('/')
            if own:
                yield own, bool(slash)
            # Past all that is below: '0' comes behind '/'.
            place = self.index.first_from(f'{prefix}{own}0') if own and slash else place + 1

    def is_folder(self, folder: str) -> bool:
        """Whether there is a folder of this name."""
        prefix = f'{folder}/' if folder else ''
        place = self.index.first_from(prefix)
        return place < len(self.index) and self.index.name(place).startswith(prefix)


class _Window(io.RawIOBase):
    """A part of an archive file, as a file."""

    def __init__(self, archive: Archive, number: int, member: Member) -> None:
        self._archive, self._number, self._member = archive, number, member
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._member.size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def readinto(self, buffer: Any) -> int:
        count = max(min(len(buffer), self._member.size - self._at), 0)
        content = self._archive.bytes_at(self._number, self._member.offset + self._at, count)
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)


@register_backend('agmax_mm_archive', prefixes=SCHEME.removesuffix('://'))
class ArchiveBackend(BaseStorageBackend):  # type: ignore[misc]
    """Lets the host's loaders read from archives, by paths that begin with ``archive://``."""

    def get(self, filepath: str | os.PathLike[str]) -> bytes:
        """Return the content of a file."""
        archive, name = split_uri(str(filepath))
        return archive.read(name)

    def get_text(self, filepath: str | os.PathLike[str], encoding: str = 'utf-8') -> str:
        """Return the content of a file of text."""
        return self.get(filepath).decode(encoding)

    def join_path(self, filepath: str, *filepaths: str) -> str:
        """Join parts of a path."""
        return posixpath.join(filepath, *filepaths)


def split_uri(uri: str) -> tuple[Archive, str]:
    """Return the archive of a path that begins with ``archive://``, and the name in it.

    Raises:
        FileNotFoundError: If no part of the path is an archive.
    """
    path = uri.removeprefix(SCHEME)
    for match in _SUFFIX.finditer(path):
        archive = opened_archive(path[: match.end()])
        if archive is not None:
            return archive, path[match.end() + 1 :]
    raise FileNotFoundError(f'{uri!r}: expected an archive (.tar, .zip) in the path, got none')


@lru_cache(maxsize=64)
def opened_archive(path: str) -> Archive | None:
    """Return the archive of this path, the same one whenever asked in a process; ``None`` for a folder."""
    return None if Path(path).is_dir() else Archive(path)


def forget_changed(path: str) -> None:
    """Let an archive be opened anew if it was changed since this process opened it."""
    archive = opened_archive(path)
    if archive is not None and archive.state != state_of(parts_of(Path(path))):
        opened_archive.cache_clear()
        _opened.cache_clear()


def parts_of(path: Path) -> list[Path]:
    """Return the files of an archive's path, which may count: ``train-{000000..000146}.tar``.

    Raises:
        ValueError: If a file is missing, or the numbers fall.
    """
    match = NUMBERS.search(path.name)
    names = [path.name]
    if match:
        first, last = match.groups()
        if len(first) != len(last) or int(last) < int(first):
            raise ValueError(f'{str(path)!r}: expected numbers of equal length that grow, got {match[0]!r}')
        before, after = path.name[: match.start()], path.name[match.end() :]
        names = [f'{before}{number:0{len(first)}d}{after}' for number in range(int(first), int(last) + 1)]
    parts = [path.with_name(name) for name in names]
    missing = [part for part in parts if not part.is_file()]
    if missing:
        raise ValueError(
            f'{str(path)!r}: expected {f"{len(parts)} archives" if match else "an archive"}, got none at '
            f'{str(missing[0])!r}'
        )
    return parts


@lru_cache(maxsize=_MOST_OPEN)
def _opened(path: str) -> io.FileIO:
    # Reads are by place, so forked processes share the file. One that is dropped here closes with its last read.
    return open(path, 'rb', buffering=0)
