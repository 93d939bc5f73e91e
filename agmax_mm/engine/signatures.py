"""The classes that a config names, and the options that they take."""

from __future__ import annotations

import ast
import functools
import inspect
import re
import textwrap
import typing
from typing import Any

import mmengine.registry as host
from mmengine.registry import Registry

from agmax_mm.registry import BATCH_AUGMENTS


@functools.cache
def parameters_of(built: Any) -> tuple[dict[str, inspect.Parameter], bool]:
    """The options of a class or function, with their annotations; and whether it takes any other."""
    found: dict[str, inspect.Parameter] = {}
    takes_any = False
    kinds = [kind for kind in built.__mro__ if '__init__' in vars(kind)] if inspect.isclass(built) else [built]
    for kind in kinds:
        function = vars(kind)['__init__'] if inspect.isclass(built) else kind
        if kind is object:
            break
        try:
            parameters = inspect.signature(function).parameters
            hints = _hints(function)
        except (TypeError, ValueError):
            return found, True
        others = None
        for name, parameter in parameters.items():
            if parameter.kind is parameter.VAR_KEYWORD:
                others = name
            elif name != 'self' and parameter.kind is not parameter.VAR_POSITIONAL:
                found.setdefault(name, parameter.replace(annotation=hints.get(name, parameter.empty)))
        passed = others is not None and _passed_up(function, others)
        if passed is False:
            for name in _looked_up(function, others or ''):
                found.setdefault(name, inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY))
            return found, takes_any
        takes_any |= passed is None
    # Options that go on to something else than the bases.
    return found, takes_any or not (inspect.isclass(built) and kinds and kinds[-1] is object)


def _passed_up(function: Any, others: str) -> bool | None:
    """What a constructor does with its other options: True if it hands them on to a base, False if it drops them.

    None where it does something else with them, or its text is not there.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None
    uses = sum(isinstance(node, ast.Name) and node.id == others for node in ast.walk(tree))
    handed = [
        keyword
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == '__init__'
        for keyword in call.keywords
        if keyword.arg is None and isinstance(keyword.value, ast.Name) and keyword.value.id == others
    ]
    lookups = _lookups(tree, others)
    if uses == lookups:  # what is not looked up is dropped
        return False
    return True if handed and uses - len(handed) <= lookups else None


def _lookups(tree: ast.AST, name: str) -> int:
    """Number of places that look up single values of a dictionary."""
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in ('get', 'pop')]
    return sum(isinstance(node.value, ast.Name) and node.value.id == name for node in attributes)


def _looked_up(function: Any, others: str) -> list[str]:
    """The names of options that a constructor looks up among its other ones."""
    try:
        return (
            re.findall(rf"\b{others}\.(?:get|pop)\(\s*['\"](\w+)['\"]", inspect.getsource(function)) if others else []
        )
    except (OSError, TypeError):
        return []


def _hints(function: Any) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except Exception:  # names that only type checkers import
        return {}


@functools.cache
def _registries() -> list[Registry]:
    names = [name for name in dir(host) if isinstance(getattr(host, name), Registry)]
    return [BATCH_AUGMENTS, *(getattr(host, name) for name in names)]


def find_type(kind: str, registry: Registry | None) -> tuple[Any, set[str]]:
    """The class or function of a type, looked up as the host does and then everywhere, and the names beside it."""
    names: set[str] = set()
    first: list[Registry] = [] if registry is None else [registry]
    for candidate in [*first, *_registries()]:
        with candidate.switch_scope_and_registry(None) as current:
            assert current is not None
            found = current.get(kind)
            if found is not None:
                return found, names
            if first and candidate is first[0]:
                names = (
                    set(current.module_dict)
                    | set(candidate.module_dict)
                    | {f'agmax_mm.{name}' for name in _own_names(candidate)}
                )
    return None, names


def _own_names(registry: Registry) -> set[str]:
    child = registry.children.get('agmax_mm', registry)
    return set(child.module_dict)
