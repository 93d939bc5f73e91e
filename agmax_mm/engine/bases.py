"""What a config takes from elsewhere: recipes of this package as its bases, and modules that lie beside it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path

from mmengine.config import Config

from agmax_mm.engine.remembered_files import read_once
from agmax_mm.recipe_files import recipes_folder

_PREFIX = 'agmax_mm::'
_host_path = Config._get_cfg_path


def _path_of_base(base: str, filename: str) -> tuple[str, str | None]:
    """Return the file of a base and the scope of its types: none for ours, which are written with their scope."""
    if not base.startswith(_PREFIX):
        package, _, name = base.partition('::')
        spec = importlib.util.find_spec(package) if name and package.isidentifier() else None
        for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
            config = Path(folder, '.mim', 'configs', name)
            # The host finds the same file, but reads the notes on all models of the package first: seconds.
            if config.is_file():
                return str(config), package
        path, scope = _host_path(base, filename)
        return path, scope
    path = recipes_folder() / base.removeprefix(_PREFIX)
    if not path.is_file():
        raise FileNotFoundError(
            f'{base!r} of {filename!r}: expected a recipe of agmax_mm, got no such file as {str(path)!r}'
        )
    return str(path), None


def allow_own_bases() -> None:
    """Let mmengine find the recipes of this package, installed or in a checkout, and read each file once.

    mmengine has a fixed list of the packages whose configs it finds, and reads all types of such a config in the scope
    of the package, where the host's own types are not found.
    """
    Config._get_cfg_path = staticmethod(_path_of_base)
    Config._file2dict = staticmethod(read_once)


def import_from_beside(files: Iterable[Path]) -> None:
    """Let ``custom_imports`` find modules in the folders of a config and its bases.

    The folders come last on Python's path, so that their modules hide no others.
    """
    for file in files:
        folder = str(file.resolve().parent)
        if folder not in sys.path:
            sys.path.append(folder)
