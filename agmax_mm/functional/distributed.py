"""Sums over processes.

All collective operations here run in the forward pass, in the same order on all ranks, and end with it. The backward
pass has none: the reductions of DistributedDataParallel are the only ones there. So operations cannot mix or wait for
each other, no extra process group is needed, and a rank that takes no gradient does not stop the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


def gradient_factor(group: dist.ProcessGroup | None) -> int:
    """Return the factor of the gradient by one rank's input, for a value that all ranks share.

    The input enters the value of every rank. So its gradient is the sum of one gradient per rank, and these are equal.
    Without this factor, the averaging of DistributedDataParallel would divide the gradient by the number of ranks.
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
    return _AllReduceSum.apply(tensor, group)  # type: ignore[no-any-return]


def pipelined_sums(tensors: Iterable[Tensor], group: dist.ProcessGroup | None) -> Iterator[Tensor]:
    """Sum each tensor over the ranks of ``group``, in place, while the next one is computed; without gradient.

    Args:
        tensors: Tensors with the same shapes, in the same order, on every rank. They are read one ahead.
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
