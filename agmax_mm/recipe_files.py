"""Where the recipes lie: in a checkout, or in the installed package."""

from __future__ import annotations

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
