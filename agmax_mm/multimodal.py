"""The host without its multimodal models where transformers is too new for them, which would not let it be imported.

``import agmax_mm`` puts the hook in place. It costs nothing until the host is asked for, so this file imports the
standard library alone.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

# The first version without the names that mmpretrain 1.3 takes from it.
TOO_NEW = 5
# Where mmpretrain looks whether it has what multimodal models need.
_ASKING = ('mmpretrain.datasets', 'mmpretrain.models')


class MultimodalFinder:
    """Finds nothing; before the models of the host are imported it tells it to leave out what cannot be."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Set ``WITH_MULTIMODAL`` of the host to False if transformers is too new."""
        if fullname in _ASKING and transformers_too_new():
            vars(importlib.import_module('mmpretrain.utils.dependency'))['WITH_MULTIMODAL'] = False
        return None


def transformers_too_new() -> bool:
    """Whether a version of transformers is installed that the host cannot be imported beside."""
    try:
        version = importlib.metadata.version('transformers')
    except importlib.metadata.PackageNotFoundError:
        return False
    return int(version.partition('.')[0]) >= TOO_NEW


def install() -> None:
    """Put the finder in front of ``sys.meta_path``, once."""
    if not any(isinstance(finder, MultimodalFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, MultimodalFinder())  # type: ignore[arg-type]
