"""Deformable convolution (Dai et al. 2017) and its modulated form (Zhu et al. 2019), as mmcv calls them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from agmax_mm.operators.precision import at_least_single


@dataclass(frozen=True)
class _Geometry:
    """Steps of the kernel, each as (vertical, horizontal), and in how many groups channels and offsets come."""

    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int
    offset_groups: int

    def arguments(self, modulated: bool) -> tuple[int | bool, ...]:
        """Return what torchvision's operators take after the tensors."""
        return (*self.stride, *self.padding, *self.dilation, self.groups, self.offset_groups, modulated)


def deform_conv_forward(
    features: Tensor,
    weight: Tensor,
    offset: Tensor,
    output: Tensor,
    columns: Tensor,
    ones: Tensor,
    kW: int,
    kH: int,
    dW: int,
    dH: int,
    padW: int,
    padH: int,
    dilationW: int,
    dilationH: int,
    group: int,
    deformable_group: int,
    im2col_step: int,
) -> None:
    """Write the convolution into ``output``.

    Args:
        features: ``(n, channels, height, width)``.
        weight: ``(out, channels / group, kH, kW)``.
        offset: ``(n, deformable_group * kH * kW * 2, height_out, width_out)`` pixels, each pair as y, x.
        output: ``(n, out, height_out, width_out)``.
        columns: Not used: space for the compiled operator.
        ones: Not used: space for the compiled operator.
        kW: Width of the kernel.
        kH: Height of the kernel.
        dW: Horizontal stride.
        dH: Vertical stride.
        padW: Zeros left and right.
        padH: Zeros above and below.
        dilationW: Horizontal distance of the kernel's elements.
        dilationH: Vertical distance of the kernel's elements.
        group: Groups of channels.
        deformable_group: Groups of channels that share an offset.
        im2col_step: Not used: images that the compiled operator takes at once.
    """
    geometry = _Geometry((dH, dW), (padH, padW), (dilationH, dilationW), group, deformable_group)
    _forward(features, weight, offset, None, None, output, geometry)


def deform_conv_backward_input(
    features: Tensor,
    offset: Tensor,
    grad_output: Tensor,
    grad_input: Tensor,
    grad_offset: Tensor,
    weight: Tensor,
    columns: Tensor,
    kW: int,
    kH: int,
    dW: int,
    dH: int,
    padW: int,
    padH: int,
    dilationW: int,
    dilationH: int,
    group: int,
    deformable_group: int,
    im2col_step: int,
) -> None:
    """Write the gradients by features and offsets; arguments as in :func:`deform_conv_forward`."""
    geometry = _Geometry((dH, dW), (padH, padW), (dilationH, dilationW), group, deformable_group)
    gradients = _backward(grad_output, features, weight, offset, None, geometry)
    grad_input.copy_(gradients[0])
    grad_offset.copy_(gradients[2])


def deform_conv_backward_parameters(
    features: Tensor,
    offset: Tensor,
    grad_output: Tensor,
    grad_weight: Tensor,
    columns: Tensor,
    ones: Tensor,
    kW: int,
    kH: int,
    dW: int,
    dH: int,
    padW: int,
    padH: int,
    dilationW: int,
    dilationH: int,
    group: int,
    deformable_group: int,
    scale: float,
    im2col_step: int,
) -> None:
    """Write the gradient by the weights times ``scale``; other arguments as in :func:`deform_conv_forward`."""
    geometry = _Geometry((dH, dW), (padH, padW), (dilationH, dilationW), group, deformable_group)
    unused = torch.zeros_like(grad_weight)  # the weights themselves do not take part in their gradient
    grad_weight.copy_(_backward(grad_output, features, unused, offset, None, geometry)[1] * scale)


