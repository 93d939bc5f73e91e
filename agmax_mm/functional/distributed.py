"""Sums over processes.

Every collective here runs in the forward pass, in the same order on all ranks, and is done when the pass is. The
backward pass has none: DistributedDataParallel's reductions are the only ones there, so nothing can get between them or
wait for them, no group of its own is needed, and a rank that takes no gradient holds up none that does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


def gradient_factor(group: dist.ProcessGroup | None) -> int:
    """What the gradient by one rank's input of a value that all ranks share must be multiplied by.

    The input enters the value of every rank, so its gradient is the sum of as many gradients as there are ranks, all
    alike. Without this factor DistributedDataParallel's averaging would leave it too small by the number of ranks.
    """
    return 1 if group is None else dist.get_world_size(group)


class _AllReduceSum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: Tensor, group: dist.ProcessGroup) -> Tensor:
        ctx.factor = gradient_factor(group)
        total = tensor.clone()
        dist.all_reduce(total, group=group)
        return total

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor, None]:
        return ctx.factor * grad_output, None


def all_reduce_sum(tensor: Tensor, group: dist.ProcessGroup | None) -> Tensor:
    """Sum ``tensor`` over the ranks of ``group``, with gradient.

    A loss computed from the sum is equal on all ranks. After DistributedDataParallel has averaged the parameters'
    gradients, they equal those of one process that holds every rank's data, provided that all ranks give the loss the
    same weight.

    Args:
        tensor: Any shape, the same on every rank.
        group: The process group, or ``None`` to return ``tensor`` itself.
    """
    if group is None:
        return tensor
    return _AllReduceSum.apply(tensor, group)  # type: ignore[no-any-return, no-untyped-call]


def pipelined_sums(tensors: Iterable[Tensor], group: dist.ProcessGroup | None) -> Iterator[Tensor]:
    """Sum each tensor over the ranks of ``group``, in place, while the next one is computed; without gradient.

    Args:
        tensors: Of the same shapes, in the same order, on every rank. One more than has been returned is taken.
        group: The process group, or ``None`` to return the tensors as they are.
    """
    if group is None:
        yield from tensors
        return
    pending: tuple[Tensor, dist.Work] | None = None
    for tensor in tensors:
        started = tensor, dist.all_reduce(tensor, group=group, async_op=True)
        if pending is not None:
            pending[1].wait()
            yield pending[0]
        pending = started
    if pending is not None:
        pending[1].wait()
        yield pending[0]
