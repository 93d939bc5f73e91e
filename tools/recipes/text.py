"""Common text of all recipes' config files: docstring, bases and the paper's figures."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# The last line of every docstring; a file without it was written by somebody else.
MADE_BY = 'tools/make_recipes.py'

_WIDTH = 120


class Code(str):
    """Python that stands in a config as it is."""


def docstring(title: str, notes: Mapping[str, str]) -> str:
    """The docstring of a config file: a title, then one paragraph for each note, behind its label."""
    notes = {**notes, 'Made by:': MADE_BY}
    indent = max(map(len, notes)) + 1
    lines = [f'"""{title}\n']
    for label, note in notes.items():
        lines += textwrap.wrap(
            note,
            _WIDTH,
            initial_indent=label.ljust(indent),
            subsequent_indent=' ' * indent,
            break_on_hyphens=False,
            break_long_words=False,
        )
    return '\n'.join([*lines, '"""', ''])


def bases(names: Iterable[str]) -> str:
    """``_base_`` of files below ``configs/_base_/``."""
    return f'_base_ = [\n{_lines(repr(f"../_base_/{name}.py") for name in names)}]\n'


def paper(entries: Sequence[Mapping[str, Any]]) -> str:
    """``paper``, the figures that a recipe stands for, one a line."""
    calls = [_flat(entry) for entry in entries]
    line = f'paper = [{", ".join(calls)}]\n'
    return line if len(calls) < 2 and len(line) <= _WIDTH + 1 else f'paper = [\n{_lines(calls)}]\n'


def _lines(items: Iterable[str]) -> str:
    return ''.join(f'    {item},\n' for item in items)


def assignment(name: str, value: Mapping[str, Any]) -> str:
    """``name = dict(...)``, broken into lines as ``ruff format`` does."""
    return _broken(f'{name} = ', value, '', '') + '\n'


def listed(items: Sequence[Any]) -> str:
    """``'1, 2 and 7'``."""
    return ' and '.join(filter(None, [', '.join(map(str, items[:-1])), *map(str, items[-1:])]))


def _flat(value: Any) -> str:
    if isinstance(value, Code):
        return value
    if isinstance(value, Mapping):
        return f'dict({", ".join(f"{key}={_flat(item)}" for key, item in value.items())})'
    if isinstance(value, list):
        return f'[{", ".join(map(_flat, value))}]'
    return repr(value)


def _broken(before: str, value: Any, after: str, indent: str) -> str:
    """``value`` between two texts: in one line, or its items in one line below, or each in lines of its own."""
    line = f'{before}{_flat(value)}{after}'
    if len(line) <= _WIDTH or not isinstance(value, Mapping | list):
        return line
    if isinstance(value, Mapping):
        items = [(f'{key}=', item) for key, item in value.items()]
        start, end = f'{before}dict(', f'{indent}){after}'
    else:
        items = [('', item) for item in value]
        start, end = f'{before}[', f'{indent}]{after}'
    inner = indent + ' ' * 4
    together = inner + ', '.join(key + _flat(item) for key, item in items)
    if len(together) <= _WIDTH:
        return '\n'.join([start, together, end])
    return '\n'.join([start, *(_broken(inner + key, item, ',', inner) for key, item in items), end])
