"""The index of an archive: names, places and labels of its files, in a file of its own that processes share."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from agmax_mm.datasets.archives.scan import Member, scan
from agmax_mm.fileio import atomic_path

_VERSION = '1'
# Ends the names in the index: no name has it.
_END = '\0'
_NO_LABEL = -1
LABEL_SUFFIX = '.cls'
_COLUMNS = ('names', 'end', 'part', 'offset', 'size', 'packed', 'label', 'digest', 'of_digest')


class Index:
    """Names in order, each with its place, in memory that is mapped from the index file.

    Args:
        arrays: ``names`` (``uint8``, joined, each ended by a zero byte) and, for each name, its ``end`` there, its
            ``part`` (number of the archive file), ``offset``, ``size``, ``packed`` as in
            :class:`~agmax_mm.datasets.archives.scan.Member`, and ``label``, -1 for none. To find a name fast,
            ``digest`` has the names' digests in order, and ``of_digest`` the place of each one's name.
    """

    def __init__(self, arrays: dict[str, NDArray[Any]]) -> None:
        # Views of the memory give numbers of Python's own, in a fraction of numpy's time.
        self._table = {key: memoryview(array) for key, array in arrays.items()}  # type: ignore[arg-type]
        self._names, self._ends = self._table['names'], self._table['end']
        self.has_labels = bool((arrays['label'] != _NO_LABEL).any())

    def __len__(self) -> int:
        return len(self._ends)

    def name(self, place: int) -> str:
        """Return a name by its place in the order."""
        return _decoded(self._encoded(place))

    def find(self, name: str) -> int | None:
        """Return the place of a name, or ``None``."""
        digest, digests = _digest(name), self._table['digest']
        at = bisect_left(digests, digest)
        while at < len(self) and digests[at] == digest:
            place: int = self._table['of_digest'][at]
            if self.name(place) == name:
                return place
            at += 1
        return None

    def first_from(self, name: str) -> int:
        """Return the place of the first name that is not before ``name``."""
        return bisect_left(range(len(self)), _encoded(name), key=self._encoded)

    def member(self, place: int) -> tuple[int, Member]:
        """Return the number of the archive file, and where the content lies in it."""
        table = self._table
        member = Member(self.name(place), table['offset'][place], table['size'][place], table['packed'][place])
        return table['part'][place], member

    def label(self, place: int) -> int | None:
        """Return the label of a file, or ``None``."""
        label: int = self._table['label'][place]
        return None if label == _NO_LABEL else label

    def _encoded(self, place: int) -> bytes:
        start = self._ends[place - 1] if place else 0
        return bytes(self._names[start : self._ends[place] - 1])


def load_index(name: str, parts: Sequence[Path], state: str) -> Index:
    """Read the index of an archive, or make it where there is none that fits the archive's size and time of change.

    It lies beside the archive as ``.NAME.index`` or, where the folder cannot be written to, in ``agmax_mm/archives`` of
    the user's cache folder (``$XDG_CACHE_HOME``, ``~/.cache``). One process of a machine makes it while others wait.

    Args:
        name: Name of the archive, also for its index file.
        parts: Its files, in order.
        state: What :func:`state_of` says of them.

    Raises:
        ValueError: If the archive cannot be read, see :func:`~agmax_mm.datasets.archives.scan.scan`, or if its names
            and labels fit no data set; or if the index can be written nowhere.
    """
    places = _places(name, parts[0].parent)
    found = _first_fitting(places, state)
    if found is not None:
        return found
    with _alone(parts[0]):
        return _first_fitting(places, state) or _make(places, name, parts, state)


def state_of(parts: Sequence[Path]) -> str:
    """Name, size and time of change of an archive's files, by which an index is known to fit."""
    return json.dumps([[part.name, (facts := part.stat()).st_size, facts.st_mtime_ns] for part in parts])


def _make(places: Sequence[Path], name: str, parts: Sequence[Path], state: str) -> Index:
    tensors = {key: torch.from_numpy(array) for key, array in _arrays(parts).items()}
    errors = []
    for target in places:
        try:
            with atomic_path(target) as temporary:
                save_file(tensors, temporary, {'version': _VERSION, 'state': state})
                temporary.chmod(parts[0].stat().st_mode & 0o666)  # for whom the archive is
        except (OSError, SafetensorError) as error:
            errors.append(f'{str(target.parent)!r} ({error})')
            continue
        # From the file, as everybody else has it: mapped, not copied.
        index = _first_fitting([target], state)
        assert index is not None
        return index
    raise ValueError(
        f'archive {name!r}: expected a folder for its index that can be written to, got {" and ".join(errors)}; '
        'XDG_CACHE_HOME names another one'
    )


