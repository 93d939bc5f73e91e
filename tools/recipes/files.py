"""The recipes' files: written, and compared with what would be written."""

from __future__ import annotations

from pathlib import Path

from agmax_mm.fileio import write_text
from tools.recipes.agmax import render as agmax
from tools.recipes.cutmix import render as cutmix
from tools.recipes.text import MADE_BY


def expected_files() -> dict[str, str]:
    """The text of every recipe of every paper by its path below ``configs/``."""
    return {**agmax.render_all(), **cutmix.render_all()}


def compare(root: Path) -> dict[str, str]:
    """What is not as :func:`write` would leave it: ``'missing'``, ``'changed'`` or ``'stale'`` by path below ``root``.

    Args:
        root: The folder ``configs/``.
    """
    expected = expected_files()
    differing = {}
    for path, text in expected.items():
        file = root / path
        if not file.is_file():
            differing[path] = 'missing'
        elif file.read_text(encoding='utf-8') != text:
            differing[path] = 'changed'
    for folder in sorted({Path(path).parent for path in expected}):
        for file in sorted((root / folder).glob('*.py')):
            path = f'{folder}/{file.name}'
            if path not in expected and MADE_BY in file.read_text(encoding='utf-8'):
                differing[path] = 'stale'
    return differing


def write(root: Path) -> dict[str, str]:
    """Make the files what they should be.

    Args:
        root: The folder ``configs/``.

    Returns:
        ``'written'`` or ``'removed'`` by path below ``root``, for the files that were not so before.
    """
    expected = expected_files()
    done = {}
    for path, what in compare(root).items():
        if what == 'stale':
            (root / path).unlink()
            done[path] = 'removed'
        else:
            write_text(expected[path], root / path)
            done[path] = 'written'
    return done
