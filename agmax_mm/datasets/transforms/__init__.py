"""Per-sample transforms."""

from agmax_mm.datasets.transforms.auto_augment import AutoAugment
from agmax_mm.datasets.transforms.color_jitter import ColorJitter
from agmax_mm.datasets.transforms.corrupt import Corrupt
from agmax_mm.datasets.transforms.crops import RandomMirror, RandomPaddedCrop, RandomResizedCrop
from agmax_mm.datasets.transforms.load_image import LoadImage
from agmax_mm.datasets.transforms.rand_augment import RandAugment
from agmax_mm.datasets.transforms.two_view import TwoView

__all__ = [
    'AutoAugment',
    'ColorJitter',
    'Corrupt',
    'LoadImage',
    'RandAugment',
    'RandomMirror',
    'RandomPaddedCrop',
    'RandomResizedCrop',
    'TwoView',
]
