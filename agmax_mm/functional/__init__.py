"""The papers in pure torch. Nothing here imports mmengine, mmcv, mmpretrain or mmdet."""

from agmax_mm.functional.attacks import fgsm, pgd
from agmax_mm.functional.boxes import cutmix_bbox, fixed_size_bbox, kept_share
from agmax_mm.functional.calibration import ReliabilityBins, expected_calibration_error, reliability_bins
from agmax_mm.functional.detection_scores import auroc, detection_accuracy, roc_curve, tnr_at_tpr
from agmax_mm.functional.distributed import all_reduce_sum
from agmax_mm.functional.divergence import (
    cross_entropy_agreement,
    jsd_agreement,
    kl_agreement,
    mse_agreement,
    pair_consistency,
)
from agmax_mm.functional.drop_block import drop_block
from agmax_mm.functional.erasing import cutout
from agmax_mm.functional.information import batch_entropy, mutual_information, pair_entropy
from agmax_mm.functional.jitter import color_jitter
from agmax_mm.functional.lighting import pca_lighting
from agmax_mm.functional.localization import (
    box_from_map,
    box_iou,
    class_activation_map,
    component_boxes,
    component_overlaps,
    max_box_accuracy,
)
from agmax_mm.functional.mixing import cutmix, mixup, sample_beta
from agmax_mm.functional.shake_drop import shake_drop
from agmax_mm.functional.spectrograms import (
    mel_filterbank,
    mel_power,
    mel_spectrogram,
    power_to_decibels,
    resample_linearly,
    short_time_fourier,
)
from agmax_mm.functional.vocoder import phase_vocoder

__all__ = [
    'ReliabilityBins',
    'all_reduce_sum',
    'auroc',
    'batch_entropy',
    'box_from_map',
    'box_iou',
    'class_activation_map',
    'color_jitter',
    'component_boxes',
    'component_overlaps',
    'cross_entropy_agreement',
    'cutmix',
    'cutmix_bbox',
    'cutout',
    'detection_accuracy',
    'drop_block',
    'expected_calibration_error',
    'fgsm',
    'fixed_size_bbox',
    'jsd_agreement',
    'kept_share',
    'kl_agreement',
    'max_box_accuracy',
    'mel_filterbank',
    'mel_power',
    'mel_spectrogram',
    'mixup',
    'mse_agreement',
    'mutual_information',
    'pair_consistency',
    'pair_entropy',
    'pca_lighting',
    'pgd',
    'phase_vocoder',
    'power_to_decibels',
    'reliability_bins',
    'resample_linearly',
    'roc_curve',
    'sample_beta',
    'shake_drop',
    'short_time_fourier',
    'tnr_at_tpr',
]
