"""Datasets and per-sample transforms."""

from agmax_mm.host_imports import without_notices

with without_notices():
    import mmpretrain.datasets  # noqa: F401  (before all that imports it)

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
