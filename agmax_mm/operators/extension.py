"""The functions that ``mmcv._ext`` consists of where the stand-ins take its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torchvision  # noqa: F401  (registers its operators with torch)

from agmax_mm.operators import deform_conv, focal_loss, nms, roi_align, roi_pool


def get_compiler_version() -> str:
    """Return what mmcv and mmdet print as the compiler of the operators."""
    return 'none: torchvision operators through agmax_mm'


def get_compiling_cuda_version() -> str:
    """Return what mmcv and mmdet print as the CUDA version that the operators were compiled with."""
    return 'none: torchvision operators through agmax_mm'


FUNCTIONS: dict[str, Callable[..., Any]] = {
    'nms': nms.nms,
    'softnms': nms.soft_nms,
    'nms_match': nms.nms_match,
    'roi_align_forward': roi_align.roi_align_forward,
    'roi_align_backward': roi_align.roi_align_backward,
    'roi_pool_forward': roi_pool.roi_pool_forward,
    'roi_pool_backward': roi_pool.roi_pool_backward,
    'deform_conv_forward': deform_conv.deform_conv_forward,
    'deform_conv_backward_input': deform_conv.deform_conv_backward_input,
    'deform_conv_backward_parameters': deform_conv.deform_conv_backward_parameters,
    'modulated_deform_conv_forward': deform_conv.modulated_deform_conv_forward,
    'modulated_deform_conv_backward': deform_conv.modulated_deform_conv_backward,
    'sigmoid_focal_loss_forward': focal_loss.sigmoid_focal_loss_forward,
    'sigmoid_focal_loss_backward': focal_loss.sigmoid_focal_loss_backward,
    'softmax_focal_loss_forward': focal_loss.softmax_focal_loss_forward,
    'softmax_focal_loss_backward': focal_loss.softmax_focal_loss_backward,
    'get_compiler_version': get_compiler_version,
    'get_compiling_cuda_version': get_compiling_cuda_version,
}


def missing(name: str) -> Callable[..., Any]:
    """Return a function for an operator without a stand-in, which raises ``ValueError`` when it is called.

    ``mmcv.ops`` asks for all its operators when it is imported, so the name alone must not fail.

    Raises:
        AttributeError: If ``name`` is one of Python's own (``__path__``).
    """
    if name.startswith('__'):
        raise AttributeError(name)

    def call(*args: Any, **kwargs: Any) -> Any:
        raise ValueError(
            f'mmcv operator {name!r}: expected a compiled one, got an mmcv without compiled operators, and this one '
            'has no stand-in; compile mmcv (make install OPERATORS=compiled, needs a C++ compiler)'
        )

    call.__name__ = name
    return call
