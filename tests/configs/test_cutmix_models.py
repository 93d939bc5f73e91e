"""How the CutMix paper's networks for ImageNet start."""

from __future__ import annotations

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS


def build(name, **backbone):
    config = Config.fromfile(f'configs/_base_/models/{name}.py').model
    config.backbone.update(backbone)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return MODELS.build(config)


@pytest.mark.parametrize('name', ['resnet50_he', 'resnext101'])
def test_weights_start_as_in_the_authors_code(name):
    """Seen on the shallowest network of the kind: normal by fan-out, no branch at 0, torch's uniform classifier."""
    torch.manual_seed(0)
    model = build(name, depth=18 if name == 'resnet50_he' else 50)
    model.init_weights()
    for block in model.backbone.layer4:
        for part, module in block.named_modules():
            if isinstance(module, torch.nn.Conv2d):
                std = (2 / (module.kernel_size[0] ** 2 * module.out_channels)) ** 0.5
                assert module.weight.std().item() == pytest.approx(std, rel=0.02), part
            elif isinstance(module, torch.nn.BatchNorm2d):
                assert torch.equal(module.weight, torch.ones_like(module.weight)), part
    bound = model.head.fc.in_features**-0.5
    assert 0.99 * bound < model.head.fc.weight.abs().max() <= bound
    assert model.head.fc.bias.any()
