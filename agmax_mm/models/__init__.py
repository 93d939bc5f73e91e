"""Classifiers, data preprocessors, agreements and networks."""

from agmax_mm.models.agreements import (
    CrossEntropyAgreement,
    JSDAgreement,
    KLAgreement,
    MSEAgreement,
    MutualInfoAgreement,
    PairEntropyAgreement,
)
from agmax_mm.models.backbones import CIFARResNet, PyramidNet, TimmBackbone, WideResNet
from agmax_mm.models.classifier import AgMaxClassifier
from agmax_mm.models.data_preprocessor import TwoViewDataPreprocessor
from agmax_mm.models.feature_mix import FeatureMix
from agmax_mm.models.pair_head import PairHead

__all__ = [
    'AgMaxClassifier',
    'CIFARResNet',
    'CrossEntropyAgreement',
    'FeatureMix',
    'JSDAgreement',
    'KLAgreement',
    'MSEAgreement',
    'MutualInfoAgreement',
    'PairEntropyAgreement',
    'PairHead',
    'PyramidNet',
    'TimmBackbone',
    'TwoViewDataPreprocessor',
    'WideResNet',
]
