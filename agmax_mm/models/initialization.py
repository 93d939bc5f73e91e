"""The AgMax authors' initialisation of a whole network."""

from __future__ import annotations

from mmpretrain.models import RegNet, ResNet
from mmpretrain.models.backbones.resnet import BasicBlock, Bottleneck
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


def apply_init_std(model: nn.Module, std: float) -> None:
    """Draw the weights of every linear layer and 2D convolution from N(0, std), in place.

    This covers depthwise convolutions, squeeze-and-excitation, the classifier and a pair head. Their biases become 0,
    and batch normalisation starts as the identity. In ResNets with ``zero_init_residual``, the last norm of every block
    is then set to 0 again. Other networks do not get these zeros. RegNet is an example: timm starts the last norms of
    its blocks at 0, and the authors' initialisation overwrites that. Everything else keeps its values.

    The authors used this only with AgMax: std 0.2 for their ImageNet networks with the pair head, never for CIFAR
    networks or baselines. With the MSE, KL and cross-entropy agreements their ResNets do not get the zeros either.

    Args:
        model: A classifier, or any part of one.
        std: Standard deviation, above 0.

    Raises:
        ValueError: If ``std`` is not above 0.

    References:
        github.com/roatienza/agmax, ``classifier.py`` (lines 292 to 299, 601 to 605) and ``features/resnet.py``
        (lines 236 to 242).
    """
    if not 0 < std < float('inf'):
        raise ValueError(f'init_std: expected a finite number above 0, got {std}')
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.normal_(module.weight, std=std)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, _BatchNorm) and module.affine:
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
    for module in model.modules():
        # The host's RegNet is one of its ResNets.
        if isinstance(module, ResNet) and not isinstance(module, RegNet) and module.zero_init_residual:
            for block in module.modules():
                if isinstance(block, Bottleneck):
                    nn.init.zeros_(block.norm3.weight)
                elif isinstance(block, BasicBlock):
                    nn.init.zeros_(block.norm2.weight)
