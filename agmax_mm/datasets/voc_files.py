"""Pascal VOC's files: lists of names, annotations, and the image that belongs to one."""

from __future__ import annotations

import codecs
import math
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agmax_mm.wording import first_names

# What the host's loader reads.
_SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp')
_EDGES = ('xmin', 'ymin', 'xmax', 'ymax')


@dataclass(frozen=True)
class Annotation:
    """One file.

    Attributes:
        tree: Its content.
        size: Width and height in pixels; None if they are missing or 0.
        file_name: The image's name as the file tells it, without folders; None if it does not.
    """

    tree: Any
    size: tuple[int, int] | None
    file_name: str | None


def listed_names(listing: str | Path) -> list[str]:
    """Read a list of names, one a line: blank lines, spaces around names and byte order marks are no part of a name.

    Raises:
        ValueError: If the file is no text in UTF-8 or UTF-16, holds no name or one twice, or names one that leaves the
            folder.
    """
    content = Path(listing).read_bytes()
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        lines = content.decode('utf-16' if utf16 else 'utf-8-sig').splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f'{str(listing)!r}: expected a text in UTF-8, got {error}') from None
    names = [line.strip() for line in lines if line.strip()]
    if not names:
        raise ValueError(f'{str(listing)!r}: expected names of images, got an empty file')
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f'{str(listing)!r}: expected each image once, got several times {first_names(twice)}')
    leaving = [name for name in names if name.startswith('/') or '..' in Path(name).parts or '\0' in name]
    if leaving:
        raise ValueError(
            f'{str(listing)!r}: expected names inside of the folder of annotations, got {first_names(leaving)}'
        )
    return names


def read_annotation(path: str | Path) -> Annotation:
    """Read an annotation.

    Raises:
        ValueError: If the file is no XML, in another form, or has an object without a box of numbers.
    """
    try:
        tree = ElementTree.parse(path)
    except (ElementTree.ParseError, OSError, ValueError, LookupError) as error:
        raise ValueError(f'{path}: expected an annotation in the form of Pascal VOC, got {error}') from None
    root = tree.getroot()
    if root.tag != 'annotation':
        raise ValueError(f'{path}: expected an annotation in the form of Pascal VOC, <annotation>, got <{root.tag}>')
    for number, entry in enumerate(root.findall('object'), start=1):
        if not (entry.findtext('name') or '').strip():
            raise ValueError(f'{path}: expected the name of a class in each object, got none in object {number}')
        edges = [entry.findtext(f'bndbox/{edge}') for edge in _EDGES]
        if any(_number(edge) is None for edge in edges):
            raise ValueError(
                f'{path}: expected an annotation in the form of Pascal VOC with a bndbox of {", ".join(_EDGES)}, got '
                f'{edges} in object {number}'
            )
        difficult = entry.findtext('difficult', '0').strip()
        if difficult not in ('0', '1'):
            raise ValueError(f'{path}: expected difficult to be 0 or 1, got {difficult!r} in object {number}')
    name = (root.findtext('filename') or '').strip().replace('\\', '/').split('/')[-1]
    return Annotation(tree, _size(path, root), name or None)


def image_name(folder: str | Path, stem: str, file_name: str | None) -> str:
    """Find the image of an annotation.

    Args:
        folder: The folder of images.
        stem: The annotation's name without its suffix, below the folder of annotations.
        file_name: What the annotation says, see :class:`Annotation`.

    Returns:
        The name below ``folder``: of the only image of that stem; of the one that ``file_name`` says, where there are
        several or none; or else with ``.jpg``, whether it is there or not.

    Raises:
        ValueError: If there are several, and nothing says which one it is.
    """
    parent = Path(folder) / Path(stem).parent
    base = Path(stem).name
    named = (Path(stem).parent / file_name).as_posix() if file_name else None
    found = [f'{base}{suffix}' for suffix in _SUFFIXES if (parent / f'{base}{suffix}').is_file()]
    found += [f'{base}{suffix.upper()}' for suffix in _SUFFIXES if (parent / f'{base}{suffix.upper()}').is_file()]
    # On some systems names in capitals are the same files.
    if len(found) > 1 and len({(parent / name).stat().st_ino for name in found}) == 1:
        found = found[:1]
    if len(found) == 1:
        return (Path(stem).parent / found[0]).as_posix()
    if named and (Path(folder) / named).is_file():
        return named
    if found:
        raise ValueError(
            f'expected one image of the name {stem} in {folder}, or its <filename>, got {first_names(found)}'
        )
    return f'{stem}.jpg'


def _number(text: str | None) -> float | None:
    try:
        value = float(text or '')
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _size(path: str | Path, root: ElementTree.Element) -> tuple[int, int] | None:
    texts = [(root.findtext(f'size/{key}') or '').strip() or '0' for key in ('width', 'height')]
    values = [_number(text) for text in texts]
    if any(value is None or value < 0 or value != int(value) for value in values):
        raise ValueError(f'{path}: expected a size in pixels, got {" x ".join(texts)}')
    width, height = (int(value or 0) for value in values)
    return (width, height) if width and height else None
