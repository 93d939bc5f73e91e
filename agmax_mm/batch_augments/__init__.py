"""Augmentations of whole batches on the device, after normalisation."""

from agmax_mm.batch_augments.cutout import CutOut
from agmax_mm.batch_augments.lighting import PCALighting
from agmax_mm.batch_augments.mixing import CutMix, MixUp

__all__ = ['CutMix', 'CutOut', 'MixUp', 'PCALighting']
