"""Run mmcv's operators on the stand-ins or on mmcv's own compiled functions, whichever a test wants."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from contextlib import contextmanager
from importlib.machinery import PathFinder
from typing import Any

import mmcv
import mmcv.ops

from agmax_mm.operators.extension import FUNCTIONS


class Functions:
    """A module of functions, as ``mmcv.ops`` sees ``mmcv._ext``."""

    def __init__(self, functions: Mapping[str, Any]) -> None:
        vars(self).update(functions)


def compiled_functions():
    """The compiled ``mmcv._ext``, or None where mmcv was installed without it."""
    spec = PathFinder.find_spec('mmcv._ext', mmcv.__path__)
    if spec is None or spec.loader is None:
        return None
    module = sys.modules.get('mmcv._ext')
    if module is None or module.__spec__ is None or module.__spec__.origin != spec.origin:
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


STAND_INS = Functions(FUNCTIONS)
COMPILED = compiled_functions()


@contextmanager
def operators(functions):
    """Let ``mmcv.ops`` call these functions inside of the block."""
    modules = [
        sys.modules[f'mmcv.ops.{name}']
        for name in ('nms', 'roi_align', 'roi_pool', 'deform_conv', 'modulated_deform_conv', 'focal_loss')
    ]
    before = [module.ext_module for module in modules]
    for module in modules:
        module.ext_module = functions
    try:
        yield
    finally:
        for module, functions_before in zip(modules, before, strict=True):
            module.ext_module = functions_before
