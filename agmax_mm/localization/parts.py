"""The types of localisation that configs name: the registries import this module when they look for one."""

import agmax_mm.registry  # noqa: F401  # first, as it imports the host without its notices
from agmax_mm.localization.classifier import LocalizingClassifier
from agmax_mm.localization.datasets import CUBBoxes, ImageNetBoxes, TinyImageNetBoxes
from agmax_mm.localization.metric import LocalizationMetric
from agmax_mm.localization.networks import PooledConvolution

__all__ = [
    'CUBBoxes',
    'ImageNetBoxes',
    'LocalizationMetric',
    'LocalizingClassifier',
    'PooledConvolution',
    'TinyImageNetBoxes',
]
