"""PyramidNet and ResNet for CIFAR: against another writing of them, plain and regularised."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from agmax_mm.functional import drop_block, shake_drop
from agmax_mm.models import CIFARResNet, PyramidNet
from agmax_mm.models.layers import DropBlock
from tests.checkpoints.cutmix_reference import Forward, pyramidnet_shapes, resnet_shapes

# Two blocks a stage: narrow enough to be cheap, and every kind of block is there.
BUILD = {
    'pyramidnet': lambda **options: PyramidNet(20, 9, **options),
    'resnet': lambda **options: CIFARResNet(20, **options),
}
DROP_BLOCK = dict(drop_prob=0.4, block_size=2)
EVERYTHING = [
    dict(drop_path_rate=0.5, drop_path_mode='uniform', drop_block=DROP_BLOCK),
    dict(shake_drop=dict(final_prob=0.3), drop_block=DROP_BLOCK),
]


@pytest.fixture(params=BUILD)
def network(request):
    return request.param


def built(network, **options):
    """The network with weights that depend on its name alone, told that training is at its end."""
    torch.manual_seed(0)
    model = BUILD[network](**options)
    model.init_weights()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):  # the identity would hide what norms are applied to
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
        elif isinstance(module, DropBlock):
            module.set_progress(1.0)
    return model


def images(rows=3, side=16):
    return torch.randn(rows, 3, side, side, generator=torch.Generator().manual_seed(1))


def reference(network, model, **options):
    return getattr(Forward(model.state_dict(keep_vars=True), **options), network)


@pytest.mark.parametrize('training', [False, True])
@pytest.mark.parametrize('side', [16, 15])
def test_maps_are_those_of_the_other_writing(network, training, side):
    model = built(network).double().train(training)
    expected = reference(network, model, training=training)(images(side=side).double())
    torch.testing.assert_close(model(images(side=side).double())[0], expected)
    assert expected.shape[-1] == 4


@pytest.mark.parametrize('options', EVERYTHING)
def test_regularisers_are_where_they_belong(network, options):
    """The other writing calls the functions after every norm of the branches and at their ends, in the same order."""
    model = built(network, **options).train()

    def after_norm(stage, x):
        return x if stage == 0 else drop_block(x, drop_prob=0.4, block_size=2)

    def after_branch(block, x):
        if 'shake_drop' in options:
            return shake_drop(x, keep_prob=1 - (block + 1) / 6 * 0.7)
        return x * torch.empty(len(x), 1, 1, 1).bernoulli_(0.5) / 0.5

    other = reference(network, model, training=True, after_norm=after_norm, after_branch=after_branch)
    torch.manual_seed(5)
    expected = other(images())
    torch.manual_seed(5)
    (maps,) = model(images())
    torch.testing.assert_close(maps, expected)
    plain = built(network).train()(images())[0]
    assert not torch.allclose(maps, plain)
    weight = torch.linspace(-1, 1, maps.numel()).view_as(maps)
    gradients = torch.autograd.grad((maps * weight).sum(), list(model.parameters()), allow_unused=True)
    assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients)
    if 'shake_drop' not in options:  # whose backward draws come from where the generator is by then
        others = torch.autograd.grad((expected * weight).sum(), list(model.parameters()))
        for gradient, other in zip(gradients, others, strict=True):
            torch.testing.assert_close(gradient, other, rtol=1e-3, atol=1e-3)


def step(model, seed=5):
    """Maps and gradients of a training step, and the state of the generator afterwards."""
    torch.manual_seed(seed)
    model.train()
    (maps,) = model(images())
    maps.square().mean().backward()
    return [maps.detach(), *(parameter.grad for parameter in model.parameters()), torch.get_rng_state()]


@pytest.mark.parametrize(
    'options', [{}, dict(drop_path_rate=0.0, drop_path_mode='uniform'), dict(drop_block=dict(drop_prob=0.0))]
)
def test_switched_off_they_leave_everything_bit_by_bit_and_draw_nothing(network, options):
    results = [step(built(network)), step(built(network, **options))]
    torch.manual_seed(5)
    assert torch.equal(results[0][-1], torch.get_rng_state())
    assert all(torch.equal(one, other) for one, other in zip(*results, strict=True))


def test_shake_drop_that_keeps_everything_is_the_plain_network(network):
    plain, shaken = step(built(network)), step(built(network, shake_drop=dict(final_prob=1.0)))
    assert all(torch.equal(one, other) for one, other in zip(plain[:-1], shaken[:-1], strict=True))


def test_in_evaluation_only_shake_drop_is_left(network):
    plain = built(network).eval()(images())[0]
    drops = dict(drop_path_rate=0.5, drop_block=DROP_BLOCK)
    assert torch.equal(built(network, **drops).eval()(images())[0], plain)
    model = built(network, shake_drop={}).eval()
    scaled = reference(network, model, after_branch=lambda block, x: x * (1 - (block + 1) / 12))
    torch.testing.assert_close(model(images())[0], scaled(images()))


@pytest.mark.parametrize('options', EVERYTHING)
def test_seeds_decide_and_repeated_passes_repeat_their_draws(network, options):
    model = built(network, **options)
    first, again, other = step(copy.deepcopy(model)), step(copy.deepcopy(model)), step(copy.deepcopy(model), seed=6)
    assert all(torch.equal(one, two) for one, two in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])
    for block in (model.layer1[1], model.layer2[0], model.layer3[1]):
        block.forward = _repeated(block.forward)
    assert all(torch.equal(one, two) for one, two in zip(first, step(model), strict=True))


def _repeated(forward):
    return lambda x: checkpoint(forward, x, use_reentrant=False)


def test_low_precision_and_channels_last(network):
    model = built(network, **EVERYTHING[1]).to(memory_format=torch.channels_last).train()
    with torch.autocast('cpu', torch.bfloat16):
        (maps,) = model(images().to(memory_format=torch.channels_last))
        loss = maps.float().square().mean()
    loss.backward()
    assert maps.is_contiguous(memory_format=torch.channels_last)
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


@pytest.mark.parametrize(
    ('build', 'shapes', 'counts', 'channels'),
    [
        (
            lambda: PyramidNet(),
            lambda classes: pyramidnet_shapes(200, 240, classes),
            (26_844_952, 26_752_702),
            (384, 704, 1024),
        ),
        (
            lambda: PyramidNet(110, 64),
            lambda classes: pyramidnet_shapes(110, 64, classes),
            (1_725_300, 1_696_410),
            (148, 236, 320),
        ),
        (lambda: CIFARResNet(), lambda classes: resnet_shapes(110, classes), (1_170_868, 1_147_738), (64, 128, 256)),
    ],
    ids=['PyramidNet-200', 'PyramidNet-110', 'ResNet-110'],
)
def test_parameters_and_maps_of_the_papers_networks(build, shapes, counts, channels):
    """With the classifier for 100 and for 10 classes."""
    with torch.device('meta'):
        model = build()
        model.out_indices = (0, 1, 2)
        maps = model.eval()(torch.zeros(1, 3, 32, 32))
    assert [tuple(one.shape[1:]) for one in maps] == list(zip(channels, (32, 16, 8), (32, 16, 8), strict=True))
    parameters = sum(parameter.numel() for parameter in model.parameters())
    for classes, count in zip((100, 10), counts, strict=True):
        assert parameters + (channels[-1] + 1) * classes == count
    names = {key: value.shape for key, value in model.state_dict().items()}
    assert names == {key: shape for key, shape in shapes(10).items() if not key.startswith('fc.')}


def test_every_block_of_a_pyramid_is_wider():
    widths = [
        block.conv2.out_channels
        for layer in ('layer1', 'layer2', 'layer3')
        for block in getattr(PyramidNet(29, 27), layer)
    ]
    assert widths == [19, 22, 25, 28, 31, 34, 37, 40, 43]
    # Rounded to even at a half: 16.5, 17, 17.5.
    assert [getattr(PyramidNet(11, 1.5), layer)[0].conv2.out_channels for layer in ('layer1', 'layer2', 'layer3')] == [
        16,
        17,
        18,
    ]


def test_weights_start_as_in_the_authors_code(network):
    model = BUILD[network]()
    torch.manual_seed(0)
    model.init_weights()
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            assert module.bias is None
            std = (2 / (module.kernel_size[0] ** 2 * module.out_channels)) ** 0.5
            count = module.weight.numel()
            assert module.weight.std().item() == pytest.approx(std, rel=4.5 * (2 * count) ** -0.5)
            assert abs(module.weight.mean().item()) < 4.5 * std * count**-0.5
        elif isinstance(module, nn.BatchNorm2d):
            assert torch.equal(module.weight, torch.ones_like(module.weight))
            assert torch.equal(module.bias, torch.zeros_like(module.bias))


def test_stages_can_be_had_apart(network):
    model = built(network, out_indices=(0, 2)).eval()
    first, last = model(images())
    assert torch.equal(last, built(network).eval()(images())[0])
    assert (first.shape[-1], last.shape[-1]) == (16, 4)
    # Only the last map of a pyramid is normalised and rectified.
    assert (first.min() < 0) == (network == 'pyramidnet')
    assert last.min() == 0


@pytest.mark.parametrize(
    ('build', 'text'),
    [
        (lambda: PyramidNet(111), 'PyramidNet.depth: expected 9n'),
        (lambda: PyramidNet(2), 'PyramidNet.depth: expected 9n'),
        (lambda: PyramidNet(20, -1), 'PyramidNet.alpha: expected at least 0, got -1'),
        (lambda: CIFARResNet(44), 'CIFARResNet.depth: expected 9n .* got 44'),
        (lambda: CIFARResNet(11, out_indices=(3,)), 'CIFARResNet.out_indices: expected some of 0, 1 and 2'),
        (lambda: PyramidNet(11, 3, out_indices=()), 'PyramidNet.out_indices'),
        (lambda: PyramidNet(11, 3, drop_path_rate=2.0), r'PyramidNet.drop_path_rate: expected a number within'),
    ],
)
def test_mistakes_are_named(build, text):
    with pytest.raises(ValueError, match=text):
        build()
