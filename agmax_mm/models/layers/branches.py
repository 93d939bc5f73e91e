"""Which regulariser each residual branch of a network gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn
from torchvision.ops import StochasticDepth

from agmax_mm.models.layers.drop_block import DropBlock
from agmax_mm.models.layers.shake_drop import ShakeDrop

_MODES = ('linear', 'uniform')
_SHAKE_DROP_OPTIONS = {'final_prob'}


@dataclass(frozen=True)
class BranchRegularizers:
    """Regularisers of the residual branches of a network, by block.

    Attributes:
        num_blocks: Blocks of the network, all stages together.
        drop_path_rate: Probability of dropping a branch, per row of the batch, within ``[0, 1)``; kept ones are scaled
            by ``1 / (1 - rate)``. 0 is without.
        drop_path_mode: ``'linear'`` from 0 in the first block to ``drop_path_rate`` in the last, or ``'uniform'``.
        drop_block: Options of :class:`DropBlock`, and ``stages``: those whose branches have it, counted from 0, by
            default the second and third. None is without.
        shake_drop: ``final_prob`` is the last block's probability of an open gate, by default 0.5; of L blocks the
            l-th has ``1 - l / L * (1 - final_prob)``. None is without.

    Raises:
        ValueError: If an option is unknown or out of range, or Stochastic Depth and ShakeDrop are asked for together.
    """

    num_blocks: int
    drop_path_rate: float = 0.0
    drop_path_mode: str = 'linear'
    drop_block: Mapping[str, Any] | None = None
    shake_drop: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.drop_path_rate < 1.0:
            raise ValueError(f'drop_path_rate: expected a number within [0, 1), got {self.drop_path_rate}')
        if self.drop_path_mode not in _MODES:
            raise ValueError(f'drop_path_mode: expected one of {", ".join(_MODES)}, got {self.drop_path_mode!r}')
        if self.shake_drop is None:
            return
        if self.drop_path_rate:
            raise ValueError('shake_drop: expected drop_path_rate=0 beside it, as it drops branches itself')
        if unknown := set(self.shake_drop) - _SHAKE_DROP_OPTIONS:
            raise ValueError(f'shake_drop: expected the option final_prob, got {", ".join(sorted(unknown))}')
        if not 0.0 <= self._final_prob <= 1.0:
            raise ValueError(f'shake_drop.final_prob: expected a number within [0, 1], got {self._final_prob}')

    @property
    def _final_prob(self) -> float:
        return dict(self.shake_drop or {}).get('final_prob', 0.5)

    def after_norms(self, stage: int) -> nn.Module:
        """What follows each norm of a branch in a stage; a new layer each time, or the identity."""
        options = dict(self.drop_block or {})
        stages = options.pop('stages', (1, 2))
        if self.drop_block is None or stage not in stages:
            return nn.Identity()
        return DropBlock(**options)

    def at_the_end(self, block: int) -> nn.Module:
        """What the whole branch goes through before it is added to the shortcut, for blocks counted from 0."""
        if self.shake_drop is not None:
            return ShakeDrop(1.0 - (block + 1) / self.num_blocks * (1.0 - self._final_prob))
        rate = self.drop_path_rate
        if self.drop_path_mode == 'linear':
            rate *= block / max(self.num_blocks - 1, 1)
        return StochasticDepth(rate, 'row') if rate else nn.Identity()
