"""Trained networks that others published, as the host's backbones: what the robustness suites are shown with."""

from __future__ import annotations

import torch.nn.functional as F
import torchvision
from mmengine.model import BaseModule
from torch import Tensor, nn

from agmax_mm.registry import MODELS


class _Block(nn.Module):
    """Two 3x3 convolutions; the shortcut drops every other pixel and adds channels of zeros (He et al., option A)."""

    def __init__(self, in_channels: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.stride = stride
        self.new_channels = channels - in_channels

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, in_channels, H, W)`` to ``(N, channels, ceil(H / stride), ceil(W / stride))``."""
        branch = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        half = self.new_channels // 2
        shortcut = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, half, half))
        return F.relu(branch + shortcut)


@MODELS.register_module()
class ResNet20(BaseModule):
    """The ResNet-20 of He et al. for CIFAR, section 4.2; the names are those of akamaster/pytorch_resnet_cifar10."""

    def __init__(self, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        widths = (16, 16, 32, 64)
        for stage in (1, 2, 3):
            first = _Block(widths[stage - 1], widths[stage], 1 if stage == 1 else 2)
            others = [_Block(widths[stage], widths[stage], 1) for _ in range(2)]
            setattr(self, f'layer{stage}', nn.Sequential(first, *others))

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Map ``(N, 3, 32, 32)`` to ``(N, 64, 8, 8)``."""
        x = F.relu(self.bn1(self.conv1(x)))
        for stage in (1, 2, 3):
            x = getattr(self, f'layer{stage}')(x)
        return (x,)


@MODELS.register_module()
class SqueezeNet(BaseModule):
    """SqueezeNet 1.0 of torchvision up to its pooling: its maps are the logits of the classes by place."""

    def __init__(self, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        network = torchvision.models.squeezenet1_0()
        self.features = network.features
        self.classifier = network.classifier[:-1]

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Map ``(N, 3, H, W)`` to ``(N, 1000, h, w)``."""
        return (self.classifier(self.features(x)),)
