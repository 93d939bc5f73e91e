"""Addresses in a config: ``a.b.c``, where a part of a list is named by its type and not by its place."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

from mmengine.config import Config


def parts_of_type(node: Any, name: str) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """All parts of a type below a node, each with its path from there.

    Args:
        node: Part of a config.
        name: The type without its scope: ``'CutMix'`` finds ``type='agmax_mm.CutMix'``, ``'ColorJitter'`` also
            ``type='torchvision/ColorJitter'``.
    """
    for path, part in typed_parts(node):
        if bare_type(part) == name:
            yield path, part


def typed_parts(node: Any) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """All dictionaries with a ``type`` below a node, each with its path from there; outer ones first."""
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(node, dict):
        items = node.items()
    elif isinstance(node, list | tuple):
        items = enumerate(node)
    for key, value in list(items):
        if isinstance(value, dict) and 'type' in value:
            yield (key,), value
        for path, part in typed_parts(value):
            yield (key, *path), part


def bare_type(part: dict[str, Any]) -> str:
    """The type of a part without its scope."""
    kind = part.get('type')
    name = kind if isinstance(kind, str) else getattr(kind, '__name__', '')
    return name.rpartition('.')[2].rpartition('/')[2]


def resolve_address(config: Config, address: str) -> str:
    """The address by keys and places of one that may name parts of lists by their type.

    ``data_preprocessor.batch_augments.CutMix.alpha`` becomes ``data_preprocessor.batch_augments.augments.0.alpha``. The
    part may lie at any depth below the key before its name, as a transform in ``TwoView`` does.

    Args:
        config: The config.
        address: Dotted keys, the first of which is in the config or will be.

    Raises:
        ValueError: If a key does not exist, or several parts are of the type.
    """
    first, *rest = address.split('.')
    found: list[str | int] = [first]
    node: Any = config.get(first)
    for depth, key in enumerate(rest):
        if isinstance(node, list | tuple) and key.isdigit():
            if int(key) >= len(node):
                raise ValueError(f'--cfg-options {address}: expected an index below {len(node)}, got {key!r}')
            path: tuple[str | int, ...] = (int(key),)
        elif isinstance(node, dict) and key in node:
            path = (key,)
        elif isinstance(node, dict | list | tuple):
            path = _path_to_type(node, key, address, last=depth + 1 == len(rest))
        else:
            path = (key,)
        found += path
        for step in path:
            node = _child(node, step)
    return '.'.join(map(str, found))


def value_at(config: Config, address: str) -> Any:
    """The value at an address by keys and places, or None."""
    node: Any = config
    for key in address.split('.'):
        node = _child(node, int(key) if isinstance(node, list | tuple) and key.isdigit() else key)
    return node


def _child(node: Any, key: str | int) -> Any:
    if isinstance(node, dict | Config):
        return node.get(key)
    return node[key] if isinstance(node, list | tuple) and isinstance(key, int) else None


def _path_to_type(node: Any, name: str, address: str, *, last: bool) -> tuple[str | int, ...]:
    """The path to the one part of a type below a node, or to a new key of a dictionary."""
    paths = [path for path, _ in parts_of_type(node, name)]
    if len(paths) == 1:
        return paths[0]
    if paths:
        places = ', '.join('.'.join(map(str, path)) for path in paths)
        raise ValueError(f'--cfg-options {address}: expected one part of type {name!r}, got several: {places}')
    # A new key at the end may be an argument left at its default; in the middle it is a slip.
    if isinstance(node, dict) and (last or not node):
        return (name,)
    if isinstance(node, list | tuple) and not any(True for _ in typed_parts(node)):
        raise ValueError(f'--cfg-options {address}: expected an index below {len(node)}, got {name!r}')
    known = {bare_type(part) for _, part in typed_parts(node)} | (set(node) if isinstance(node, dict) else set())
    raise ValueError(f'--cfg-options {address}: {unknown_key(name, known)}')


def unknown_key(key: str, known: set[str]) -> str:
    """A message about an unknown key, with the nearest known one."""
    nearest = difflib.get_close_matches(key, sorted(known), n=1, cutoff=0.0)
    return f'unknown key {key!r}, the nearest known one is {nearest[0]!r}' if nearest else f'unknown key {key!r}'
