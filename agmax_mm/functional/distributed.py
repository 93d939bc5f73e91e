"""Sums over processes that gradients pass through."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


class _AllReduceSum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: Tensor, group: dist.ProcessGroup) -> Tensor:
        ctx.group = group
        total = tensor.clone()
        dist.all_reduce(total, group=group)
        return total

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor, None]:
        # Every rank's input enters every rank's output, so its gradient is the sum over the outputs' gradients.
        # Without this sum, DistributedDataParallel's averaging would leave the gradient too small by the number of
        # ranks.
        grad_input = grad_output.clone()
        dist.all_reduce(grad_input, group=ctx.group)
        return grad_input, None


def all_reduce_sum(tensor: Tensor, group: dist.ProcessGroup | None) -> Tensor:
    """Sum ``tensor`` over the ranks of ``group``, with gradient.

    A loss computed from the sum is equal on all ranks. After DistributedDataParallel has averaged the parameters'
    gradients, they equal those of one process that holds every rank's data.

    Args:
        tensor: Any shape, the same on every rank.
        group: The process group, or ``None`` to return ``tensor`` itself.
    """
    if group is None:
        return tensor
    return _AllReduceSum.apply(tensor, group)  # type: ignore[no-any-return, no-untyped-call]
