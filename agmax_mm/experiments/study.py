"""What a study compares, from its file."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mmengine.config import Config

_REQUIRED = {'base', 'arms', 'seeds'}
_OPTIONAL = {'options'}


@dataclass(frozen=True)
class Study:
    """Variants of one recipe and the seeds to train each with.

    Attributes:
        name: The file's name without its ending.
        text: The file's docstring: a title and, below, what is compared.
        base: The config that all arms change.
        options: Dotted config keys and their values, for all arms.
        arms: Name of each arm to the options of its own; the first one is what the others are compared with.
        seeds: Seeds of the runs of each arm.
        data_root: Where the data are; by default where the base says.
    """

    name: str
    text: str
    base: Path
    options: dict[str, Any]
    arms: dict[str, dict[str, Any]]
    seeds: tuple[int, ...]
    data_root: str | None = None

    def part(
        self, *, arms: Sequence[str] | None = None, seeds: Sequence[int] | None = None, data_root: str | None = None
    ) -> Study:
        """The same study with some of its arms, with other seeds, on data that lie elsewhere.

        Raises:
            ValueError: If an arm is unknown, or the seeds repeat.
        """
        unknown = [name for name in arms or () if name not in self.arms]
        if unknown:
            raise ValueError(f'arms: expected some of {", ".join(self.arms)}, got {", ".join(unknown)}')
        return replace(
            self,
            arms={name: own for name, own in self.arms.items() if arms is None or name in arms},
            seeds=self.seeds if seeds is None else _seeds(seeds),
            data_root=data_root,
        )


def read_study(path: Path) -> Study:
    """Read a study's file: Python, as a config is, that assigns ``base``, ``arms``, ``seeds`` and maybe ``options``.

    ``base`` is relative to the file. Names of its own begin with ``_``.

    Raises:
        ValueError: If the file is missing, cannot be read, or says something else.
    """
    if not path.is_file():
        raise ValueError(f'study: expected a file, got {str(path)!r}, which does not exist')
    who = f'study {str(path)!r}'
    try:
        text = ast.get_docstring(ast.parse(path.read_text(encoding='utf-8')))
        assigned = Config.fromfile(path).to_dict()
    except (SyntaxError, TypeError, KeyError, NameError) as error:
        raise ValueError(f'{who}: expected Python that mmengine can read, got {error}') from None
    content = {key: value for key, value in assigned.items() if not key.startswith('_')}
    if not text:
        raise ValueError(f'{who}: expected a docstring that says what is compared, got none')
    if not _REQUIRED <= set(content) <= _REQUIRED | _OPTIONAL:
        raise ValueError(f'{who}: expected base, arms, seeds and maybe options, got {", ".join(content)}')
    arms = content['arms']
    if not isinstance(arms, dict) or not arms or not all(isinstance(own, dict) for own in arms.values()):
        raise ValueError(f'{who}: expected arms to map the name of each to its options, got {arms!r}')
    for name in arms:
        # They become names of files.
        if not re.fullmatch(r'[A-Za-z0-9_-]+', name):
            raise ValueError(f'{who}: expected names of arms of letters, digits, "_" and "-", got {name!r}')
    return Study(
        name=path.stem,
        text=text,
        base=path.parent / content['base'],
        options=content.get('options', {}),
        arms=arms,
        seeds=_seeds(content['seeds']),
    )


def _seeds(seeds: Any) -> tuple[int, ...]:
    if not isinstance(seeds, list | tuple) or not seeds or not all(type(seed) is int and seed >= 0 for seed in seeds):
        raise ValueError(f'seeds: expected a list of integers of at least 0, got {seeds!r}')
    if len(set(seeds)) < len(seeds):
        raise ValueError(f'seeds: expected different ones, got {list(seeds)}')
    return tuple(seeds)
