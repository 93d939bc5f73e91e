"""Backbones that the host lacks, and backbones by name."""

from agmax_mm.models.backbones.cifar_resnet import CIFARResNet
from agmax_mm.models.backbones.named import NamedBackbone, named_backbone
from agmax_mm.models.backbones.pyramidnet import PyramidNet
from agmax_mm.models.backbones.timm_backbone import TimmBackbone
from agmax_mm.models.backbones.wide_resnet import WideResNet

__all__ = ['CIFARResNet', 'NamedBackbone', 'PyramidNet', 'TimmBackbone', 'WideResNet', 'named_backbone']
