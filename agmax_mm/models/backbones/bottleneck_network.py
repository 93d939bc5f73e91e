"""Common structure of the CutMix paper's networks for CIFAR."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mmengine.model import BaseModule
from torch import Tensor, nn

from agmax_mm.models.layers import BranchRegularizers

STEM_CHANNELS = 16
STAGES = 3
# Ratio of a block's output channels to those of its 3x3 convolution.
EXPANSION = 4
# Convolutions from N(0, sqrt(2 / (k * k * outputs))), norms as the identity.
HE_INIT: list[dict[str, Any]] = [dict(type='Kaiming', layer='Conv2d'), dict(type='Constant', val=1, layer='_BatchNorm')]

# Arguments: input channels, channels of the 3x3, stride, layer after each norm, layer after the branch.
BlockBuilder = Callable[[int, int, int, nn.Module, nn.Module], nn.Module]


def blocks_per_stage(depth: int, name: str) -> int:
    """Return the number of blocks in each of three stages, with three convolutions to a block.

    Raises:
        ValueError: If the depth is not 9n + 2; the message begins with ``name``.
    """
    if depth < 11 or (depth - 2) % 9:
        raise ValueError(f'{name}.depth: expected 9n + 2 with n >= 1, such as 110 or 200, got {depth}')
    return (depth - 2) // 9


class BottleneckNetwork(BaseModule):
    """A 3x3 convolution of 16 channels with a norm, and three stages of bottleneck blocks; the last two halve the map.

    Args:
        block: Builds a block.
        widths: Channels of the 3x3 convolution of each block; the number of blocks is a multiple of three. A block
            has four times as many output channels.
        in_channels: Channels of the input.
        drop_path_rate: Stochastic Depth; see :class:`agmax_mm.models.layers.BranchRegularizers` for this option and
            the next three.
        drop_path_mode: ``'linear'`` or ``'uniform'``.
        drop_block: Options of DropBlock, or None.
        shake_drop: Options of ShakeDrop, or None.
        out_indices: Stages to return, of 0, 1 and 2.
        init_cfg: Initialisation, as in the host; by default He's, with the fan of the outputs.

    Raises:
        ValueError: If ``out_indices`` or a regulariser's option is out of range.
    """

    def __init__(
        self,
        block: BlockBuilder,
        widths: Sequence[int],
        *,
        in_channels: int = 3,
        drop_path_rate: float = 0.0,
        drop_path_mode: str = 'linear',
        drop_block: dict[str, Any] | None = None,
        shake_drop: dict[str, Any] | None = None,
        out_indices: Sequence[int] = (2,),
        init_cfg: dict[str, Any] | list[dict[str, Any]] | None = HE_INIT,
    ) -> None:
        super().__init__(init_cfg)
        name = type(self).__name__
        if not out_indices or any(index not in range(STAGES) for index in out_indices):
            raise ValueError(f'{name}.out_indices: expected some of 0, 1 and 2, got {tuple(out_indices)}')
        try:
            regularizers = BranchRegularizers(len(widths), drop_path_rate, drop_path_mode, drop_block, shake_drop)
        except ValueError as error:
            raise ValueError(f'{name}.{error}') from None
        self.out_indices = tuple(out_indices)
        self.conv1 = nn.Conv2d(in_channels, STEM_CHANNELS, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(STEM_CHANNELS)
        channels = [STEM_CHANNELS, *(EXPANSION * width for width in widths)]
        per_stage = len(widths) // STAGES
        for stage in range(STAGES):
            blocks = []
            for index in range(stage * per_stage, (stage + 1) * per_stage):
                stride = 2 if stage > 0 and index == stage * per_stage else 1
                layers = regularizers.after_norms(stage), regularizers.after_branch(index)
                blocks.append(block(channels[index], widths[index], stride, *layers))
            self.add_module(f'layer{stage + 1}', nn.Sequential(*blocks))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the maps of the stages in ``out_indices`` for images ``(N, in_channels, H, W)``."""
        x = self.activate_stem(self.bn1(self.conv1(x)))
        outputs = []
        for stage in range(STAGES):
            x = getattr(self, f'layer{stage + 1}')(x)
            if stage in self.out_indices:
                outputs.append(self.finish(x) if stage == STAGES - 1 else x)
        return tuple(outputs)

    def activate_stem(self, x: Tensor) -> Tensor:
        """Apply the activation after the first norm; none by default."""
        return x

    def finish(self, x: Tensor) -> Tensor:
        """Apply the layers after the last stage; none by default."""
        return x
