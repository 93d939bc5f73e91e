"""``--cfg-options KEY=VALUE``: values of the type that the config has, or as Python literals."""

from __future__ import annotations

import ast
import math
from collections.abc import Sequence
from typing import Any


class Options(dict[str, Any]):
    """Options by key, which know the text that each was read from."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[str, str] = {}


def parse_options(pairs: Sequence[str]) -> Options:
    """Turn ``['a.b=1', 'c=[1,2]', 'd=text', 'e=x,y']`` into a mapping.

    A comma outside of brackets and quotes makes a list, as in the host's commands.

    Raises:
        ValueError: If an entry has no ``=``, or opens a bracket and is no Python literal.
    """
    options = Options()
    for pair in pairs:
        key, separator, text = pair.partition('=')
        if not separator or not key:
            raise ValueError(f'--cfg-options: expected KEY=VALUE, got {pair!r}')
        options[key] = _value(text, pair)
        options.texts[key] = text
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


def typed_value(option: str, value: Any, current: Any, text: str | None) -> Any:
    """The value of an option as the type that the config has at its place.

    Where the config has text, text is taken as it was written: a folder may be called ``20240501`` or ``a,b``.

    Args:
        option: The option's key, for messages.
        value: Its value as a Python literal.
        current: The config's own value; None where it has none, which takes any type.
        text: What the value was read from; None for options that were never text.

    Raises:
        ValueError: If the value is not of the type of the config's own.
    """
    shown = value if text is None else text
    if value is None or current is None:
        return value
    if isinstance(current, str):
        if isinstance(value, dict):
            raise ValueError(f'--cfg-options {option}: expected text, such as {current!r}, got {shown!r}')
        return text if text is not None and _is_bare(value, text) else value
    if isinstance(current, bool):
        if not isinstance(value, bool):
            raise ValueError(f'--cfg-options {option}: expected True or False, got {shown!r}')
    elif isinstance(current, int | float):
        if isinstance(value, str | bool | dict):
            raise ValueError(f'--cfg-options {option}: expected a number, such as {current}, got {shown!r}')
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f'--cfg-options {option}: expected a finite number, got {shown!r}')
    elif isinstance(current, dict):
        if not isinstance(value, dict | list | tuple):
            raise ValueError(f"--cfg-options {option}: expected options, such as {{'key': value}}, got {shown!r}")
    elif isinstance(current, list | tuple) and not isinstance(value, list | tuple | dict):
        raise ValueError(f'--cfg-options {option}: expected a list, such as {list(current)!r}, got {shown!r}')
    return value


def without(options: dict[str, Any], keys: Sequence[str]) -> Options:
    """Options without those of some keys, with their texts."""
    rest = Options()
    rest.update({key: value for key, value in options.items() if key not in keys})
    rest.texts.update(getattr(options, 'texts', {}))
    return rest


def _is_bare(value: Any, text: str) -> bool:
    """Whether a value was written without the brackets or quotes that say what it is."""
    return (
        isinstance(value, int | float | list)
        and not isinstance(value, bool)
        and text.lstrip()[:1] not in ('[', '(', '{')
    )
