"""Wide residual networks for CIFAR-sized images."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from agmax_mm.registry import MODELS

_STEM_CHANNELS = 16
_STAGES = 3


class WideBasicBlock(nn.Module):
    """Pre-activation block: norm, ReLU, 3x3, norm, ReLU, dropout, 3x3.

    Where width or stride change, a 1x1 convolution of the activated input is the shortcut.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: Stride of the first convolution and of the shortcut.
        drop_rate: Dropout rate between the convolutions.
    """

    def __init__(self, in_channels: int, out_channels: int, *, stride: int, drop_rate: float) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.drop_rate = drop_rate
        self.shortcut: nn.Module | None = None
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Conv2d(in_channels, out_channels, 1, stride=stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, in_channels, H, W)`` to ``(N, out_channels, H / stride, W / stride)``."""
        activated = F.relu(self.norm1(x))
        residual = F.relu(self.norm2(self.conv1(activated)))
        residual = self.conv2(F.dropout(residual, self.drop_rate, self.training))
        return residual + (x if self.shortcut is None else self.shortcut(activated))


@MODELS.register_module()
class WideResNet(BaseModule):
    """WRN-d-k with three stages of ``(d - 4) / 6`` blocks and 16k, 32k and 64k channels.

    As in the AgMax authors' code, every convolution has a bias, and weights have torch's own initialisation.

    Args:
        depth: d, such as 40 or 28; ``(d - 4)`` must be a multiple of 6.
        widen_factor: k, such as 2 or 10.
        in_channels: Channels of the input.
        stem_stride: Stride of the first convolution. 2 halves all maps, which makes a step about four times as fast.
        drop_rate: Dropout rate inside the blocks.
        out_indices: Stages to return, of 0, 1 and 2; a norm and a ReLU follow the last stage.
        frozen_stages: The stem and so many stages do not learn and keep their statistics; 0 is the stem, -1 nothing.
        norm_eval: Whether batch normalisation keeps its statistics in training.
        init_cfg: Initialisation, as in the host.

    Raises:
        ValueError: If ``depth``, ``widen_factor``, ``out_indices`` or ``frozen_stages`` make no network.

    References:
        S. Zagoruyko and N. Komodakis, "Wide Residual Networks", BMVC 2016.
    """

    def __init__(
        self,
        depth: int = 40,
        widen_factor: int = 2,
        *,
        in_channels: int = 3,
        stem_stride: int = 1,
        drop_rate: float = 0.0,
        out_indices: tuple[int, ...] = (2,),
        frozen_stages: int = -1,
        norm_eval: bool = False,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if depth < 10 or (depth - 4) % 6:
            raise ValueError(f'WideResNet.depth: expected 6n + 4 with n >= 1, such as 28 or 40, got {depth}')
        if widen_factor < 1:
            raise ValueError(f'WideResNet.widen_factor: expected at least 1, got {widen_factor}')
        if not out_indices or any(index not in range(_STAGES) for index in out_indices):
            raise ValueError(f'WideResNet.out_indices: expected some of 0, 1 and 2, got {tuple(out_indices)}')
        if frozen_stages not in range(-1, _STAGES + 1):
            raise ValueError(f'WideResNet.frozen_stages: expected -1 to {_STAGES}, got {frozen_stages}')
        self.out_indices = tuple(out_indices)
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval
        self.stem = nn.Conv2d(in_channels, _STEM_CHANNELS, 3, stride=stem_stride, padding=1)
        channels = _STEM_CHANNELS
        for stage in range(_STAGES):
            out_channels = _STEM_CHANNELS * 2**stage * widen_factor
            blocks = []
            for index in range((depth - 4) // 6):
                stride = 2 if stage > 0 and index == 0 else 1
                blocks.append(WideBasicBlock(channels, out_channels, stride=stride, drop_rate=drop_rate))
                channels = out_channels
            self.add_module(f'layer{stage + 1}', nn.Sequential(*blocks))
        self.norm = nn.BatchNorm2d(channels)
        for part in self._frozen_parts():
            part.requires_grad_(False)

    def _frozen_parts(self) -> list[nn.Module]:
        if self.frozen_stages < 0:
            return []
        stages: list[nn.Module] = [getattr(self, f'layer{stage}') for stage in range(1, self.frozen_stages + 1)]
        return [self.stem, *stages, *([self.norm] if self.frozen_stages == _STAGES else [])]

    def train(self, mode: bool = True) -> WideResNet:
        """Set the mode; what is frozen, and with ``norm_eval`` all batch normalisation, stays as in evaluation."""
        super().train(mode)
        for part in [self] if self.norm_eval else self._frozen_parts():
            for module in part.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the maps of the stages in ``out_indices`` for images ``(N, in_channels, H, W)``."""
        x = self.stem(x)
        outputs = []
        for stage in range(_STAGES):
            x = getattr(self, f'layer{stage + 1}')(x)
            if stage in self.out_indices:
                outputs.append(torch.relu(self.norm(x)) if stage == _STAGES - 1 else x)
        return tuple(outputs)
