"""Options of suites as they are typed: ``fgsm.pixel_eps=[2,8]``."""

from __future__ import annotations

import dataclasses
import difflib
import typing
from collections.abc import Mapping
from types import ModuleType
from typing import Any


def parse_suite_options(suites: Mapping[str, ModuleType], options: Mapping[str, Any]) -> dict[str, Any]:
    """The ``Options`` of each suite.

    Args:
        suites: The suites that will run, by name.
        options: Values by ``suite.option``.

    Returns:
        One ``Options`` for each suite, with defaults for what is not given.

    Raises:
        ValueError: If a suite or an option is unknown, or a value is wrong.
    """
    given: dict[str, dict[str, Any]] = {name: {} for name in suites}
    for key, value in options.items():
        suite, _, name = key.partition('.')
        if suite not in suites:
            raise ValueError(
                f'--options {key}: expected one of the suites that run ({", ".join(suites)}) and an option, such as '
                f'{next(iter(suites))}.{_names(next(iter(suites.values())))[0]}'
            )
        names = _names(suites[suite])
        if name not in names:
            nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.0)[0]
            raise ValueError(f'--options {key}: expected one of {", ".join(names)}, the nearest is {nearest}')
        given[suite][name] = value
    return {name: _built(name, suite, given[name]) for name, suite in suites.items()}


def _names(suite: ModuleType) -> list[str]:
    return [field.name for field in dataclasses.fields(suite.Options)]


def _built(name: str, suite: ModuleType, values: Mapping[str, Any]) -> Any:
    types = typing.get_type_hints(suite.Options)
    fitted = {key: _fitted(f'{name}.{key}', value, types[key]) for key, value in values.items()}
    try:
        return suite.Options(**fitted)
    except ValueError as error:
        raise ValueError(f'--options {name}.{error}') from None


def _fitted(key: str, value: Any, kind: Any) -> Any:
    """The value as its type wants it; a single one where a list is wanted is a list of one."""
    if typing.get_origin(kind) is tuple:
        entries = value if isinstance(value, list | tuple) else [value]
        return tuple(_fitted(key, entry, typing.get_args(kind)[0]) for entry in entries)
    kinds = typing.get_args(kind) or (kind,)
    if typing.get_origin(kind) not in (None, typing.Union, type(int | None)):
        kinds = (dict,)  # a mapping of names to folders
    accepted = any(
        isinstance(value, one if one is not float else (int, float))
        and not (isinstance(value, bool) and one is not bool)
        for one in kinds
    )
    if not accepted:
        words = ' or '.join('None' if one is type(None) else one.__name__ for one in kinds)
        raise ValueError(f'--options {key}: expected {words}, got {value!r}')
    return value
