"""Datasets and per-sample transforms."""

from agmax_mm.datasets.cifar import CIFAR10, CIFAR100
from agmax_mm.datasets.image_folder import ImageFolder, ImageNet
from agmax_mm.datasets.transforms import AutoAugment, Corrupt, RandAugment, TwoView

__all__ = ['CIFAR10', 'CIFAR100', 'AutoAugment', 'Corrupt', 'ImageFolder', 'ImageNet', 'RandAugment', 'TwoView']
