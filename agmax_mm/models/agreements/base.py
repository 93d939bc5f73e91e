"""Base class of the agreement terms: the weight, the pairs of views, the process group and the monitors."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import torch
import torch.distributed as dist
from mmengine.model import BaseModule
from torch import Tensor

from agmax_mm.host import global_group
from agmax_mm.wording import method_text


class BaseAgreement(BaseModule):
    """Mean of a term over all pairs of views.

    A subclass defines :meth:`pair_terms`, or :meth:`terms` if its term is not a mean over pairs. The decorator
    :func:`agmax_mm.models.register_agreement` gives it a name.

    Args:
        loss_weight: Factor of the term in the objective, at least 0. With 0 both views are classified, and nothing
            else: this control separates the effect of agreement from that of seeing two views.
        global_batch: Take batch statistics over all processes, with gradient. Training on several processes then
            equals training on one. Otherwise each process uses the statistics of its own images.

    Raises:
        ValueError: If ``loss_weight`` is negative, or a subclass defines neither method.
    """

    def __init__(self, loss_weight: float = 1.0, *, global_batch: bool = True) -> None:
        super().__init__()
        if loss_weight < 0:
            raise ValueError(
                f'{type(self).__name__}.loss_weight: expected a number of at least 0, got {loss_weight}; '
                'the term is already signed so that minimising it makes the views agree'
            )
        kind = type(self)
        if kind.pair_terms is BaseAgreement.pair_terms and kind.terms is BaseAgreement.terms:
            raise ValueError(f'{kind.__name__}: expected a method {PAIR_TERMS}, got none')
        self.loss_weight = loss_weight
        self.global_batch = global_batch

    @property
    def group(self) -> dist.ProcessGroup | None:
        """The process group of the batch statistics; ``None`` in a single process."""
        return global_group() if self.global_batch else None

    def pair_terms(self, logits_a: Tensor, logits_b: Tensor) -> dict[str, Tensor]:
        """Return the unweighted terms of one pair of views, by name. A name with "loss" enters the objective."""
        raise NotImplementedError

    def terms(self, logits: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return the unweighted terms of all views, by name: the means over the pairs."""
        pairs = [self.pair_terms(a, b) for a, b in combinations(logits, 2)]
        if not isinstance(pairs[0], dict) or not any('loss' in name for name in pairs[0]):
            got = list(pairs[0]) if isinstance(pairs[0], dict) else type(pairs[0]).__name__
            raise ValueError(
                f"{type(self).__name__}.pair_terms: expected tensors by name, one name with 'loss', such as "
                f"{{'loss_agreement': value}}, got {got}"
            )
        return {name: torch.stack([terms[name] for terms in pairs]).mean() for name in pairs[0]}

    def forward(self, logits: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return the terms to minimise and the monitors to log.

        Args:
            logits: One tensor of shape ``(N, K)`` per view, at least two, rows in the same order.

        Returns:
            Weighted terms, whose names contain "loss" (the host sums those), and monitors, whose names don't.

        Raises:
            ValueError: If there are fewer than two views.
        """
        if len(logits) < 2:
            raise ValueError(f'{type(self).__name__}: expected the logits of at least 2 views, got {len(logits)}')
        outputs = {
            name: self.loss_weight * value if 'loss' in name else value.detach()
            for name, value in self.terms(logits).items()
        }
        outputs['view_agreement'] = view_agreement(logits)
        return outputs


PAIR_TERMS = method_text(BaseAgreement, 'pair_terms')


@torch.no_grad()
def view_agreement(logits: Sequence[Tensor]) -> Tensor:
    """Return the share of images with the same predicted class in all views.

    Args:
        logits: One tensor of shape ``(N, K)`` per view, rows in the same order.
    """
    predictions = torch.stack([view.argmax(dim=1) for view in logits])
    return (predictions == predictions[0]).all(dim=0).float().mean()
