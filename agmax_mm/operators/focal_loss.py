"""The focal loss (Lin et al. 2017, equation 5) of a sigmoid and of a softmax, and their gradients."""

from __future__ import annotations

import torch
from torch import Tensor

from agmax_mm.operators.precision import at_least_single

# The compiled operators take the logarithm of nothing smaller.
_SMALLEST = torch.finfo(torch.float32).tiny


def sigmoid_focal_loss_forward(
    logits: Tensor, target: Tensor, weight: Tensor, output: Tensor, gamma: float, alpha: float
) -> None:
    """Write the loss of each class into ``output``.

    Args:
        logits: ``(n, classes)``.
        target: ``(n,)`` classes; any number that is no class means background.
        weight: ``(classes,)``, or empty for none; the background's is 1.
        output: ``(n, classes)``.
        gamma: Exponent that lowers the loss of easy examples.
        alpha: Weight of the target against the other classes.
    """
    (scores,) = at_least_single(logits)
    p, is_target = scores.sigmoid(), _is_target(scores, target)
    positive = -alpha * (1 - p) ** gamma * p.clamp(min=_SMALLEST).log()
    negative = -(1 - alpha) * p**gamma * (1 - p).clamp(min=_SMALLEST).log()
    output.copy_(torch.where(is_target, positive, negative) * _weights(weight, target, p)[:, None])


def sigmoid_focal_loss_backward(
    logits: Tensor, target: Tensor, weight: Tensor, grad_input: Tensor, gamma: float, alpha: float
) -> None:
    """Write the derivative of each loss by its logit into ``grad_input``."""
    (scores,) = at_least_single(logits)
    p, is_target = scores.sigmoid(), _is_target(scores, target)
    positive = -alpha * (1 - p) ** gamma * (1 - p - gamma * p * p.clamp(min=_SMALLEST).log())
    negative = -(1 - alpha) * p**gamma * (gamma * (1 - p) * (1 - p).clamp(min=_SMALLEST).log() - p)
    grad_input.copy_(torch.where(is_target, positive, negative) * _weights(weight, target, p)[:, None])


def softmax_focal_loss_forward(
    softmax: Tensor, target: Tensor, weight: Tensor, output: Tensor, gamma: float, alpha: float
) -> None:
    """Write the loss of each example into ``output``.

    Args:
        softmax: ``(n, classes)`` probabilities.
        target: ``(n,)`` classes; a negative one has no loss.
        weight: ``(classes,)``, or empty for none.
        output: ``(n,)``.
        gamma: Exponent that lowers the loss of easy examples.
        alpha: Weight of the loss.
    """
    p, counts = _of_target(softmax, target)
    loss = -alpha * (1 - p) ** gamma * p.clamp(min=_SMALLEST).log()
    output.copy_(torch.where(counts, loss * _weights(weight, target, p), 0))


def softmax_focal_loss_backward(
    softmax: Tensor, target: Tensor, weight: Tensor, buff: Tensor, grad_input: Tensor, gamma: float, alpha: float
) -> None:
    """Write the derivative of each loss by the logits into ``grad_input``, and by its log-probability into ``buff``."""
    p, counts = _of_target(softmax, target)
    inner = -((1 - p) ** gamma) + gamma * (1 - p) ** (gamma - 1) * p * p.clamp(min=_SMALLEST).log()
    slope = torch.where(counts, alpha * inner * _weights(weight, target, p), 0)
    buff.copy_(slope)
    grad_input.copy_(slope[:, None] * (_is_target(softmax, target).to(p) - softmax))


def _is_target(scores: Tensor, target: Tensor) -> Tensor:
    return target[:, None] == torch.arange(scores.shape[1], device=scores.device)


def _of_target(softmax: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Return the probability of each target and whether there is one."""
    (probabilities,) = at_least_single(softmax)
    return probabilities.gather(1, target.clamp(min=0)[:, None]).squeeze(1), target >= 0


def _weights(weight: Tensor, target: Tensor, like: Tensor) -> Tensor:
    """Return the weight of each example; 1 where there are no weights or no class."""
    if not weight.numel():
        return like.new_ones(len(target))
    is_class = (target >= 0) & (target < len(weight))
    return torch.where(is_class, weight.to(like)[target.clamp(0, len(weight) - 1)], 1)
