"""The import hook that answers ``import mmcv._ext`` where mmcv has no compiled operators.

``import agmax_mm`` puts it in place, and so does ``agmax_mm.pth`` of an installed wheel, for scripts that import the
host alone. It costs nothing until the module is asked for, so this file imports the standard library alone.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

EXTENSION = 'mmcv._ext'
# Modules of the host that put a function which only raises in the place of an operator, if mmcv.ops did not import.
_GUARDED = {
    'mmdet.evaluation.metrics.dump_odvg_results': 'batched_nms',
    'mmdet.structures.mask.structures': 'roi_align',
    'mmdet.utils.large_image': 'batched_nms',
}


class StandInLoader:
    """Fills the module ``mmcv._ext`` with the stand-ins.

    It has the methods of ``importlib.abc.Loader``, whose import would take longer than everything else here.
    """

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave it to Python to make the empty module."""

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its functions; any other name gets a function that says what to do when it is called."""
        extension = importlib.import_module('agmax_mm.operators.extension')
        vars(module).update(extension.FUNCTIONS)
        vars(module)['__getattr__'] = extension.missing
        for name, attribute in _GUARDED.items():
            early = sys.modules.get(name)
            if early is not None and getattr(vars(early).get(attribute), '__module__', None) == name:
                setattr(early, attribute, _deferred(attribute))


class StandInFinder:
    """Finds ``mmcv._ext``. It stands last in ``sys.meta_path``, so that a compiled module is found before it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the specification of the module of stand-ins, or None for every other name."""
        if fullname != EXTENSION:
            return None
        # mypy asks for the class whose import is avoided above.
        return ModuleSpec(fullname, StandInLoader(), origin='agmax_mm.operators')  # type: ignore[arg-type]


def _deferred(name: str) -> Callable[..., Any]:
    """Return a function that calls the operator ``mmcv.ops.<name>``, which is not there yet."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return getattr(importlib.import_module('mmcv.ops'), name)(*args, **kwargs)

    return call


def install() -> None:
    """Put the finder into ``sys.meta_path``, once."""
    if not any(isinstance(finder, StandInFinder) for finder in sys.meta_path):
        sys.meta_path.append(StandInFinder())
