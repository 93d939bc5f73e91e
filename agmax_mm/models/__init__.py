"""Classifiers, data preprocessors, agreements and networks."""

from agmax_mm.models.agreements import (
    CrossEntropyAgreement,
    JSDAgreement,
    KLAgreement,
    MSEAgreement,
    MutualInfoAgreement,
    PairEntropyAgreement,
)
from agmax_mm.models.backbones import TimmBackbone, WideResNet
from agmax_mm.models.classifiers import AgMaxClassifier
from agmax_mm.models.data_preprocessors import TwoViewDataPreprocessor
from agmax_mm.models.heads import PairHead

__all__ = [
    'AgMaxClassifier',
    'CrossEntropyAgreement',
    'JSDAgreement',
    'KLAgreement',
    'MSEAgreement',
    'MutualInfoAgreement',
    'PairEntropyAgreement',
    'PairHead',
    'TimmBackbone',
    'TwoViewDataPreprocessor',
    'WideResNet',
]
