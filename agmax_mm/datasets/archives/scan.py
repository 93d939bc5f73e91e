"""What lies where in a tar or zip file, found once and in order."""

from __future__ import annotations

import stat
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

_BLOCK = 512
# First bytes of what a tar file may be compressed with.
_COMPRESSED = {b'\x1f\x8b': 'gzip', b'BZh': 'bzip2', b'\xfd7zXZ\0': 'xz', b'\x28\xb5\x2f\xfd': 'zstd'}
_LOCAL_HEADER = struct.Struct('<4s22xHH')


class Member(NamedTuple):
    """A file in an archive, or a folder, whose name ends with a slash."""

    name: str
    offset: int  # of the content, in bytes from the archive's beginning
    size: int  # of the content, in bytes
    packed: int  # bytes of the content where it is deflated; 0 where it is stored as it is


def scan(path: Path) -> Iterator[Member]:
    """Find the members of a tar or zip file. A tar file in a tar file stands for a folder of its name without suffix.

    Raises:
        ValueError: If the file is no such archive, is compressed as a whole, damaged or cut off, or has a member that
            is encrypted, compressed in another way than by deflate, a symbolic link, or named outside of the archive.
    """
    try:
        with path.open('rb') as file:
            head = file.read(8)
            if head[:4] in (b'PK\x03\x04', b'PK\x05\x06'):
                yield from _scan_zip(path, file)
                return
            packer = next((name for magic, name in _COMPRESSED.items() if head.startswith(magic)), None)
            if packer is not None:
                raise ValueError(
                    f'{str(path)!r}: expected an archive that images can be read from in any order, got one that '
                    f'{packer} has compressed as a whole; unpack it to a plain .tar file, or make a .zip file of it'
                )
            file.seek(0)
            yield from _scan_tar(path, file, '', 0)
    except (tarfile.TarError, zipfile.BadZipFile, struct.error, EOFError) as error:
        raise ValueError(f'{str(path)!r}: expected a whole tar or zip file, got one that is damaged: {error}') from None


def _scan_tar(path: Path, file: BinaryIO, prefix: str, start: int) -> Iterator[Member]:
    """Members of a tar file that begins at ``start`` of the archive, with names below ``prefix``."""
    places: dict[str, Member] = {}  # of what hard links may name
    with tarfile.open(fileobj=file, mode='r:') as tar:
        while (info := tar.next()) is not None:
            tar.members = []  # type: ignore[attr-defined]  # a million of them would fill the memory
            name = _checked(path, info.name)
            if info.isdir():
                yield from [Member(f'{prefix}{name}/', 0, 0, 0)] if name else []
            elif info.issym():
                raise _refusal(path, f'the symbolic link {info.name!r}; tar --dereference stores the files themselves')
            elif info.islnk():
                target = places.get(_checked(path, info.linkname))
                if target is None:
                    raise _refusal(path, f'the link {info.name!r} to {info.linkname!r}, which does not come before it')
                yield target._replace(name=prefix + name)
            elif not info.isreg() or info.issparse():
                raise _refusal(path, f'{info.name!r}, which is no plain file')
            elif name.lower().endswith('.tar'):
                inner = tar.extractfile(info)
                assert inner is not None
                yield from _scan_tar(path, inner, f'{prefix}{name[:-4]}/', start + info.offset_data)  # type: ignore[arg-type]
            else:
                member = Member(prefix + name, start + info.offset_data, info.size, 0)
                places[name] = member
                yield member
        # tarfile takes a damaged header, and a missing end, for the end.
        file.seek(tar.offset)
        if file.read(_BLOCK) != bytes(_BLOCK):
            where = f' of {prefix.rstrip("/")}.tar' if prefix else ''
            raise tarfile.ReadError(f'no end mark at byte {tar.offset}{where}, so it is cut off or damaged there')


def _scan_zip(path: Path, file: BinaryIO) -> Iterator[Member]:
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            name = _checked(path, info.filename)
            if info.is_dir():
                yield Member(f'{name}/', 0, 0, 0)
                continue
            if info.flag_bits & 1:
                raise _refusal(path, f'{info.filename!r}, which is encrypted')
            if stat.S_ISLNK(info.external_attr >> 16):
                raise _refusal(path, f'the symbolic link {info.filename!r}; zip without --symlinks stores the files')
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise _refusal(
                    path, f'{info.filename!r}, compressed by method {info.compress_type}; zip -0 stores images'
                )
            file.seek(info.header_offset)
            signature, name_length, extra_length = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
            offset = info.header_offset + _LOCAL_HEADER.size + name_length + extra_length
            if signature != b'PK\x03\x04':
                raise zipfile.BadZipFile(f'no header of {info.filename!r} at byte {info.header_offset}')
            deflated = info.compress_type == zipfile.ZIP_DEFLATED
            yield Member(name, offset, info.file_size, info.compress_size if deflated else 0)


def _checked(path: Path, name: str) -> str:
    """The name without what says nothing, such as ``./``; empty for the archive's own folder."""
    parts = PurePosixPath(name).parts
    if name.startswith('/') or '..' in parts or '\\' in name or '\0' in name or '://' in name:
        raise _refusal(path, f'the unsafe name {name!r}')
    return '/'.join(parts)


def _refusal(path: Path, what: str) -> ValueError:
    return ValueError(f'{str(path)!r}: expected plain files with names inside of the archive, got {what}')
