"""Config files as text: which names a file assigns, and which files it builds on."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ConfigFile:
    """A config file, parsed and not run.

    Attributes:
        path: The file.
        values: The expressions that it assigns at its top level, by name, without ``_base_``.
        used: Names that it reads.
        bases: The entries of its ``_base_``, as written.
    """

    path: Path
    values: dict[str, ast.expr]
    used: frozenset[str]
    bases: tuple[str, ...]

    @property
    def local_bases(self) -> list[Path]:
        """The bases that are files beside this one; others are the host's, or missing, which the host reports."""
        return [path for base in self.bases if '::' not in base and (path := self.path.parent / base).is_file()]


def parse_config_file(path: Path) -> ConfigFile:
    """Parse a config file. One that is not of Python, such as a JSON file, assigns nothing here.

    Raises:
        ValueError: If the file is no Python.
    """
    try:
        tree = ast.parse(path.read_text(encoding='utf-8') if path.suffix == '.py' else '')
    except SyntaxError as error:
        raise ValueError(f'config {str(path)!r}, line {error.lineno}: expected Python, got {error.msg}') from None
    values = {
        target.id: statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    bases = ast.literal_eval(values.pop('_base_')) if '_base_' in values else ()
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return ConfigFile(path, values, frozenset(used), (bases,) if isinstance(bases, str) else tuple(bases))


def assigned_names(path: Path) -> Iterator[tuple[Path, str]]:
    """The names that a config file and its local bases assign; the host's configs may use what names they like.

    Raises:
        ValueError: If a file is no Python.
    """
    file = parse_config_file(path)
    for base in file.local_bases:
        yield from assigned_names(base)
    for name in file.values:
        yield path, name
