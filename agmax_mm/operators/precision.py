"""The precision that the stand-ins compute in."""

from __future__ import annotations

import torch
from torch import Tensor

_HALVES = (torch.float16, torch.bfloat16)


def at_least_single(*tensors: Tensor) -> list[Tensor]:
    """Return tensors of one type: float32 for half precision, else that of the first.

    torchvision has not every operator in half precision, and mmcv's coordinates lose whole pixels in it.
    """
    dtype = torch.float32 if tensors[0].dtype in _HALVES else tensors[0].dtype
    return [tensor.to(dtype) for tensor in tensors]
