"""DropBlock as a layer, with its schedule."""

from __future__ import annotations

from torch import Tensor, nn

from agmax_mm.functional import drop_block


class DropBlock(nn.Module):
    """Drop blocks of a feature map in training, with a growing probability; see :func:`.drop_block`.

    Each forward pass draws new blocks, for each row and channel. The probability grows linearly from 0 in the first
    step to ``drop_prob`` at the end of training.
    :class:`agmax_mm.SetProgressHook` tells the layer how much of training is done.

    Args:
        drop_prob: Share of the map to drop at the end of training, within ``[0, 1)``.
        block_size: Side of the blocks, at least 1, odd or even.
        ramp: Whether the probability grows. Otherwise it is always ``drop_prob``, and no hook is needed.

    Raises:
        ValueError: If a number is out of range, or in training if the map is smaller than a block or the layer was
            never told how far training is.
    """

    def __init__(self, drop_prob: float = 0.1, block_size: int = 4, *, ramp: bool = True) -> None:
        super().__init__()
        if not 0.0 <= drop_prob < 1.0:
            raise ValueError(f'DropBlock.drop_prob: expected a number within [0, 1), got {drop_prob}')
        if not isinstance(block_size, int) or block_size < 1:
            raise ValueError(f'DropBlock.block_size: expected an integer of at least 1, got {block_size}')
        self.drop_prob = drop_prob
        self.block_size = block_size
        self.progress: float | None = None if ramp else 1.0
        self.ramp = ramp

    def set_progress(self, fraction: float) -> None:
        """Set how much of training is done, within ``[0, 1]``."""
        if self.ramp:
            self.progress = fraction

    def forward(self, x: Tensor) -> Tensor:
        """Drop blocks of a map ``(N, C, H, W)`` in training; return it unchanged in evaluation."""
        if not self.training:
            return x
        if self.progress is None:
            raise ValueError(
                'DropBlock: expected to be told how far training is, got nothing; add '
                "dict(type='agmax_mm.SetProgressHook') to custom_hooks, or ramp=False to drop_block"
            )
        return drop_block(x, drop_prob=self.drop_prob * self.progress, block_size=self.block_size)

    def extra_repr(self) -> str:
        """Return the options, for the printed network."""
        return f'drop_prob={self.drop_prob}, block_size={self.block_size}, ramp={self.ramp}'
