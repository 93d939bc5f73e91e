"""Distances between the two predictions (the paper's section 4.6): ``mse``, ``kl`` and ``ce`` in tables."""

from __future__ import annotations

from torch import Tensor

from agmax_mm.functional import cross_entropy_agreement, kl_agreement, mse_agreement
from agmax_mm.models.agreements.base import BaseAgreement
from agmax_mm.registry import MODELS


@MODELS.register_module()
class MSEAgreement(BaseAgreement):
    """Minimise :func:`agmax_mm.functional.mse_agreement`."""

    def pair_terms(self, logits_a: Tensor, logits_b: Tensor) -> dict[str, Tensor]:
        """See the base class."""
        return {'loss_agreement': mse_agreement(logits_a, logits_b)}


@MODELS.register_module()
class KLAgreement(BaseAgreement):
    """Minimise :func:`agmax_mm.functional.kl_agreement`."""

    def pair_terms(self, logits_a: Tensor, logits_b: Tensor) -> dict[str, Tensor]:
        """See the base class."""
        return {'loss_agreement': kl_agreement(logits_a, logits_b)}


@MODELS.register_module()
class CrossEntropyAgreement(BaseAgreement):
    """Minimise :func:`agmax_mm.functional.cross_entropy_agreement`."""

    def pair_terms(self, logits_a: Tensor, logits_b: Tensor) -> dict[str, Tensor]:
        """See the base class."""
        return {'loss_agreement': cross_entropy_agreement(logits_a, logits_b)}
