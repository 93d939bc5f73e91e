"""Backbones that the host lacks."""

from agmax_mm.models.backbones.wide_resnet import WideResNet

__all__ = ['WideResNet']
