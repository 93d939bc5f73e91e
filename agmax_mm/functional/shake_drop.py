"""Random weights of residual branches, with other weights in the backward pass.

Shapes: N = rows of the batch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class _ShakeDrop(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, keep_prob: float) -> Tensor:
        is_open = torch.rand((), device=x.device) < keep_prob
        ctx.save_for_backward(is_open)
        return x * _factors(x, is_open, torch.rand(len(x), device=x.device) * 2 - 1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (is_open,) = ctx.saved_tensors
        return grad * _factors(grad, is_open, torch.rand(len(grad), device=grad.device)), None


def _factors(x: Tensor, is_open: Tensor, shaken: Tensor) -> Tensor:
    """Return 1 if the gate is open, else the random weight of each row, in a shape to multiply with ``x``."""
    factors = torch.where(is_open, torch.ones_like(shaken), shaken)
    return factors.to(x.dtype).view(-1, *(1,) * (x.ndim - 1))


def shake_drop(x: Tensor, *, keep_prob: float) -> Tensor:
    """Weight a branch in training: ``b + a - b * a`` times ``x`` forward, ``b + c - b * c`` times the gradient.

    The gate ``b`` is 1 with probability ``keep_prob``, one draw for the whole batch. ``a`` is uniform on [-1, 1) and
    ``c`` on [0, 1), with one draw per row each. With an open gate, the branch stays as it is. With a closed gate, its
    rows get weights, and the gradient gets other weights. ``c`` is drawn in the backward pass, anew in each one. The
    forward pass draws the same amount of numbers for an open and a closed gate.

    The mean of the forward weights is ``keep_prob``, which is the factor for evaluation.

    Args:
        x: Shape ``(N, ...)``, in floating point, not changed.
        keep_prob: Probability of an open gate, within ``[0, 1]``.

    Returns:
        Tensor of the same shape, type and memory format.

    Raises:
        ValueError: If ``keep_prob`` is out of range.

    References:
        Y. Yamada, M. Iwamura, T. Akiba and K. Kise, "ShakeDrop Regularization for Deep Residual Learning", IEEE Access
        2019, its training and test time rules.
    """
    if not 0.0 <= keep_prob <= 1.0:
        raise ValueError(f'shake_drop.keep_prob: expected a number within [0, 1], got {keep_prob}')
    out: Tensor = _ShakeDrop.apply(x, keep_prob)
    return out
