"""Distances between the predictions themselves: ``mse``, ``kl`` and ``ce`` of the paper's section 4.6, and ``jsd``."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from agmax_mm.functional import cross_entropy_agreement, jsd_agreement, kl_agreement, mse_agreement
from agmax_mm.models.agreements.base import BaseAgreement
from agmax_mm.models.agreements.registry import register_agreement


@register_agreement('mse')
class MSEAgreement(BaseAgreement):
    """Minimise :func:`agmax_mm.functional.mse_agreement`."""

    def pair_terms(self, logits_a: Tensor, logits_b: Tensor) -> dict[str, Tensor]:
        """See the base class."""
        return {'loss_agreement': mse_agreement(logits_a, logits_b)}


@register_agreement('kl')
class KLAgreement(BaseAgreement):
    """Minimise :func:`agmax_mm.functional.kl_agreement`.

    Args:
        symmetric: Average both directions; the released code uses one direction.
        detach: Pass no gradient to the reference distribution; the released code passes it.
        loss_weight: Factor of the term, at least 0.
    """

    def __init__(self, *, symmetric: bool = False, detach: bool = False, loss_weight: float = 1.0) -> None:
        super().__init__(loss_weight)
        self.symmetric = symmetric
        self.detach = detach

    def pair_terms(self, logits_a: Tensor, logits_b: Tensor) -> dict[str, Tensor]:
        """See the base class."""
        return {'loss_agreement': kl_agreement(logits_a, logits_b, symmetric=self.symmetric, detach=self.detach)}


@register_agreement('ce')
class CrossEntropyAgreement(BaseAgreement):
    """Minimise :func:`agmax_mm.functional.cross_entropy_agreement`.

    Args:
        reduction: ``'mean'`` over images and classes, as in the released code, or ``'batchmean'``, K times more.
        symmetric: Average both directions; the released code uses one direction.
        detach: Pass no gradient to the reference distribution; the released code passes it.
        loss_weight: Factor of the term, at least 0.
    """

    def __init__(
        self,
        *,
        reduction: str = 'mean',
        symmetric: bool = False,
        detach: bool = False,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__(loss_weight)
        self.reduction = reduction
        self.symmetric = symmetric
        self.detach = detach

    def pair_terms(self, logits_a: Tensor, logits_b: Tensor) -> dict[str, Tensor]:
        """See the base class."""
        term = cross_entropy_agreement(
            logits_a, logits_b, reduction=self.reduction, symmetric=self.symmetric, detach=self.detach
        )
        return {'loss_agreement': term}


@register_agreement('jsd')
class JSDAgreement(BaseAgreement):
    """Minimise :func:`agmax_mm.functional.jsd_agreement` of all views at once.

    It is not in the AgMax paper. AugMix uses three views and ``loss_weight=12``.
    """

    def terms(self, logits: Sequence[Tensor]) -> dict[str, Tensor]:
        """See the base class."""
        return {'loss_agreement': jsd_agreement(*logits)}
