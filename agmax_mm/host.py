"""The host: what this package asks of its objects, and imports that it makes too early."""

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
from typing import Any

import torch.distributed as dist
from mmengine.logging import MessageHub
from mmengine.model import is_model_wrapper
from torch import nn

# A part for detectors alone, for which mmpretrain imports all of mmdet, and with it scikit-learn, scipy and matplotlib.
_FOR_DETECTORS = 'mmpretrain.models.utils.res_layer_extra_norm'


def unwrap(model: nn.Module) -> nn.Module:
    """Return the module inside a data-parallel wrapper, or ``model`` itself."""
    inner: nn.Module = model.module if is_model_wrapper(model) else model  # type: ignore[assignment]
    return inner


def global_group() -> dist.ProcessGroup | None:
    """Return the group of all processes, or ``None`` where there is one process."""
    if dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1:
        return dist.group.WORLD
    return None


def step_name() -> str:
    """Name the step for a message: ``'step 12'`` in training (the first is 1), ``'this step'`` outside of it."""
    information = MessageHub.get_current_instance().runtime_info
    return f'step {information["iter"] + 1}' if 'iter' in information else 'this step'


def sample_name(sample: Any) -> str:
    """Name a data sample for a message: its file, its place in the data set, or ``'an unnamed sample'``."""
    if sample.get('img_path'):
        return repr(str(sample.get('img_path')))
    index = sample.get('sample_idx')
    return 'an unnamed sample' if index is None else f'sample {index} of the data set'


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
def quick_imports() -> Iterator[None]:
    """Import the host without its part for detectors, and what is imported for good.

    For a command, which ends with its process: nothing that is there at the end of the block is ever freed.
    """
    if _FOR_DETECTORS not in sys.modules:
        # As mmpretrain has it where mmdet is not installed.
        without = ModuleType(_FOR_DETECTORS)
        without.ResLayerExtraNorm = None  # type: ignore[attr-defined]
        sys.modules[_FOR_DETECTORS] = without
    yield
    # Modules stay: collections, of which each data set begins with one, need not go through half a million objects.
    gc.freeze()


def import_left_out() -> None:
    """Import what :func:`quick_imports` left out."""
    if getattr(sys.modules.get(_FOR_DETECTORS), '__spec__', None) is None:
        sys.modules.pop(_FOR_DETECTORS, None)
        importlib.import_module(_FOR_DETECTORS)
