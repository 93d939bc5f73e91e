"""``--cfg-options KEY=VALUE``: values as Python literals where they are, as text otherwise."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any


def parse_options(pairs: Sequence[str]) -> dict[str, Any]:
    """Turn ``['a.b=1', 'c=[1,2]', 'd=text', 'e=x,y']`` into a mapping.

    A comma outside of brackets and quotes makes a list, as in the host's commands.

    Raises:
        ValueError: If an entry has no ``=``, or opens a bracket and is no Python literal.
    """
    options = {}
    for pair in pairs:
        key, separator, text = pair.partition('=')
        if not separator or not key:
            raise ValueError(f'--cfg-options: expected KEY=VALUE, got {pair!r}')
        options[key] = _value(text, pair)
    return options


def _value(text: str, pair: str) -> Any:
    if text.lower() in ('true', 'false', 'none'):
        return {'true': True, 'false': False, 'none': None}[text.lower()]
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        if text.lstrip()[:1] in tuple('[({'):
            raise ValueError(
                f"--cfg-options: expected a Python literal, such as [1, 2] or {{'type': 'X'}}, got {pair!r}"
            ) from None
        return [_value(part, pair) for part in text.split(',')] if ',' in text else text
    # '1,2' is a tuple to Python, too, but parentheses say that one is meant: some transforms insist on it.
    return list(value) if isinstance(value, tuple) and not text.lstrip().startswith('(') else value