def _arrays(parts: Sequence[Path]) -> dict[str, NDArray[Any]]:
    """Columns of the index, in the order of the names."""
    found: dict[str, tuple[int, Member]] = {}
    labels: dict[str, int] = {}
    for number, part in enumerate(parts):
        own = {member.name: (number, member) for member in scan(part)}  # of equal names the last one counts
        own_labels = _labels(part, own)
        # Shards with labels may count their samples anew: the shard's name goes in front.
        prefix = f'{part.name}/' if own_labels and len(parts) > 1 else ''
        twice = next((name for name in own if not name.endswith('/') and prefix + name in found), None)
        if twice is not None:
            raise ValueError(f'{str(part)!r}: expected names that no other part has, got {twice!r} again')
        found.update({prefix + name: value for name, value in own.items()})
        labels.update({prefix + name: label for name, label in own_labels.items()})
    order = sorted(found, key=_encoded)
    encoded = [_encoded(name + _END) for name in order]
    members = [found[name] for name in order]
    digests = np.array([_digest(name) for name in order], np.int64)
    of_digest = np.argsort(digests, kind='stable')
    return {
        'names': np.frombuffer(bytearray(b''.join(encoded)), np.uint8),
        'end': np.cumsum([len(name) for name in encoded], dtype=np.int64),
        'part': np.array([number for number, _ in members], np.int64),
        **{
            key: np.array([getattr(member, key) for _, member in members], np.int64)
            for key in ('offset', 'size', 'packed')
        },
        'label': np.array([labels.get(name, _NO_LABEL) for name in order], np.int64),
        'digest': digests[of_digest],
        'of_digest': of_digest,
    }


def _labels(part: Path, members: dict[str, tuple[int, Member]]) -> dict[str, int]:
    """Labels of all files that have one beside them: ``KEY.cls``, where the file is ``KEY.jpg`` or ``KEY.seg.png``."""
    of_key = {}
    with part.open('rb') as file:
        for name, (_, member) in members.items():
            if name.endswith(LABEL_SUFFIX) and _key(name) + LABEL_SUFFIX == name:
                file.seek(member.offset)
                text = unpacked(file.read(member.packed or member.size), member).strip()
                if not re.fullmatch(rb'\d{1,18}', text):
                    raise ValueError(f'{str(part)!r}: expected a label of at least 0 in {name!r}, got {text[:40]!r}')
                of_key[_key(name)] = int(text)
    if not of_key:
        return {}
    return {name: of_key[_key(name)] for name in members if not name.endswith(LABEL_SUFFIX) and _key(name) in of_key}


def unpacked(content: bytes, member: Member) -> bytes:
    """Return a member's content from its bytes in the archive.

    Raises:
        OSError: If they are damaged.
    """
    import zlib

    if member.packed:
        try:
            # No more than the archive said: a damaged one must not fill the memory.
            content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, member.size)
        except zlib.error as error:
            raise OSError(f'damaged in its archive: {error}') from None
    if len(content) != member.size:
        raise OSError(f'{len(content)} of {member.size} bytes, as its archive is cut off or was changed')
    return content


def _key(name: str) -> str:
    folder, slash, base = name.rpartition('/')
    return folder + slash + base.partition('.')[0]


def _first_fitting(places: Sequence[Path], state: str) -> Index | None:
    """Read the first index that was made of the archive as it is."""
    for path in places:
        with contextlib.suppress(OSError, SafetensorError), safe_open(path, framework='pt') as file:
            notes = file.metadata() or {}
            if notes.get('version') == _VERSION and notes.get('state') == state:
                return Index({key: file.get_tensor(key).numpy() for key in _COLUMNS})
    return None


def _places(name: str, folder: Path) -> list[Path]:
    cache = Path(os.environ.get('XDG_CACHE_HOME') or '~/.cache').expanduser() / 'agmax_mm' / 'archives'
    digest = hashlib.sha256(str(folder / name).encode('utf-8', 'surrogateescape')).hexdigest()[:16]
    return [folder / f'.{name}.index', cache / f'{name}.{digest}.index']


@contextlib.contextmanager
def _alone(part: Path) -> Iterator[None]:
    """Keep other processes of this machine waiting; without locks they do the work, too, and replace equal files."""
    import fcntl

    with part.open('rb') as file:
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _digest(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(_encoded(name), digest_size=8).digest(), 'little', signed=True)


def _encoded(name: str) -> bytes:
    return name.encode('utf-8', 'surrogateescape')


def _decoded(name: bytes) -> str:
    return name.decode('utf-8', 'surrogateescape')
