"""Agreement terms: what the predictions of two views of one image must fulfil."""

from agmax_mm.models.agreements.base import BaseAgreement, global_group, view_agreement
from agmax_mm.models.agreements.divergence import CrossEntropyAgreement, JSDAgreement, KLAgreement, MSEAgreement
from agmax_mm.models.agreements.mutual_info import MutualInfoAgreement
from agmax_mm.models.agreements.names import AGREEMENTS, build_agreement
from agmax_mm.models.agreements.pair_entropy import PairEntropyAgreement

__all__ = [
    'AGREEMENTS',
    'BaseAgreement',
    'CrossEntropyAgreement',
    'JSDAgreement',
    'KLAgreement',
    'MSEAgreement',
    'MutualInfoAgreement',
    'PairEntropyAgreement',
    'build_agreement',
    'global_group',
    'view_agreement',
]
