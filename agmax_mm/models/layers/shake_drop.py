"""ShakeDrop as a layer."""

from __future__ import annotations

from torch import Tensor, nn

from agmax_mm.functional import shake_drop


class ShakeDrop(nn.Module):
    """Weight a residual branch by random factors in training, and by ``keep_prob`` in evaluation.

    See :func:`.shake_drop`. All views of one forward pass share the gate. In data-parallel training each process draws
    its own gate. ``torch.utils.checkpoint`` may repeat a forward pass to save memory; it restores the generators, so
    the repeated pass draws the same numbers. The draws of the backward pass come after both.

    Args:
        keep_prob: Probability of leaving the branch as it is, within ``[0, 1]``.

    Raises:
        ValueError: If ``keep_prob`` is out of range.
    """

    def __init__(self, keep_prob: float) -> None:
        super().__init__()
        if not 0.0 <= keep_prob <= 1.0:
            raise ValueError(f'ShakeDrop.keep_prob: expected a number within [0, 1], got {keep_prob}')
        self.keep_prob = keep_prob

    def forward(self, x: Tensor) -> Tensor:
        """Weight a branch of shape ``(N, ...)``."""
        return shake_drop(x, keep_prob=self.keep_prob) if self.training else x * self.keep_prob

    def extra_repr(self) -> str:
        """Return the options, for the printed network."""
        return f'keep_prob={self.keep_prob}'
