"""The pair head: a small network on the logits of both views."""

from __future__ import annotations

import math

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from agmax_mm.registry import MODELS


def default_hid_channels(num_classes: int) -> int:
    """Return the hidden width of the released code: 128 for 10 classes, 512 for 100, 4096 for 1000.

    Args:
        num_classes: Number of classes, at least 2.

    References:
        github.com/roatienza/agmax, ``classifier.py``, lines 572 to 579. The published ResNet-50 checkpoints have 2048.
    """
    digits = int(math.log10(num_classes))
    width = 128 * (2**digits if digits > 1 else 1)
    return 4 * width if num_classes >= 1000 else width


@MODELS.register_module()
class PairHead(BaseModule):
    """Two linear layers from the concatenated logits of views A and B to one class vector.

    It is not symmetric in the views, and gradient passes to both inputs. It starts with torch's initialisation.

    Args:
        num_classes: Number of classes, K.
        hid_channels: Hidden width; by default :func:`default_hid_channels`.

    Raises:
        ValueError: If ``num_classes`` is below 2 or ``hid_channels`` below 1.
    """

    def __init__(self, num_classes: int, hid_channels: int | None = None) -> None:
        super().__init__()
        if num_classes < 2:
            raise ValueError(f'PairHead.num_classes: expected at least 2, got {num_classes}')
        if hid_channels is not None and hid_channels < 1:
            raise ValueError(f'PairHead.hid_channels: expected at least 1, got {hid_channels}')
        width = hid_channels or default_hid_channels(num_classes)
        self.layers = nn.Sequential(
            nn.Linear(2 * num_classes, width), nn.ReLU(inplace=True), nn.Linear(width, num_classes)
        )

    def forward(self, logits_a: Tensor, logits_b: Tensor) -> Tensor:
        """Logits of the pair, shape ``(N, K)``, from those of the views, each ``(N, K)``."""
        return self.layers(torch.cat([logits_a, logits_b], dim=1))
