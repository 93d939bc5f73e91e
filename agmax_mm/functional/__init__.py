"""The papers in pure torch. Nothing here imports mmengine, mmcv, mmpretrain or mmdet."""

from agmax_mm.functional.distributed import all_reduce_sum
from agmax_mm.functional.divergence import (
    cross_entropy_agreement,
    jsd_agreement,
    kl_agreement,
    mse_agreement,
    pair_consistency,
)
from agmax_mm.functional.erasing import cutout
from agmax_mm.functional.information import batch_entropy, mutual_information, pair_entropy
from agmax_mm.functional.lighting import pca_lighting
from agmax_mm.functional.mixing import cutmix, cutmix_bbox, mixup, sample_beta

__all__ = [
    'all_reduce_sum',
    'batch_entropy',
    'cross_entropy_agreement',
    'cutmix',
    'cutmix_bbox',
    'cutout',
    'jsd_agreement',
    'kl_agreement',
    'mixup',
    'mse_agreement',
    'mutual_information',
    'pair_consistency',
    'pair_entropy',
    'pca_lighting',
    'sample_beta',
]
