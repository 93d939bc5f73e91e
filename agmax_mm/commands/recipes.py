"""List the recipes, or show one whole: every value, and the file that it comes from.

PATTERN is a part of a name, or has the wildcards of a shell. `show CONFIG` prints the complete config on one page, as a
run would have it.
"""

from __future__ import annotations

import argparse
import ast
import os
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from agmax_mm.commands.arguments import add_config_options, given_options

EXAMPLE = """example:
  agmax-mm recipes 'agmax/resnet50*'
  agmax-mm recipes show agmax/resnet50_cutmix_aa_270e
  agmax-mm recipes show baseline/wrn40-2_standard_200e_cifar10 --cfg-options model.agreement=mi
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('what', nargs='*', metavar='PATTERN', help='recipes to list (default: all), or: show CONFIG')
    add_config_options(parser)


def main(args: argparse.Namespace) -> None:
    """Print the list, or the page."""
    if args.what[:1] == ['show']:
        if len(args.what) != 2:
            raise ValueError(f'recipes show: expected one config, got {len(args.what) - 1}')
        print(_page(args.what[1], given_options(args)))
        return
    if args.cfg_options:
        raise ValueError('--cfg-options: expected `show CONFIG` beside them, got none')
    from agmax_mm.recipe_files import recipe_names

    known = recipe_names()
    patterns = args.what or ['*']
    found = {name: file for name, file in known.items() if any(_matches(name, pattern) for pattern in patterns)}
    if not found:
        raise ValueError(f'recipes: expected a pattern that matches one of {len(known)}, got {" ".join(patterns)}')
    width = max(map(len, found))
    for name, file in found.items():
        print(f'{name:<{width}}  {_title(file)}')
    print(f'{len(found)} of {len(known)} recipes')


def _matches(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) if set(pattern) & set('*?[') else pattern in name


def _title(file: Path) -> str:
    """The first line of a recipe's docstring."""
    return (ast.get_docstring(ast.parse(file.read_text(encoding='utf-8'))) or '').partition('\n')[0]


def _page(config: str, options: dict[str, Any]) -> str:
    """A config's docstring, and one line for each value: key, value, where it comes from."""
    from agmax_mm.host_imports import quick_imports

    with quick_imports():
        from agmax_mm.engine.provenance import config_origins
    from agmax_mm.recipe_files import config_path, recipes_folder

    path = config_path(config)
    origins = config_origins(path, options)
    sources = {origin.source for origin in origins.values()}
    shown = {source: _short(source, recipes_folder()) for source in sources}
    texts = {key: repr(origin.value) for key, origin in origins.items()}
    width = max(map(len, origins))
    room = min(60, max(map(len, texts.values())))
    rows = []
    top = ''
    for key, origin in origins.items():
        if key.partition('.')[0] != top:
            top = key.partition('.')[0]
            rows.append('')
        rows.append(f'{key:<{width}}  {texts[key]:<{room}}  {shown[origin.source]}')
    text = ast.get_docstring(ast.parse(Path(path).read_text(encoding='utf-8'))) or ''
    return '\n'.join([path, '', text, *rows])


def _short(source: str, recipes: Path) -> str:
    """A source as people know it: below the recipes' folder, below a library's, or as it is."""
    path = Path(os.path.abspath(source))
    if path.is_relative_to(recipes):
        return path.relative_to(recipes).as_posix()
    if '.mim' in path.parts:
        place = path.parts.index('.mim')
        return f'{path.parts[place - 1]}::{"/".join(path.parts[place + 2 :])}'
    return source
