"""Configs as Python text, read as data: the text is never run."""

from __future__ import annotations

import ast
from typing import Any

from agmax_mm.moved_names import use_current_names


def read_config_text(text: str, source: str) -> dict[str, Any]:
    """Return the values that a config without bases assigns, by name; types have the names of today.

    Args:
        text: A complete config as mmengine writes it: assignments of literals and of ``dict(...)`` of such.
        source: Where the text is from, for messages.

    Raises:
        ValueError: If the text is not Python, or a value is anything else.
    """
    try:
        statements = ast.parse(text).body
        content = {
            target.id: _value(statement.value)
            for statement in statements
            if isinstance(statement, ast.Assign)
            for target in statement.targets
            if isinstance(target, ast.Name)
        }
    except (SyntaxError, ValueError, RecursionError) as error:
        reason = str(error).partition('\n')[0]
        raise ValueError(f'config {source}: expected assignments of plain values, got {reason}') from None
    use_current_names(content)
    return content


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Call(func=ast.Name(id='dict'), args=[], keywords=keywords):
            return {str(keyword.arg): _value(keyword.value) for keyword in keywords}
        case ast.Dict(keys=keys, values=values):
            return {ast.literal_eval(key or ''): _value(value) for key, value in zip(keys, values, strict=True)}
        case ast.List(elts=items):
            return [_value(item) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_value(item) for item in items)
    return ast.literal_eval(node)
