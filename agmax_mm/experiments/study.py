"""A study and its arms, from its file."""

from __future__ import annotations

import ast
import fnmatch
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mmengine.config import Config

from agmax_mm.recipe_files import config_path

_REQUIRED = {'base', 'seeds'}
_OPTIONAL = {'options', 'arms', 'grid', 'references', 'transfers', 'metrics'}


@dataclass(frozen=True)
class Study:
    """Variants of one recipe and the seeds to train each with.

    Attributes:
        name: The file's name without its ending.
        text: The file's docstring: a title and, below, what is compared.
        base: The config that all arms change.
        options: Dotted config keys and their values, for all arms.
        arms: Name of each arm to the options of its own.
        references: Name of an arm to the one that it is compared with. Arms without one are references themselves.
        seeds: Seeds of the runs of each arm.
        transfers: Name of each fine-tuning to what it takes, see :mod:`agmax_mm.experiments.study_transfers`.
        metrics: Names of what is reported: the differences are of the first one, the others have a table of their own.
            By default the runs' first metric alone.
        data_root: Where the data are; by default where the base says.
    """

    name: str
    text: str
    base: Path
    options: dict[str, Any]
    arms: dict[str, dict[str, Any]]
    references: dict[str, str]
    seeds: tuple[int, ...]
    transfers: dict[str, dict[str, Any]] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    data_root: str | None = None

    def part(
        self, *, arms: Sequence[str] | None = None, seeds: Sequence[int] | None = None, data_root: str | None = None
    ) -> Study:
        """The same study with some of its arms, with other seeds, on data that lie elsewhere.

        Args:
            arms: Names of arms, or patterns such as ``'cutmix-*'``.
            seeds: Seeds in place of the study's.
            data_root: Where the data are.

        Raises:
            ValueError: If an arm is unknown, or the seeds repeat.
        """
        unknown = [name for name in arms or () if not fnmatch.filter(self.arms, name)]
        if unknown:
            raise ValueError(f'arms: expected some of {", ".join(self.arms)}, got {", ".join(unknown)}')
        kept = {
            arm: own
            for arm, own in self.arms.items()
            if arms is None or any(fnmatch.fnmatchcase(arm, name) for name in arms)
        }
        return replace(
            self,
            arms=kept,
            references={arm: other for arm, other in self.references.items() if arm in kept and other in kept},
            seeds=self.seeds if seeds is None else _seeds(seeds),
            data_root=data_root,
        )


def read_study(path: Path) -> Study:
    """Read a study's file: Python, as a config is.

    It assigns ``base``, ``seeds``, and either ``arms`` or ``grid``. ``base`` is a path relative to the file, or the
    name of a recipe. A grid maps names of factors to their levels, and those to options. Its arms are all combinations,
    and each is compared with the one that has the first level of the last factor and is otherwise the same. Arms are
    compared with the first one. ``references``, names of arms to names of arms, says otherwise. ``options`` are for all
    arms; ``transfers`` are fine-tunings of all runs, and their ``config`` is named as ``base`` is; ``metrics`` are what
    is reported. Names of the file's own begin with ``_``.

    Raises:
        ValueError: If the file is missing, cannot be read, or says something else.
    """
    if not path.is_file():
        raise ValueError(f'study: expected a file, got {str(path)!r}, which does not exist')
    who = f'study {str(path)!r}'
    try:
        text = ast.get_docstring(ast.parse(path.read_text(encoding='utf-8')))
        assigned = Config.fromfile(path).to_dict()
    except Exception as error:  # whatever its own lines raise
        raise ValueError(f'{who}: expected Python that mmengine can read, got {" ".join(str(error).split())}') from None
    content = {key: value for key, value in assigned.items() if not key.startswith('_')}
    if not text:
        raise ValueError(f'{who}: expected a docstring that says what is compared, got none')
    if not _REQUIRED <= set(content) <= _REQUIRED | _OPTIONAL or ('arms' in content) == ('grid' in content):
        raise ValueError(
            f'{who}: expected base, seeds, arms or a grid, and maybe options, references, transfers and metrics, '
            f'got {", ".join(content)}'
        )
    if not isinstance(content['base'], str):
        raise ValueError(f'{who}: expected base to be the path of a config, got {content["base"]!r}')
    if not isinstance(content.get('options', {}), dict):
        raise ValueError(f'{who}: expected options to map keys of the config to values, got {content["options"]!r}')
    if 'grid' in content:
        arms, references = _expand(content['grid'], who)
    else:
        arms = _options_by_name(content['arms'], f'{who}: arms')
        first, *others = arms
        references = dict.fromkeys(others, first)
    return Study(
        name=path.stem,
        text=text,
        base=Path(_config(content['base'], path.parent, f'{who}: base')),
        options=content.get('options', {}),
        arms=arms,
        references=_references(content['references'], arms, who) if 'references' in content else references,
        seeds=_seeds(content['seeds']),
        transfers=_transfers(content['transfers'], path.parent, who) if content.get('transfers') else {},
        metrics=_metrics(content.get('metrics', []), who),
    )


