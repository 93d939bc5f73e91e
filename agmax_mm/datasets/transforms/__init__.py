"""Per-sample transforms."""

from agmax_mm.datasets.transforms.auto_augment import AutoAugment
from agmax_mm.datasets.transforms.two_view import TwoView

__all__ = ['AutoAugment', 'TwoView']
