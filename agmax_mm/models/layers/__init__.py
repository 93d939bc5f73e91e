"""Layers that regularise residual networks."""

from agmax_mm.models.layers.branches import BranchRegularizers
from agmax_mm.models.layers.drop_block import DropBlock
from agmax_mm.models.layers.shake_drop import ShakeDrop

__all__ = ['BranchRegularizers', 'DropBlock', 'ShakeDrop']
