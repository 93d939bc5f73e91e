"""Dropping of square blocks of feature maps.

Shapes: N = rows of the batch, C = channels, H x W = positions of the map.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def drop_block(x: Tensor, *, drop_prob: float, block_size: int, generator: torch.Generator | None = None) -> Tensor:
    """Set blocks of a feature map to 0, and scale up the rest so that a constant map keeps its sum.

    Each channel of each row has its own blocks. All blocks lie within the map. So there are
    ``(H - block_size + 1) x (W - block_size + 1)`` places for the upper left corner of a block, and each is drawn with
    the probability

    ``gamma = drop_prob / block_size**2 * H * W / ((H - block_size + 1) * (W - block_size + 1))``,

    for even and odd sizes. Blocks overlap, so a little less than ``drop_prob`` of the map is dropped. The scale is one
    number for the whole tensor: the number of its elements divided by the number of kept elements.

    Args:
        x: Shape ``(N, C, H, W)``, not changed.
        drop_prob: Share of the map to drop, within ``[0, 1)``; with 0 nothing is drawn.
        block_size: Side of the blocks, from 1 (dropout) to the smaller side of the map.
        generator: Source of randomness on the device of ``x``; torch's global one there by default.

    Returns:
        Map of the same shape, type and memory format.

    Raises:
        ValueError: If the map has another number of dimensions, ``drop_prob`` is out of range, or a block does not fit.

    References:
        G. Ghiasi, T.-Y. Lin and Q. V. Le, "DropBlock", NeurIPS 2018, Algorithm 1 and Eq. 1.
    """
    if x.ndim != 4:
        raise ValueError(f'drop_block: expected a map (N, C, H, W), got {tuple(x.shape)}')
    if not 0.0 <= drop_prob < 1.0:
        raise ValueError(f'drop_block.drop_prob: expected a number within [0, 1), got {drop_prob}')
    height, width = x.shape[-2:]
    if not 1 <= block_size <= min(height, width):
        raise ValueError(
            f'drop_block.block_size: expected 1 to the smaller side of the map, {height} x {width}, got {block_size}'
        )
    if drop_prob == 0.0:
        return x
    rows, columns = height - block_size + 1, width - block_size + 1
    gamma = drop_prob / block_size**2 * height * width / (rows * columns)
    # Draws are float32 for every type of x: half precision cannot represent small differences of probabilities.
    draws = torch.rand((*x.shape[:2], rows, columns), generator=generator, device=x.device)
    corners = F.pad((draws < gamma).float(), [block_size - 1] * 4)
    # A position is dropped if a block's corner lies up to `block_size - 1` above and to the left of it.
    kept = 1.0 - F.max_pool2d(corners, block_size, stride=1)
    scale = kept.numel() / kept.sum().clamp(min=1.0)
    return x * (kept * scale).to(x.dtype)
