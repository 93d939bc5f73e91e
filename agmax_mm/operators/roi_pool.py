"""RoIPool (Girshick 2015, section 2.1): mmcv's ``roi_pool_forward`` and ``roi_pool_backward``.

torchvision has an operator of that name, but it rounds the corners of a region to whole pixels first. mmcv does not, so
this one is written out.
"""

from __future__ import annotations

import torch
from torch import Tensor

# What a chunk of regions may gather: 64 MB in single precision.
_CHUNK_ELEMENTS = 2**24


def roi_pool_forward(
    features: Tensor,
    rois: Tensor,
    output: Tensor,
    argmax: Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
) -> None:
    """Write the maximum of each cell of each region into ``output``, and where it was found into ``argmax``.

    The first of equal maxima counts, and a NaN counts for nothing. A cell outside of the features is 0, and so is a
    region turned inside out; their place is -1, so that no gradient goes back from there.

    Args:
        features: ``(n, channels, height, width)``.
        rois: ``(regions, 5)``: index of the image, then x1, y1, x2, y2 in pixels of the image; x2 and y2 lie inside.
        output: ``(regions, channels, pooled_height, pooled_width)``.
        argmax: Of the same shape, int32: row x width + column.
        pooled_height: Cells of a region from top to bottom.
        pooled_width: Cells of a region from left to right.
        spatial_scale: Pixels of the features for one of the image.
    """
    if not output.numel():
        return
    height, width = features.shape[2:]
    corners = rois[:, 1:].to(torch.promote_types(features.dtype, torch.float32))
    upright = (corners[:, 2:] + 1 > corners[:, :2]).all(1)
    top, bottom = _cells(corners[:, 1], corners[:, 3], spatial_scale, pooled_height, height)
    left, right = _cells(corners[:, 0], corners[:, 2], spatial_scale, pooled_width, width)
    bottom = torch.where(upright[:, None], bottom, top)
    pixels = features.flatten(2).transpose(1, 2)  # (n, height * width, channels)
    images = rois[:, 0].long()
    rows = torch.arange(max(int((bottom - top).max()), 1), device=rois.device)
    columns = torch.arange(max(int((right - left).max()), 1), device=rois.device)
    # Less is -inf in half precision, where a number as the limit would be refused.
    lowest = torch.full((), torch.finfo(torch.float32).min, device=rois.device).to(features)
    gathered = pooled_height * pooled_width * len(rows) * len(columns) * features.shape[1]
    for part in torch.arange(len(rois), device=rois.device).split(max(_CHUNK_ELEMENTS // gathered, 1)):
        y = top[part, :, None] + rows  # (regions, pooled_height, rows)
        x = left[part, :, None] + columns
        inside = (y < bottom[part, :, None])[:, :, None, :, None] & (x < right[part, :, None])[:, None, :, None, :]
        places = y.clamp(max=height - 1)[:, :, None, :, None] * width + x.clamp(max=width - 1)[:, None, :, None, :]
        places, inside = places.flatten(3), inside.flatten(3)[..., None]
        values = pixels[
            images[part, None, None, None], places
        ]  # (regions, pooled_height, pooled_width, pixels, channels)
        values = values.masked_fill(~inside | values.isnan(), -torch.inf)
        highest = values.amax(3, keepdim=True)
        numbers = torch.arange(places.shape[3], device=rois.device)[:, None]
        first = torch.where(values == highest, numbers, numbers[-1]).amin(3)
        found = (highest > -torch.inf).squeeze(3)
        empty = ~inside.any(3)
        values = torch.where(empty, 0, highest.squeeze(3).maximum(lowest))
        output[part] = values.permute(0, 3, 1, 2).to(output)
        place = torch.where(found, places.gather(3, first), -1)
        argmax[part] = place.permute(0, 3, 1, 2).to(argmax)


def roi_pool_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax: Tensor,
    grad_input: Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
) -> None:
    """Write the gradient by the features into ``grad_input``; arguments as in :func:`roi_pool_forward`."""
    channels, height, width = grad_input.shape[1:]
    pixels = torch.zeros_like(grad_input, memory_format=torch.contiguous_format).view(-1)
    planes = rois[:, :1].long() * channels + torch.arange(channels, device=rois.device)
    places = planes[:, :, None, None] * (height * width) + argmax
    found = argmax >= 0
    pixels.index_add_(0, places[found], grad_output[found])
    grad_input.copy_(pixels.view(grad_input.shape))


def _cells(low: Tensor, high: Tensor, scale: float, count: int, size: int) -> tuple[Tensor, Tensor]:
    """Return first pixel and the one after the last of each cell along one side, both ``(regions, count)``."""
    start = low * scale
    step = ((high + 1) * scale - start) / count
    numbers = torch.arange(count, device=low.device, dtype=low.dtype)
    first = (numbers * step[:, None] + start[:, None]).floor()
    last = ((numbers + 1) * step[:, None] + start[:, None]).ceil()
    return first.long().clamp(0, size), last.long().clamp(0, size)
