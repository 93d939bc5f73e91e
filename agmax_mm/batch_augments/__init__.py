"""Augmentations of whole batches on the device, after normalisation."""

from agmax_mm.batch_augments.cutmix import CutMix
from agmax_mm.batch_augments.lighting import PCALighting

__all__ = ['CutMix', 'PCALighting']
