"""Augmentations of whole batches on the device, after normalisation."""

from agmax_mm.batch_augments.color_jitter import FloatColorJitter
from agmax_mm.batch_augments.cutmix_variants import (
    CenterGaussianCutMix,
    CompleteLabelCutMix,
    FixedSizeCutMix,
    OneHotCutMix,
    ScheduledCutMix,
)
from agmax_mm.batch_augments.cutout import CutOut
from agmax_mm.batch_augments.lighting import PCALighting
from agmax_mm.batch_augments.mixing import CutMix, Mixing, MixUp

__all__ = [
    'CenterGaussianCutMix',
    'CompleteLabelCutMix',
    'CutMix',
    'CutOut',
    'FixedSizeCutMix',
    'FloatColorJitter',
    'MixUp',
    'Mixing',
    'OneHotCutMix',
    'PCALighting',
    'ScheduledCutMix',
]
