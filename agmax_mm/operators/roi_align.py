"""RoIAlign (He et al. 2017, section 3): mmcv's ``roi_align_forward`` and ``roi_align_backward``."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

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
    output.copy_(_by_channels(lambda part: torch.ops.torchvision.roi_align(part, rois, *size), features))


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
    images, _, *sides = grad_input.shape
    cells = (spatial_scale, aligned_height, aligned_width)

    def backward(part: Tensor) -> Tensor:
        shape = (images, part.shape[1], *sides)
        return torch.ops.torchvision._roi_align_backward(part, rois, *cells, *shape, sampling_ratio, aligned)

    grad_input.copy_(_by_channels(backward, grad_output))


def _by_channels(operator: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
    """Run an operator, on a processor with torch's number of threads.

    torchvision's runs on one. No channel depends on another one, so the result is the same, bit by bit.

    Args:
        operator: Function from some of the channels to the result for them.
        inputs: All channels, along the second axis.

    Returns:
        The result, with the channels along the second axis.
    """
    threads = min(torch.get_num_threads(), inputs.shape[1])
    if inputs.device.type != 'cpu' or threads < 2:
        return operator(inputs)

    def run(part: Tensor) -> Tensor:
        with torch.no_grad():  # a new thread has it on again
            return operator(part)

    with ThreadPoolExecutor(threads) as pool:
        return torch.cat(list(pool.map(run, inputs.chunk(threads, dim=1))), dim=1)


def _check_average(pool_mode: int) -> None:
    if pool_mode != _AVERAGE:
        raise ValueError(
            "RoIAlign: expected pool_mode='avg', got 'max', which has no stand-in; write pool_mode='avg' or compile "
            'mmcv (make install OPERATORS=compiled, needs a C++ compiler)'
        )
