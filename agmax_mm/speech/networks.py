"""LeNet5 and VGG11 for spectrograms of 32 x 32, with torch's own initialisation, as in the AgMax authors' code."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from agmax_mm.registry import MODELS

# Channels of the convolutions; M is a pooling.
_VGG11 = (64, 'M', 128, 'M', 256, 256, 'M', 512, 512, 'M', 512, 512, 'M')


@MODELS.register_module()
class LeNet5(BaseModule):
    """Two convolutions and two linear layers with ReLU and max-pooling; the third linear layer is the head.

    mmpretrain's LeNet5 has the hyperbolic tangent and average pooling.

    Args:
        in_channels: Channels of the input.
        init_cfg: Initialisation, as in the host.

    References:
        Y. LeCun et al., "Gradient-Based Learning Applied to Document Recognition", Proc. IEEE 86, 1998.
    """

    def __init__(self, in_channels: int = 1, init_cfg: dict[str, Any] | None = None) -> None:
        super().__init__(init_cfg)
        self.conv1 = nn.Conv2d(in_channels, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(400, 120)
        self.fc2 = nn.Linear(120, 84)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Map ``(N, in_channels, 32, 32)`` to ``(N, 84)``."""
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(x.flatten(1)))
        return (F.relu(self.fc2(x)),)


@MODELS.register_module()
class VGG11(BaseModule):
    """The convolutions of VGG11, which leave one pixel of a spectrogram of 32 x 32.

    mmpretrain's VGG takes three channels.

    Args:
        in_channels: Channels of the input.
        batch_norm: Batch normalisation behind each convolution.
        width: Factor of all numbers of channels, above 0; 1 has 512 in the end.
        init_cfg: Initialisation, as in the host.

    Raises:
        ValueError: If ``width`` leaves no channel.

    References:
        K. Simonyan and A. Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015,
        configuration A.
    """

    def __init__(
        self,
        in_channels: int = 1,
        batch_norm: bool = True,
        width: float = 1.0,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if width * 64 < 1:
            raise ValueError(f'VGG11.width: expected at least 1/64, got {width}')
        layers: list[nn.Module] = []
        for part in _VGG11:
            if part == 'M':
                layers.append(nn.MaxPool2d(2))
                continue
            channels = round(width * int(part))
            layers.append(nn.Conv2d(in_channels, channels, 3, padding=1))
            layers += [nn.BatchNorm2d(channels)] if batch_norm else []
            layers.append(nn.ReLU(inplace=True))
            in_channels = channels
        self.features = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Map ``(N, in_channels, 32, 32)`` to ``(N, 512 * width, 1, 1)``."""
        return (self.features(x),)
