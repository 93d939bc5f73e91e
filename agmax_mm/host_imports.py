"""Imports of the host: quick, quiet, and without what nobody asked for. Nothing here imports it by itself."""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

# A part for detectors alone, for which mmpretrain imports all of mmdet, and with it scikit-learn, scipy and matplotlib.
_FOR_DETECTORS = 'mmpretrain.models.utils.res_layer_extra_norm'


@contextmanager
def without_notices() -> Iterator[None]:
    """Import a package of the host without what it says about a data format and a metric that are not installed.

    It would come before what a command prints, such as its line of JSON.
    """
    with contextlib.redirect_stdout(io.StringIO()) as printed, warnings.catch_warnings():
        warnings.filterwarnings('ignore', message='faster_coco_eval is not installed')
        yield
    lines = printed.getvalue().splitlines(keepends=True)
    print(*(line for line in lines if not line.startswith('Could not import OneDL')), sep='', end='')


@contextmanager
def without_collections() -> Iterator[None]:
    """Import without garbage collections: imports make objects that stay, which collections would go through again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def quick_imports() -> Iterator[None]:
    """Import the host without its part for detectors, and what is imported for good.

    For a command, which ends with its process: nothing that is there at the end of the block is ever freed.
    """
    if _FOR_DETECTORS not in sys.modules:
        # As mmpretrain has it where mmdet is not installed.
        without = ModuleType(_FOR_DETECTORS)
        without.ResLayerExtraNorm = None  # type: ignore[attr-defined]
        sys.modules[_FOR_DETECTORS] = without
    with without_collections():
        yield
    # Modules stay: collections, of which each data set begins with one, need not go through half a million objects.
    gc.freeze()


def import_left_out() -> None:
    """Import what :func:`quick_imports` left out."""
    if getattr(sys.modules.get(_FOR_DETECTORS), '__spec__', None) is None:
        sys.modules.pop(_FOR_DETECTORS, None)
        with without_collections():
            importlib.import_module(_FOR_DETECTORS)