def _transfers(given: Any, folder: Path, who: str) -> dict[str, dict[str, Any]]:
    transfers = _options_by_name(given, f'{who}: transfers')
    for name, options in transfers.items():
        if isinstance(options.get('config'), str):
            options['config'] = _config(options['config'], folder, f'{who}: transfers.{name}')
        _metrics(options.get('metrics', []), f'{who}: transfers.{name}')
    return transfers


def _config(given: str, folder: Path, who: str) -> str:
    """The file that is meant: one beside the study, or a recipe by its name."""
    beside = folder / given
    if beside.is_file():
        return str(beside)
    try:
        return config_path(given)
    except ValueError as error:
        raise ValueError(f'{who}: {error}') from error


def _expand(grid: Any, who: str) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """The arms of a grid, and what each is compared with."""
    if not isinstance(grid, Mapping) or not grid:
        raise ValueError(f'{who}: expected grid to map names of factors to their levels, got {grid!r}')
    factors = [_options_by_name(levels, f'{who}: grid.{name}') for name, levels in grid.items()]
    arms, references = {}, {}
    for levels in itertools.product(*factors):
        options: dict[str, Any] = {}
        for factor, level in zip(factors, levels, strict=True):
            twice = sorted(options.keys() & factor[level].keys())
            if twice:
                raise ValueError(f'{who}: expected each option in one factor of the grid, got {twice[0]} in two')
            options |= factor[level]
        arms['-'.join(levels)] = options
        reference = '-'.join([*levels[:-1], next(iter(factors[-1]))])
        if reference != '-'.join(levels):
            references['-'.join(levels)] = reference
    return arms, references


def _options_by_name(value: Any, who: str) -> dict[str, dict[str, Any]]:
    if not isinstance(value, dict) or not value or not all(isinstance(own, dict) for own in value.values()):
        raise ValueError(f'{who}: expected to map each name to its options, got {value!r}')
    for name in value:
        # They become names of files.
        if not isinstance(name, str) or not re.fullmatch(r'[A-Za-z0-9_-]+', name):
            raise ValueError(f'{who}: expected names of letters, digits, "_" and "-", got {name!r}')
    return value


def _references(value: Any, arms: Mapping[str, Any], who: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value.values()):
        raise ValueError(f'{who}: expected references to map names of arms to names of arms, got {value!r}')
    for pair in value.items():
        if pair[0] == pair[1] or not set(pair) <= set(arms):
            raise ValueError(f'{who}: expected references between two of {", ".join(arms)}, got {pair[0]}: {pair[1]}')
    return value


def _metrics(value: Any, who: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value) or len(set(value)) < len(value):
        raise ValueError(f'{who}: expected metrics to be a list of different names, got {value!r}')
    return tuple(value)


def _seeds(seeds: Any) -> tuple[int, ...]:
    if not isinstance(seeds, list | tuple) or not seeds or not all(type(seed) is int and seed >= 0 for seed in seeds):
        raise ValueError(f'seeds: expected a list of integers of at least 0, got {seeds!r}')
    if len(set(seeds)) < len(seeds):
        raise ValueError(f'seeds: expected different ones, got {list(seeds)}')
    return tuple(seeds)
