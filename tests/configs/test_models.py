"""The networks of the recipes, built once each: their size and how they start."""

import math

import pytest
import timm
import torch
from mmengine.registry import DefaultScope
from torch import nn

from agmax_mm.registry import MODELS
from tests.configs.catalogue import config_of, groups

# torchvision's and timm's own counts; Zagoruyko's (BMVC 2016) 36.5 M and 2.2 M, here with biases.
PARAMETERS = {
    'wrn40-2': 2_246_474,
    'wrn28-10': 36_489_290,
    'resnet50': 25_557_032,
    'resnet101': 44_549_160,
    'regnetx-200mf': 2_684_792,
    'regnety-400mf': 4_344_144,
    'efficientnet-b0': 5_288_548,
}
TIMM = {'regnety-400mf': 'regnety_004', 'efficientnet-b0': 'efficientnet_b0'}


@pytest.fixture(scope='module')
def recipes():
    """A baseline for each network and number of classes; all others have the same network."""
    return groups(
        lambda config: {
            key: value for key, value in config.model.to_dict().items() if key not in ('agreement', 'head')
        },
        lambda promise: promise.model,
    )


@pytest.fixture(params=PARAMETERS)
def model(request, recipes):
    config = config_of(recipes[request.param])
    options = {**config.model, 'data_preprocessor': config.data_preprocessor, 'agreement': None}
    if request.param.startswith('wrn'):
        options['head'] = {**options['head'], 'num_classes': 10}
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        torch.manual_seed(0)
        built = MODELS.build(options)
        built.init_weights()  # as the runner does before training
    built.name = request.param
    return built


def test_there_is_one_network_for_each_name(recipes):
    assert set(recipes) == set(PARAMETERS)


def test_heads_fit_their_networks():
    """Recipes of one network, data set and loss have one head, and its width is that of the features."""
    heads = groups(
        lambda config: config.model.head.to_dict(), lambda promise: (promise.model, promise.dataset, promise.smoothing)
    )
    widths = {(key[0], config_of(name).model.head.in_channels) for key, name in heads.items()}
    assert widths == {
        ('wrn40-2', 128),
        ('wrn28-10', 640),
        ('resnet50', 2048),
        ('resnet101', 2048),
        ('regnetx-200mf', 368),
        ('regnety-400mf', 440),
        ('efficientnet-b0', 1280),
    }


def test_size_and_start(model):
    assert sum(parameter.numel() for parameter in model.parameters()) == PARAMETERS[model.name]
    _check_torch_s_initialisation(model.head)
    if model.name in TIMM:
        # The trunk starts as timm makes it, and the runner's initialisation leaves it so.
        torch.manual_seed(0)
        reference = timm.create_model(TIMM[model.name]).state_dict()
        for name, tensor in model.backbone.timm_model.state_dict().items():
            assert torch.equal(tensor, reference[name]), name
    elif model.name == 'regnetx-200mf':
        _check_regnet(model.backbone)
    else:
        norms_at_zero = _check_torch_s_initialisation(model.backbone)
        if model.name.startswith('resnet'):
            blocks = [block for stage in range(1, 5) for block in getattr(model.backbone, f'layer{stage}')]
            assert len(blocks) == {'resnet50': 16, 'resnet101': 33}[model.name]
            assert norms_at_zero == {id(block.norm3) for block in blocks}  # each branch starts at 0
            # torchvision's "v1.5": the 3x3 convolution has the stride.
            assert [model.backbone.layer2[0].conv1.stride, model.backbone.layer2[0].conv2.stride] == [(1, 1), (2, 2)]
        else:
            assert norms_at_zero == set()
            blocks = [block for stage in range(1, 4) for block in getattr(model.backbone, f'layer{stage}')]
            assert {block.drop_rate for block in blocks} == {0}
    with torch.no_grad():  # the head takes what the backbone gives
        side = 32 if model.name.startswith('wrn') else 64
        assert model(torch.zeros(1, 3, side, side)).shape == (1, model.head.num_classes)


def _check_torch_s_initialisation(part):
    """Convolutions and linear layers are U(-b, b) with b = fan_in ** -0.5, whose std is b / sqrt(3); returns the norms
    whose gamma is 0, while all others' is 1.
    """
    norms_at_zero = set()
    for name, module in part.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            weight = module.weight.detach()
            bound = weight[0].numel() ** -0.5
            assert weight.abs().max() <= bound * (1 + 1e-6), name
            # The relative standard error of a uniform sample's std is sqrt(0.2 / n).
            expected = pytest.approx(bound / math.sqrt(3), rel=5 * math.sqrt(0.2 / weight.numel()))
            assert weight.std().item() == expected, name
            if module.bias is not None:
                assert 0.3 * bound < module.bias.abs().max() <= bound * (1 + 1e-6), name
        elif isinstance(module, nn.BatchNorm2d):
            assert (module.bias == 0).all(), name
            if (module.weight == 0).all():
                norms_at_zero.add(id(module))
            else:
                assert (module.weight == 1).all(), name
    return norms_at_zero


def _check_regnet(backbone):
    """13 blocks; convolutions are N(0, 2 / fan_out), branches start at 0."""
    reference = timm.create_model('regnetx_002', num_classes=0)
    assert [tuple(p.shape) for p in backbone.parameters()] == [tuple(p.shape) for p in reference.parameters()]
    blocks = [block for stage in range(1, 5) for block in getattr(backbone, f'layer{stage}')]
    assert len(blocks) == 13
    assert all((block.norm3.weight == 0).all() for block in blocks)
    for name, module in backbone.named_modules():
        if isinstance(module, nn.Conv2d):
            std = math.sqrt(2 / (module.out_channels * module.kernel_size[0] ** 2))
            n = module.weight.numel()
            assert module.weight.std().item() == pytest.approx(std, rel=5 / math.sqrt(2 * n)), name
