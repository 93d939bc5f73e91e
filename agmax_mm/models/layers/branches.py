"""The regularisers of the residual branches of a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn
from torchvision.ops import StochasticDepth

from agmax_mm.models.layers.drop_block import DropBlock
from agmax_mm.models.layers.shake_drop import ShakeDrop

_MODES = ('linear', 'uniform')
_DROP_BLOCK_OPTIONS = ('drop_prob', 'block_size', 'ramp', 'stages')
_SHAKE_DROP_OPTIONS = ('final_prob',)


@dataclass(frozen=True)
class BranchRegularizers:
    """Regularisers of the residual branches of a network, by block.

    The CutMix paper gives the rate 0.25 of Stochastic Depth, and the probability 0.1 and block size 4 of DropBlock.
    The rest follows the papers of the methods: the linear rule of Stochastic Depth, DropBlock in the last stages with
    a growing probability, and all of ShakeDrop.

    Attributes:
        num_blocks: Blocks of the network, all stages together.
        drop_path_rate: Probability of dropping a branch, per row of the batch, within ``[0, 1)``; kept branches are
            scaled by ``1 / (1 - rate)``. 0 turns it off.
        drop_path_mode: ``'linear'`` from 0 in the first block to ``drop_path_rate`` in the last, or ``'uniform'``.
        drop_block: Options of :class:`DropBlock`, and ``stages``, the stages that have it, counted from 0; by
            default the second and third. None turns it off.
        shake_drop: ``final_prob`` is the last block's probability of an open gate, by default 0.5; of L blocks the
            l-th has ``1 - l / L * (1 - final_prob)``. None turns it off.

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
        _check_options('drop_block', self.drop_block, _DROP_BLOCK_OPTIONS)
        _check_options('shake_drop', self.shake_drop, _SHAKE_DROP_OPTIONS)
        stages = (self.drop_block or {}).get('stages', (1, 2))
        if not isinstance(stages, list | tuple) or not stages or not set(stages) <= {0, 1, 2}:
            raise ValueError(f'drop_block.stages: expected some of 0, 1 and 2, got {stages!r}')
        if self.shake_drop is not None and self.drop_path_rate:
            raise ValueError('shake_drop: expected drop_path_rate=0 beside it, as it drops branches itself')
        if not 0.0 <= self._final_prob <= 1.0:
            raise ValueError(f'shake_drop.final_prob: expected a number within [0, 1], got {self._final_prob}')

    @property
    def _final_prob(self) -> float:
        return (self.shake_drop or {}).get('final_prob', 0.5)

    def after_norms(self, stage: int) -> nn.Module:
        """Return the layer that follows every norm of a branch in a stage, counted from 0."""
        if self.drop_block is None:
            return nn.Identity()
        options = dict(self.drop_block)
        return DropBlock(**options) if stage in options.pop('stages', (1, 2)) else nn.Identity()

    def after_branch(self, block: int) -> nn.Module:
        """Return the layer between the end of a branch and its addition to the shortcut, for blocks counted from 0."""
        if self.shake_drop is not None:
            return ShakeDrop(1.0 - (block + 1) / self.num_blocks * (1.0 - self._final_prob))
        rate = self.drop_path_rate
        if self.drop_path_mode == 'linear':
            rate *= block / max(self.num_blocks - 1, 1)
        return StochasticDepth(rate, 'row') if rate else nn.Identity()


def _check_options(name: str, options: Mapping[str, Any] | None, known: tuple[str, ...]) -> None:
    if not isinstance(options, Mapping | None):
        raise ValueError(f'{name}: expected a dict of options out of {", ".join(known)}, got {options!r}')
    if unknown := sorted(set(options or {}) - set(known)):
        raise ValueError(f'{name}: expected options out of {", ".join(known)}, got {", ".join(unknown)}')
