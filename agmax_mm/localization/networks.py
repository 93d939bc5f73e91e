"""What the networks of localisation have beside the host's parts."""

from __future__ import annotations

from typing import Any

from mmengine.model import BaseModule
from mmpretrain.models import GlobalAveragePooling
from torch import Tensor, nn

from agmax_mm.registry import MODELS


@MODELS.register_module()
class PooledConvolution(BaseModule):
    """A neck that applies a 3x3 convolution and a ReLU to the last map, and averages it: the end of VGG-GAP.

    It stands in for the fully connected layers of VGG, so that the network has class activation maps.

    Args:
        in_channels: Channels of the backbone's last map.
        out_channels: Channels of the map that is averaged; the head's ``in_channels``.
        init_cfg: Initialisation, as in the host; by default torch's.

    References:
        B. Zhou et al., "Learning Deep Features for Discriminative Localization", CVPR 2016, Section 3.
    """

    def __init__(
        self, in_channels: int = 512, out_channels: int = 1024, init_cfg: dict[str, Any] | list[Any] | None = None
    ) -> None:
        super().__init__(init_cfg)
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.pool = GlobalAveragePooling()

    def forward(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor]:
        """Map the last of some maps, ``(N, in_channels, H, W)``, to features ``(N, out_channels)``."""
        features: Tensor = self.pool(self.relu(self.conv(inputs[-1])))
        return (features,)
