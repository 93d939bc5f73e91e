"""Datasets and per-sample transforms."""

import agmax_mm.registry  # noqa: F401  # first, as it imports the host without its notices
from agmax_mm.datasets.cifar import CIFAR10, CIFAR100
from agmax_mm.datasets.image_folder import ImageFolder, ImageNet
from agmax_mm.datasets.transforms import (
    AutoAugment,
    ColorJitter,
    Corrupt,
    LoadImage,
    RandAugment,
    RandomMirror,
    RandomPaddedCrop,
    RandomResizedCrop,
    TwoView,
)

__all__ = [
    'CIFAR10',
    'CIFAR100',
    'AutoAugment',
    'ColorJitter',
    'Corrupt',
    'ImageFolder',
    'ImageNet',
    'LoadImage',
    'RandAugment',
    'RandomMirror',
    'RandomPaddedCrop',
    'RandomResizedCrop',
    'TwoView',
]
