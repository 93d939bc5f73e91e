"""The host: what this package asks of its objects."""

from __future__ import annotations

from typing import Any

import torch.distributed as dist
from mmengine.logging import MessageHub
from mmengine.model import is_model_wrapper
from torch import nn


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
