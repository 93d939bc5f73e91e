r"""Mutual information of two views, in blocks of their joint matrix, with the gradient in the same pass.

Shapes: N = images of this process, K = classes, R = classes of a block, C = classes from the block's first one on.

With :math:`M = \sum_n (a_n b_n^{\top} + b_n a_n^{\top})` over the images of all processes, :math:`s` its row sums and
:math:`T` its total, the joint matrix is :math:`M / T` and the marginal :math:`s / T`. The probabilities :math:`a_n` and
:math:`b_n` sum to one, so :math:`s = \sum_n (a_n + b_n)`, and :math:`T` is twice the number of images; both are known
before the first block. With :math:`W_{ij} = \ln (T M_{ij} / s_i s_j)`,

- the value is :math:`\sum_{ij} M_{ij} W_{ij} / T`;
- its derivative by :math:`a_n` is :math:`2 W b_n / T`, and that by :math:`b_n` is :math:`2 W a_n / T`, both up to a
  constant per image, which a softmax does not pass on.

So each block of :math:`W` can be used and dropped before the next one is computed. :math:`W` is symmetric, so the part
to the left of its diagonal blocks is not computed. The number of multiplications is that of the plain form.

Where :math:`M` as a whole is small beside the logits, blocks would only cost time: it is then kept, see
:class:`_WholeInformation`. Both forms are equal up to rounding.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from agmax_mm.functional.distributed import gradient_factor, pipelined_sums

# Wide enough for the matrix products to run at full speed; a block of 21,841 classes is 45 MB in float32.
BLOCK_ROWS = 512
# Number of images handled at a time, where all of them would need one more matrix as large as their probabilities.
_IMAGES = 256


def joint_information(logits_a: Tensor, logits_b: Tensor, group: dist.ProcessGroup | None = None) -> Tensor:
    """See :func:`agmax_mm.functional.mutual_information`; logits in float32 or float64.

    The joint matrix is kept as a whole up to ``BLOCK_ROWS`` classes and, without a group, up to as many classes as
    images; otherwise it is computed in blocks.

    Memory: four times that of one view's logits and two blocks (three with a group) during the forward pass, twice
    until the backward pass, four times during it; three matrices instead of blocks for the whole one. Communication,
    all of it in the forward pass: ``K + 1`` numbers in float64, then one reduction per block; only the matrix if it is
    whole.

    The gradient is that of an objective which is averaged over the ranks and holds the value with the same weight on
    each. It can be taken once: the second derivative is refused.
    """
    if not torch.is_grad_enabled():
        # An autograd function does not see this switch, and would prepare a gradient.
        logits_a, logits_b = logits_a.detach(), logits_b.detach()
    if _is_small(logits_a.shape[0], logits_a.shape[1], group):
        value = _WholeInformation.apply(logits_a.softmax(dim=1), logits_b.softmax(dim=1), group)
    else:
        value = _BlockedInformation.apply(logits_a, logits_b, group)
    return value  # type: ignore[no-any-return]


def _is_small(images: int, classes: int, group: dist.ProcessGroup | None) -> bool:
    """Whether the joint matrix is one block, or smaller than the logits."""
    # Ranks may hold different numbers of images, and must not choose different forms.
    return classes <= BLOCK_ROWS or (group is None and classes <= images)


class _WholeInformation(torch.autograd.Function):
    """The value from the probabilities, with one matrix ``M``: no pass over the images but the three products."""

    @staticmethod
    def forward(ctx: Any, probs_a: Tensor, probs_b: Tensor, group: dist.ProcessGroup | None) -> Tensor:
        matrix = probs_a.T @ probs_b
        matrix = matrix + matrix.T
        if group is not None:
            dist.all_reduce(matrix, group=group)
        sums = matrix.sum(dim=1)
        total = sums.double().sum()
        weights = _weights(sums, total)
        logs = _logarithms((matrix * weights[:, None]).mul_(weights))
        if any(ctx.needs_input_grad):
            ctx.save_for_backward(probs_a, probs_b, logs, gradient_factor(group) * 2 / total)
        # Row by row, as in the blocks.
        return (matrix.mul_(logs).sum(dim=1).double().sum() / total).to(probs_a.dtype)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        _refuse_second_derivative()
        probs_a, probs_b, logs, factor = ctx.saved_tensors
        # A backward pass may be called under autocast, which would round the products.
        with torch.autocast(logs.device.type, enabled=False):
            scaled = logs * (factor * grad_output).to(logs.dtype)
            grad_a, grad_b = (
                probs @ scaled if needed else None
                for probs, needed in zip((probs_b, probs_a), ctx.needs_input_grad, strict=False)
            )
        return grad_a, grad_b, None


class _BlockedInformation(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits_a: Tensor, logits_b: Tensor, group: dist.ProcessGroup | None) -> Tensor:
        probs_a, probs_b = logits_a.softmax(dim=1), logits_b.softmax(dim=1)
        grad_a, grad_b = (torch.zeros_like(probs_a) if needed else None for needed in ctx.needs_input_grad[:2])
        sums, total = _sums(probs_a, probs_b, group)
        weights = _weights(sums, total)
        starts = range(0, len(sums), BLOCK_ROWS)
        blocks = pipelined_sums((_partial_block(probs_a, probs_b, weights, start) for start in starts), group)
        value = torch.zeros_like(total)
        for start, block in zip(starts, blocks, strict=True):
            _complete_(block, weights, start)
            value += _use_up_(block, start, sums, ((grad_a, probs_b), (grad_b, probs_a)))
        views = ((grad_a, probs_a), (grad_b, probs_b))
        ctx.save_for_backward(
            *(None if grad is None else _softmax_backward_(grad, probs).mul_(2 / total) for grad, probs in views)
        )
        ctx.factor = gradient_factor(group)
        return (value / total**2).to(probs_a.dtype)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        _refuse_second_derivative()
        scale = ctx.factor * grad_output
        grad_a, grad_b = (None if grad is None else scale * grad for grad in ctx.saved_tensors)
        return grad_a, grad_b, None


def _refuse_second_derivative() -> None:
    if torch.is_grad_enabled():
        # What the gradient is made of is saved as numbers. A second derivative would treat it as a constant.
        raise NotImplementedError('mutual_information: expected no create_graph=True: its gradient has none')


def _weights(sums: Tensor, total: Tensor) -> Tensor:
    """``w`` with ``T M_ij / (s_i s_j) = M_ij w_i w_j``, shape ``(K,)``.

    The bound keeps the product of two weights finite for classes that are practically never predicted.
    """
    return (total.sqrt() / sums).clamp_max(torch.finfo(sums.dtype).max ** 0.5).to(sums.dtype)


def _logarithms(ratios: Tensor) -> Tensor:
    """Their logarithms; that of 0, where no image has both classes, is kept finite, as it is multiplied by 0."""
    return ratios.clamp_min(torch.finfo(ratios.dtype).tiny).log_()


def _sums(probs_a: Tensor, probs_b: Tensor, group: dist.ProcessGroup | None) -> tuple[Tensor, Tensor]:
    """``s``, shape ``(K,)``, and ``T``, the latter in float64. Ranks may hold batches of different sizes."""
    sums = (probs_a.sum(dim=0) + probs_b.sum(dim=0)).double()
    sums = torch.cat([sums, sums.new_full((1,), 2 * probs_a.shape[0])])
    if group is not None:
        dist.all_reduce(sums, group=group)
    return sums[:-1].to(probs_a.dtype), sums[-1]


def _partial_block(probs_a: Tensor, probs_b: Tensor, weights: Tensor, start: int) -> Tensor:
    """This process's part of a block of ratios, shape ``(R, C)``, up to what :func:`_complete_` does to the sum."""
    stop = min(start + BLOCK_ROWS, len(weights))
    rows_a, rows_b = (probs[:, start:stop] * weights[start:stop] for probs in (probs_a, probs_b))
    block = probs_a.new_empty(stop - start, len(weights) - start)
    # On the diagonal the second product is the transpose of the first.
    block[:, : stop - start].addmm_(rows_a.T, rows_b, beta=0)
    block[:, stop - start :].addmm_(rows_a.T, probs_b[:, stop:], beta=0).addmm_(rows_b.T, probs_a[:, stop:])
    return block


