"""Classifiers, data preprocessors, agreements and networks."""

import agmax_mm.registry  # noqa: F401  # first, as it imports the host without its notices
from agmax_mm.models.agreements import BaseAgreement, build_agreement, register_agreement
from agmax_mm.models.backbones import CIFARResNet, PyramidNet, TimmBackbone, WideResNet
from agmax_mm.models.classifier import AgMaxClassifier
from agmax_mm.models.data_preprocessor import TwoViewDataPreprocessor
from agmax_mm.models.feature_mix import FeatureMix

__all__ = [
    'AgMaxClassifier',
    'BaseAgreement',
    'CIFARResNet',
    'FeatureMix',
    'PyramidNet',
    'TimmBackbone',
    'TwoViewDataPreprocessor',
    'WideResNet',
    'build_agreement',
    'register_agreement',
]
