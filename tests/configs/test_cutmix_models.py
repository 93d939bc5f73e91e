"""How the CutMix paper's networks start."""

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


@pytest.mark.parametrize(
    ('name', 'smaller'),
    [
        ('resnet50_he', {'depth': 18}),
        ('resnext101', {'depth': 50}),
        ('pyramidnet110', {}),
        ('pyramidnet200', {}),
        ('resnet110', {}),
    ],
)
def test_weights_start_as_in_the_authors_code(name, smaller):
    """Seen on the last stage of a network: normal by fan-out, no branch at 0, torch's uniform classifier."""
    torch.manual_seed(0)
    model = build(name, **smaller)
    model.init_weights()
    stage = model.backbone.layer4 if hasattr(model.backbone, 'layer4') else model.backbone.layer3
    for part, module in stage.named_modules():
        if isinstance(module, torch.nn.Conv2d):
            std = (2 / (module.kernel_size[0] ** 2 * module.out_channels)) ** 0.5
            # Five deviations of the estimate, which narrow layers are too small to have within 2 %.
            close = max(0.02, 5 / (2 * module.weight.numel()) ** 0.5)
            assert module.weight.std().item() == pytest.approx(std, rel=close), part
        elif isinstance(module, torch.nn.BatchNorm2d):
            assert torch.equal(module.weight, torch.ones_like(module.weight)), part
    bound = model.head.fc.in_features**-0.5
    assert 0.99 * bound < model.head.fc.weight.abs().max() <= bound
    assert model.head.fc.bias.any()
