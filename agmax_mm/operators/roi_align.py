"""RoIAlign (He et al. 2017, section 3): mmcv's ``roi_align_forward`` and ``roi_align_backward``."""

from __future__ import annotations

import torch
from torch import Tensor

from agmax_mm.operators.precision import at_least_single

_AVERAGE = 1


def roi_align_forward(
    features: Tensor,
    rois: Tensor,
    output: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Write the average of each cell of each region into ``output``.

    Args:
        features: ``(n, channels, height, width)``.
        rois: ``(regions, 5)``: index of the image, then x1, y1, x2, y2 in pixels of the image.
        output: ``(regions, channels, aligned_height, aligned_width)``.
        argmax_y: Not used; belongs to the maximum.
        argmax_x: Not used; belongs to the maximum.
        aligned_height: Cells of a region from top to bottom.
        aligned_width: Cells of a region from left to right.
        spatial_scale: Pixels of the features for one of the image.
        sampling_ratio: Samples of a cell in each direction; 0 for as many as the cell has pixels.
        pool_mode: 1 for the average.
        aligned: Whether pixel centres lie at half pixels.

    Raises:
        ValueError: If ``pool_mode`` asks for the maximum.
    """
    _check_average(pool_mode)
    features, rois = at_least_single(features, rois)
    size = (spatial_scale, aligned_height, aligned_width, sampling_ratio, aligned)
    output.copy_(torch.ops.torchvision.roi_align(features, rois, *size))


def roi_align_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    grad_input: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Write the gradient by the features into ``grad_input``; arguments as in :func:`roi_align_forward`."""
    _check_average(pool_mode)
    grad_output, rois = at_least_single(grad_output, rois)
    size = (spatial_scale, aligned_height, aligned_width, *grad_input.shape, sampling_ratio, aligned)
    grad_input.copy_(torch.ops.torchvision._roi_align_backward(grad_output, rois, *size))


def _check_average(pool_mode: int) -> None:
    if pool_mode != _AVERAGE:
        raise ValueError(
            "RoIAlign: expected pool_mode='avg', got 'max', which has no stand-in; write pool_mode='avg' or compile "
            'mmcv (make install OPERATORS=compiled, needs a C++ compiler)'
        )
