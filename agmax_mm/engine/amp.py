"""Automatic mixed precision on GPUs and CPUs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.optim import OptimWrapper
from torch import nn

from agmax_mm.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Autocast to bfloat16, which needs no loss scaling; the host refuses that without a GPU."""

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Forward pass and losses under autocast; losses of this package are computed in float32 nevertheless."""
        with super().optim_context(model), torch.autocast(get_device(), dtype=torch.bfloat16):
            yield


def enable_amp(config: Config) -> None:
    """Switch a config to mixed precision: bfloat16 where the device has it, float16 with loss scaling otherwise.

    Raises:
        ValueError: If the config asks for a special optimiser wrapper already.
    """
    wrapper: dict[str, Any] = config.optim_wrapper
    if wrapper.get('type', 'OptimWrapper') != 'OptimWrapper':
        raise ValueError(f"--amp: expected optim_wrapper.type 'OptimWrapper', got {wrapper['type']!r}")
    if torch.cuda.is_available() and not torch.cuda.is_bf16_supported():
        wrapper['type'] = 'AmpOptimWrapper'
        wrapper['loss_scale'] = 'dynamic'
    else:
        wrapper['type'] = 'agmax_mm.BFloat16OptimWrapper'
