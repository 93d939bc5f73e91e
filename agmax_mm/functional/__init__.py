"""The papers in pure torch. Nothing here imports mmengine, mmcv, mmpretrain or mmdet."""

from agmax_mm.functional.agreement import (
    cross_entropy_agreement,
    kl_agreement,
    mse_agreement,
    mutual_information,
    pair_consistency,
    pair_entropy,
)
from agmax_mm.functional.distributed import all_reduce_sum
from agmax_mm.functional.lighting import pca_lighting
from agmax_mm.functional.mixing import cutmix, cutmix_bbox, sample_beta

__all__ = [
    'all_reduce_sum',
    'cross_entropy_agreement',
    'cutmix',
    'cutmix_bbox',
    'kl_agreement',
    'mse_agreement',
    'mutual_information',
    'pair_consistency',
    'pair_entropy',
    'pca_lighting',
    'sample_beta',
]
