"""The released code's learned surrogate of mutual information, named ``mi_qnet`` in tables."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from agmax_mm.functional import pair_consistency, pair_entropy
from agmax_mm.models.agreements.base import BaseAgreement
from agmax_mm.models.agreements.registry import register_agreement
from agmax_mm.registry import MODELS


@register_agreement('mi_qnet', pair_head=dict(type='agmax_mm.PairHead'))
class PairEntropyAgreement(BaseAgreement):
    """Entropies of the batch-mean predictions, plus consistency with a pair head.

    The terms are ``-pair_entropy`` and ``consistency_weight * pair_consistency``; see :mod:`agmax_mm.functional`. The
    authors' results come from this form. The pair head is trained with the classifier, and not used at inference.

    Monitor: ``entropy_pair``, in nats.

    Args:
        pair_head: The pair head or its config; ``num_classes`` is set by the classifier where it is absent.
        consistency_weight: Factor of the consistency term beside the entropy; the released code's is 4.
        consistency_reduction: ``'mean'`` over images and classes, as in the released code: the term gets smaller with
            more classes. ``'batchmean'`` sums over classes.
        detach: Give the pair head the logits without gradient. It then follows the views, and does not change them
            through its inputs. The released code passes the gradient.
        loss_weight: Factor of both terms, at least 0.
        global_batch: Take the batch means over all processes.
    """

    def __init__(
        self,
        pair_head: nn.Module | dict[str, Any],
        *,
        consistency_weight: float = 4.0,
        consistency_reduction: str = 'mean',
        detach: bool = False,
        loss_weight: float = 1.0,
        global_batch: bool = True,
    ) -> None:
        super().__init__(loss_weight, global_batch=global_batch)
        self.pair_head = pair_head if isinstance(pair_head, nn.Module) else MODELS.build(pair_head)
        self.consistency_weight = consistency_weight
        self.consistency_reduction = consistency_reduction
        self.detach = detach

    def pair_terms(self, logits_a: Tensor, logits_b: Tensor) -> dict[str, Tensor]:
        """See the base class."""
        inputs = (logits_a.detach(), logits_b.detach()) if self.detach else (logits_a, logits_b)
        logits_pair = self.pair_head(*inputs)
        entropy = pair_entropy(logits_a, logits_b, logits_pair, group=self.group)
        consistency = pair_consistency(logits_a, logits_b, logits_pair, reduction=self.consistency_reduction)
        return {
            'loss_agreement_entropy': -entropy,
            'loss_agreement_consistency': self.consistency_weight * consistency,
            'entropy_pair': entropy,
        }
