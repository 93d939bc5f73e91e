"""ShakeDrop as a layer."""

from __future__ import annotations

from torch import Tensor, nn

from agmax_mm.functional import shake_drop


class ShakeDrop(nn.Module):
    """Weigh a residual branch at random in training, by ``keep_prob`` in evaluation; see :func:`.shake_drop`.

    All views that pass together share the gate; in data-parallel training each process draws its own. A forward pass
    that is repeated to save memory repeats its draws, as ``torch.utils.checkpoint`` restores the generators for it; the
    backward draws come after both.

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
        """Tensor of shape ``(N, ...)``."""
        return shake_drop(x, keep_prob=self.keep_prob) if self.training else x * self.keep_prob

    def extra_repr(self) -> str:
        """What the layer's line in a printed network says."""
        return f'keep_prob={self.keep_prob}'
