"""Folder of the recipes, in a checkout or in the installed package."""

from __future__ import annotations

import difflib
import glob
from pathlib import Path, PurePath

_PACKAGE = Path(__file__).parent


def recipes_folder() -> Path:
    """The folder of the recipes: ``agmax_mm/.mim/configs`` of an installed package, ``configs`` of a checkout.

    Raises:
        ValueError: If there is neither.
    """
    installed = _PACKAGE / '.mim' / 'configs'
    if installed.is_dir():
        return installed
    root = _PACKAGE.parent
    # Some other package may have left a folder of this name beside an installed one.
    if (root / 'setup.py').is_file() and (root / 'configs').is_dir():
        return root / 'configs'
    raise ValueError(
        f'recipes: expected them in {str(installed)!r} or in configs/ of a checkout, got neither; install agmax_mm anew'
    )


def find_recipes(name: str) -> list[Path]:
    """The recipes with a file name such as ``'resnet50_cutmix_aa_270e.py'``, in any family, in order of their paths."""
    if PurePath(name).name != name or not name.endswith('.py'):
        return []
    return sorted(recipes_folder().glob(f'[!_]*/{glob.escape(name)}'))


def config_path(config: str) -> str:
    """The file that a command's CONFIG means: a path, or the name of a recipe.

    Args:
        config: Path of a config, or a recipe such as ``'agmax/resnet50_cutmix_aa_270e'``, with or without ``.py``. The
            family may be left out where one family alone has the name.

    Raises:
        ValueError: If there is neither such a file nor such a recipe, or several families have the recipe.
    """
    if Path(config).is_file():
        return config
    if config.startswith(('/', '.', '~')):
        raise ValueError(f'config: expected a file, got {config!r}, which does not exist')
    known = recipe_names()
    name = config.removesuffix('.py')
    name = name.removeprefix('configs/')
    matching = [known[name]] if name in known else [path for path in known.values() if path.stem == name]
    if len(matching) == 1:
        return str(matching[0])
    if matching:
        families = ', '.join(f'{path.parent.name}/{name}' for path in matching)
        raise ValueError(f'config: expected the family of the recipe, too, one of {families}, got {config!r}')
    nearest = difflib.get_close_matches(name, [*known, *(path.stem for path in known.values())], n=1, cutoff=0.0)
    raise ValueError(
        f'config: expected a file or the name of a recipe, got {config!r}; the nearest recipe is {nearest[0]!r}, '
        '`agmax-mm recipes` lists all'
    )


def recipe_names() -> dict[str, Path]:
    """Name of every recipe, such as ``'agmax/resnet50_cutmix_aa_270e'``, to its file, in order."""
    folder = recipes_folder()
    files = sorted(folder.glob('[!_]*/*.py'))
    return {file.relative_to(folder).with_suffix('').as_posix(): file for file in files}