def modulated_deform_conv_forward(
    features: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    output: Tensor,
    columns: Tensor,
    kernel_h: int,
    kernel_w: int,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    group: int,
    deformable_group: int,
    with_bias: bool,
) -> None:
    """Write the modulated convolution into ``output``.

    Args:
        features: ``(n, channels, height, width)``.
        weight: ``(out, channels / group, kernel_h, kernel_w)``.
        bias: ``(out,)``, or empty without bias.
        ones: Not used: space for the compiled operator.
        offset: ``(n, deformable_group * kernel_h * kernel_w * 2, height_out, width_out)`` pixels, each pair as y, x.
        mask: Half as many channels as ``offset``: a factor for each sample.
        output: ``(n, out, height_out, width_out)``.
        columns: Not used: space for the compiled operator.
        kernel_h: Height of the kernel.
        kernel_w: Width of the kernel.
        stride_h: Vertical stride.
        stride_w: Horizontal stride.
        pad_h: Zeros above and below.
        pad_w: Zeros left and right.
        dilation_h: Vertical distance of the kernel's elements.
        dilation_w: Horizontal distance of the kernel's elements.
        group: Groups of channels.
        deformable_group: Groups of channels that share an offset.
        with_bias: Whether to add the bias.
    """
    geometry = _Geometry((stride_h, stride_w), (pad_h, pad_w), (dilation_h, dilation_w), group, deformable_group)
    _forward(features, weight, offset, mask, bias if with_bias else None, output, geometry)


def modulated_deform_conv_backward(
    features: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    columns: Tensor,
    grad_input: Tensor,
    grad_weight: Tensor,
    grad_bias: Tensor,
    grad_offset: Tensor,
    grad_mask: Tensor,
    grad_output: Tensor,
    kernel_h: int,
    kernel_w: int,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    group: int,
    deformable_group: int,
    with_bias: bool,
) -> None:
    """Write all gradients; arguments as in :func:`modulated_deform_conv_forward`."""
    geometry = _Geometry((stride_h, stride_w), (pad_h, pad_w), (dilation_h, dilation_w), group, deformable_group)
    gradients = _backward(grad_output, features, weight, offset, mask, geometry)
    for target, gradient in zip((grad_input, grad_weight, grad_offset, grad_mask), gradients, strict=True):
        target.copy_(gradient)
    if with_bias:
        grad_bias.copy_(grad_output.sum((0, 2, 3)))


def _forward(
    features: Tensor,
    weight: Tensor,
    offset: Tensor,
    mask: Tensor | None,
    bias: Tensor | None,
    output: Tensor,
    geometry: _Geometry,
) -> None:
    shift = features.new_zeros(len(weight)) if bias is None else bias
    factor = features.new_zeros(len(features), 1) if mask is None else mask
    tensors = at_least_single(features, weight, offset, factor, shift)
    output.copy_(torch.ops.torchvision.deform_conv2d(*tensors, *geometry.arguments(mask is not None)))


def _backward(
    grad_output: Tensor, features: Tensor, weight: Tensor, offset: Tensor, mask: Tensor | None, geometry: _Geometry
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients by features, weight, offset and mask."""
    shift = features.new_zeros(len(weight))
    factor = features.new_zeros(len(features), 1) if mask is None else mask
    tensors = at_least_single(grad_output, features, weight, offset, factor, shift)
    arguments = geometry.arguments(mask is not None)
    by_features, by_weight, by_offset, by_factor, _ = torch.ops.torchvision._deform_conv2d_backward(
        *tensors, *arguments
    )
    outside = _is_outside(offset, features.shape[2:], weight.shape[2:], geometry)
    return by_features, by_weight, by_offset.masked_fill(outside, 0), by_factor


def _is_outside(
    offset: Tensor, size: tuple[int, ...] | torch.Size, kernel: tuple[int, ...] | torch.Size, geometry: _Geometry
) -> Tensor:
    """Return where a sample lies a whole pixel or more outside of the features, in the shape of ``offset``.

    There mmcv gives no gradient by the offset. torchvision gives one at exactly -1, where a kernel with padding starts
    out.
    """
    height_out, width_out = offset.shape[2:]
    outside = []
    shifts = offset.unflatten(1, (geometry.offset_groups, *kernel, 2))
    for axis, count in enumerate((height_out, width_out)):
        starts = torch.arange(count, device=offset.device) * geometry.stride[axis] - geometry.padding[axis]
        steps = torch.arange(kernel[axis], device=offset.device) * geometry.dilation[axis]
        shape = [1, 1, 1, 1, 1, 1]
        shape[2 + axis], shape[4 + axis] = len(steps), count
        grid = (steps[:, None] + starts).view(shape)
        position = shifts.select(4, axis) + grid
        outside.append((position <= -1) | (position >= size[axis]))
    return (outside[0] | outside[1]).unsqueeze(4).expand_as(shifts).reshape(offset.shape)
