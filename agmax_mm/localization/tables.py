"""Text files of one entry a line: a name, then columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path


def read_table(file: Path, columns: int) -> dict[str, list[str]]:
    """The columns behind each name.

    Args:
        file: Text in UTF-8; blank lines are skipped.
        columns: How many there are. A single one may have spaces in it.

    Raises:
        ValueError: If there is no such file, a line has another form, or a name comes twice; with file and line.
    """
    if not file.is_file():
        raise ValueError(f'expected a file at {str(file)!r}, got none')
    try:
        lines = file.read_text(encoding='utf-8-sig').splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f'{str(file)!r}: expected text in UTF-8, got {error}') from None
    found: dict[str, list[str]] = {}
    for number, line in enumerate(lines, start=1):
        name, *rest = line.split(maxsplit=1 if columns == 1 else -1) or ['']
        if not name:
            continue
        if len(rest) != columns:
            raise ValueError(
                f'{str(file)!r}, line {number}: expected a name and {columns} columns, got {line.strip()!r}'
            )
        if name in found:
            raise ValueError(f'{str(file)!r}, line {number}: expected each name once, got {name!r} again')
        found[name] = [entry.strip() for entry in rest]
    return found


def float_box(edges: Sequence[str], where: str) -> tuple[float, float, float, float]:
    """Four finite numbers.

    Raises:
        ValueError: If they are not.
    """
    try:
        a, b, c, d = (float(edge) for edge in edges)
    except ValueError:
        a = b = c = d = math.nan
    if not all(map(math.isfinite, (a, b, c, d))):
        raise ValueError(f'{where}: expected a box of four numbers, got {list(edges)}')
    return a, b, c, d
