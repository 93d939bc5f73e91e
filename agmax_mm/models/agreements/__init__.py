"""Agreement terms: what the predictions of two views of one image must fulfil."""

from agmax_mm.models.agreements.base import BaseAgreement
from agmax_mm.models.agreements.divergence import CrossEntropyAgreement, KLAgreement, MSEAgreement
from agmax_mm.models.agreements.mutual_info import MutualInfoAgreement
from agmax_mm.models.agreements.pair_entropy import PairEntropyAgreement

__all__ = [
    'BaseAgreement',
    'CrossEntropyAgreement',
    'KLAgreement',
    'MSEAgreement',
    'MutualInfoAgreement',
    'PairEntropyAgreement',
]
