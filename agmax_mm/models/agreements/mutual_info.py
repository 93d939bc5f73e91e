"""The closed-form mutual information, named ``mi`` in tables."""

from __future__ import annotations

from torch import Tensor

from agmax_mm.functional import mutual_information
from agmax_mm.models.agreements.base import BaseAgreement
from agmax_mm.models.agreements.registry import register_agreement


@register_agreement('mi')
class MutualInfoAgreement(BaseAgreement):
    """Maximise :func:`agmax_mm.functional.mutual_information` (the paper's Eqs. 2 to 4); the term is ``-I``.

    Monitor: ``mutual_info``, in nats.
    """

    def pair_terms(self, logits_a: Tensor, logits_b: Tensor) -> dict[str, Tensor]:
        """See the base class."""
        information = mutual_information(logits_a, logits_b, group=self.group)
        return {'loss_agreement': -information, 'mutual_info': information}
