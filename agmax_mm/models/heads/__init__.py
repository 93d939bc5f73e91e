"""Heads."""

from agmax_mm.models.heads.pair_head import PairHead, default_hid_channels

__all__ = ['PairHead', 'default_hid_channels']