def _complete_(block: Tensor, weights: Tensor, start: int) -> None:
    size = len(block)
    diagonal = block[:, :size]
    diagonal.copy_(diagonal + diagonal.T)
    block[:, size:].mul_(weights[start + size :])


def _use_up_(ratios: Tensor, start: int, sums: Tensor, views: tuple[tuple[Tensor | None, Tensor], ...]) -> Tensor:
    """Add a block's part to the gradients, and return its part of the value, times ``T`` squared.

    Args:
        ratios: The block, overwritten.
        start: Its first class.
        sums: ``s``, shape ``(K,)``.
        views: Pairs of a gradient to add to, or ``None``, and the factor of ``W``, both of shape ``(N, K)``.
    """
    size = len(ratios)
    stop = start + size
    logs = _logarithms(ratios)
    for grad, probs in views:
        if grad is not None:
            grad[:, start:stop].addmm_(probs[:, start:], logs.T)
            # The mirrored part, to the left of the diagonal.
            grad[:, stop:].addmm_(probs[:, start:stop], logs[:, size:])
    # Sums, not dot products: a running total in float32 loses small terms after one large term on the diagonal.
    products = ratios.mul_(logs).mul_(sums[start:])
    once, all_columns = products[:, :size].sum(dim=1), products.sum(dim=1)
    return sums[start:stop].double() @ (2 * all_columns.double() - once.double())


def _softmax_backward_(grad: Tensor, probs: Tensor) -> Tensor:
    """Turn the gradient by the probabilities into the gradient by the logits, in place."""
    for rows, probs_rows in zip(torch.split(grad, _IMAGES), torch.split(probs, _IMAGES), strict=True):
        rows.sub_((rows * probs_rows).sum(dim=1, keepdim=True)).mul_(probs_rows)
    return grad
