"""Pyramidal residual networks for CIFAR-sized images."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from agmax_mm.models.backbones.bottleneck_network import (
    EXPANSION,
    STAGES,
    STEM_CHANNELS,
    BottleneckNetwork,
    blocks_per_stage,
)
from agmax_mm.registry import MODELS


class PyramidBottleneck(nn.Module):
    """Block of norm, 1x1, norm, ReLU, 3x3, norm, ReLU, 1x1, norm; no ReLU at either end.

    The shortcut has no weights. It is averaged over 2x2 if the stride is 2, and padded with channels of zeros if the
    block has more output channels than input channels.

    Args:
        in_channels: Channels of the input.
        width: Channels of the 3x3 convolution; the output has four times as many, at least ``in_channels``.
        stride: Stride of the 3x3 convolution, 1 or 2.
        after_norm: Layer after each norm.
        after_branch: Layer between the end of the branch and the addition.
    """

    def __init__(
        self, in_channels: int, width: int, stride: int, after_norm: nn.Module, after_branch: nn.Module
    ) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, width, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, EXPANSION * width, 1, bias=False)
        self.bn4 = nn.BatchNorm2d(EXPANSION * width)
        self.after_norm = after_norm
        self.after_branch = after_branch
        self.stride = stride
        self.new_channels = EXPANSION * width - in_channels

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, in_channels, H, W)`` to ``(N, 4 * width, ceil(H / stride), ceil(W / stride))``."""
        branch = self.conv1(self.after_norm(self.bn1(x)))
        branch = self.conv2(F.relu(self.after_norm(self.bn2(branch)), inplace=True))
        branch = self.conv3(F.relu(self.after_norm(self.bn3(branch)), inplace=True))
        branch = self.after_branch(self.after_norm(self.bn4(branch)))
        shortcut = x if self.stride == 1 else F.avg_pool2d(x, 2, ceil_mode=True)
        if self.new_channels:
            shortcut = F.pad(shortcut, (0, 0, 0, 0, 0, self.new_channels))
        return branch + shortcut


@MODELS.register_module()
class PyramidNet(BottleneckNetwork):
    """PyramidNet of bottleneck blocks, ``(depth - 2) / 9`` in each of three stages; the width grows with every block.

    The l-th of L blocks is ``16 + l * alpha / L`` wide, rounded, and has four times as many output channels. As in the
    CutMix authors' code, no ReLU follows the stem, and a norm and a ReLU follow the last stage.

    Args:
        depth: Such as 200 or 110; ``(depth - 2)`` must be a multiple of 9.
        alpha: Widening from the stem to the last block, at least 0; 240 for depth 200, 64 for depth 110.
        options: Further arguments of :class:`.BottleneckNetwork`: regularisers, ``in_channels``, ``out_indices`` and
            ``init_cfg``.

    Raises:
        ValueError: If a number makes no network.

    References:
        D. Han, J. Kim and J. Kim, "Deep Pyramidal Residual Networks", CVPR 2017; the CutMix paper's section 4.1.2 and
        github.com/clovaai/CutMix-PyTorch, ``pyramidnet.py``.
    """

    def __init__(self, depth: int = 200, alpha: float = 240, **options: Any) -> None:
        if not 0 <= alpha < float('inf'):
            raise ValueError(f'PyramidNet.alpha: expected at least 0, got {alpha}')
        super().__init__(PyramidBottleneck, pyramid_widths(depth, alpha), **options)
        self.bn_final = nn.BatchNorm2d(self.layer3[-1].bn4.num_features)

    def finish(self, x: Tensor) -> Tensor:
        """Apply the last norm and ReLU."""
        return torch.relu(self.bn_final(x))


def pyramid_widths(depth: int, alpha: float) -> list[int]:
    """Return the channels of the 3x3 convolution of each block."""
    blocks = STAGES * blocks_per_stage(depth, 'PyramidNet')
    width, widths = float(STEM_CHANNELS), []
    for _ in range(blocks):
        # The reference adds step by step. Its rounding errors decide how values near a half are rounded.
        width += alpha / blocks
        widths.append(round(width))
    return widths
