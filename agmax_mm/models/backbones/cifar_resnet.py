"""Residual networks of three stages for CIFAR-sized images."""

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


class ResNetBottleneck(nn.Module):
    """Block of 1x1, norm, ReLU, 3x3, norm, ReLU, 1x1, norm, and a ReLU after the addition.

    Where channels or stride change, a 1x1 convolution and a norm are the shortcut.

    Args:
        in_channels: Channels of the input.
        width: Channels of the 3x3 convolution; the output has four times as many.
        stride: Stride of the 3x3 convolution and of the shortcut.
        after_norm: Layer after each norm of the branch.
        after_branch: Layer between the end of the branch and the addition.
    """

    def __init__(
        self, in_channels: int, width: int, stride: int, after_norm: nn.Module, after_branch: nn.Module
    ) -> None:
        super().__init__()
        out_channels = EXPANSION * width
        self.conv1 = nn.Conv2d(in_channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.after_norm = after_norm
        self.after_branch = after_branch
        self.downsample: nn.Module | None = None
        if stride != 1 or in_channels != out_channels:
            projection = nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)
            self.downsample = nn.Sequential(projection, nn.BatchNorm2d(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, in_channels, H, W)`` to ``(N, 4 * width, ceil(H / stride), ceil(W / stride))``."""
        branch = F.relu(self.after_norm(self.bn1(self.conv1(x))), inplace=True)
        branch = F.relu(self.after_norm(self.bn2(self.conv2(branch))), inplace=True)
        branch = self.after_branch(self.after_norm(self.bn3(self.conv3(branch))))
        shortcut = x if self.downsample is None else self.downsample(x)
        return F.relu(branch + shortcut, inplace=True)


@MODELS.register_module()
class CIFARResNet(BottleneckNetwork):
    """ResNet of bottleneck blocks, ``(depth - 2) / 9`` in each of three stages of 64, 128 and 256 channels.

    This is the ResNet-110 of the CutMix paper: its 1.1M parameters fit bottleneck blocks, not basic blocks.

    Args:
        depth: Such as 110; ``(depth - 2)`` must be a multiple of 9.
        options: Further arguments of :class:`.BottleneckNetwork`: regularisers, ``in_channels``, ``out_indices`` and
            ``init_cfg``.

    Raises:
        ValueError: If a number makes no network.

    References:
        K. He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2;
        github.com/clovaai/CutMix-PyTorch, ``resnet.py``.
    """

    def __init__(self, depth: int = 110, **options: Any) -> None:
        count = blocks_per_stage(depth, 'CIFARResNet')
        widths = [STEM_CHANNELS * 2**stage for stage in range(STAGES) for _ in range(count)]
        super().__init__(ResNetBottleneck, widths, **options)

    def activate_stem(self, x: Tensor) -> Tensor:
        """Apply ReLU after the first norm."""
        return torch.relu(x)
