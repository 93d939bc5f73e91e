"""Whether a run had its recipe's settings, by the config that the host leaves beside its record."""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agmax_mm.results.runs import Run

_CONFIGS = Path(__file__).parents[2] / 'configs'
# What scores depend on, ...
_SETTINGS = (
    'model',
    'data_preprocessor',
    'train_dataloader',
    'val_dataloader',
    'optim_wrapper',
    'param_scheduler',
    'train_cfg',
    'total_batch_size',
)
# ... but for where the data is, and what follows from the machine: a process's share of the batch is one such thing.
_PLACES = {'data_root', 'ann_file', 'batch_size', 'num_workers', 'persistent_workers', 'pin_memory', 'prefetch_factor'}


def other_options(run: Run) -> list[str] | None:
    """The settings of a run that are not those of its recipe in ``configs/``, as dotted keys.

    The run's config is read without running it.

    Returns:
        None where it cannot be told: there is no config beside the record, or no such recipe with the same figures.
    """
    name = run.record['config']
    path = None if run.folder is None else run.folder / name
    recipes = sorted(_CONFIGS.glob(f'*/{name}')) if path is not None and path.is_file() else []
    if path is None or not recipes:
        return None
    from agmax_mm.engine.config import load_config, prepare_config

    try:
        found = _flat(_read(path))
    except ValueError:
        return None
    for file in recipes:
        recipe = load_config(str(file))
        # Of what the number of processes changes nothing is looked at.
        prepare_config(recipe, world_size=1)
        expected = recipe.to_dict()
        if json.dumps(expected.get('paper'), sort_keys=True) == json.dumps(run.record.get('paper'), sort_keys=True):
            settings = _flat(expected)
            # A value that is missing equals none, not even None.
            keys = sorted(found.keys() | settings.keys())
            return [key for key in keys if found.get(key, math.nan) != settings.get(key, math.nan)]
    return None


def _read(path: Path) -> dict[str, Any]:
    """What a config without bases assigns.

    Raises:
        ValueError: If a value is neither a literal nor a ``dict(...)`` of such.
    """
    try:
        statements = ast.parse(path.read_text(encoding='utf-8')).body
    except SyntaxError as error:
        raise ValueError(f'config {str(path)!r}: expected Python, got {error.msg}') from None
    return {
        target.id: _value(statement.value)
        for statement in statements
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Call(func=ast.Name(id='dict'), args=[], keywords=keywords):
            return {str(keyword.arg): _value(keyword.value) for keyword in keywords}
        case ast.Dict(keys=keys, values=values):
            return {ast.literal_eval(key or ''): _value(value) for key, value in zip(keys, values, strict=True)}
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item) for item in items]
    return ast.literal_eval(node)


def _flat(config: Mapping[str, Any]) -> dict[str, Any]:
    """What scores depend on, by dotted key."""
    flat: dict[str, Any] = {}

    def add(key: str, value: Any) -> None:
        listed = isinstance(value, list | tuple)
        items = list(enumerate(value) if listed else value.items() if isinstance(value, Mapping) else ())
        if not items:
            flat[key] = list(value) if listed else value
        for name, item in items:
            if name not in _PLACES:
                add(f'{key}.{name}', item)

    for key in _SETTINGS:
        if key in config:
            add(key, config[key])
    return flat
