import pytest
import torch

from agmax_mm.models import WideResNet


def _expected_parameters(depth, k):
    """Counted layer by layer: every convolution with a bias, a 1x1 shortcut where the width changes."""
    blocks = (depth - 4) // 6

    def conv(inside, outside, kernel):
        return inside * outside * kernel**2 + outside

    total, channels = conv(3, 16, 3), 16
    for width in (16 * k, 32 * k, 64 * k):
        for _ in range(blocks):
            total += 2 * channels + conv(channels, width, 3) + 2 * width + conv(width, width, 3)
            if channels != width:
                total += conv(channels, width, 1)
            channels = width
    return total + 2 * channels


@pytest.mark.parametrize(('depth', 'k', 'millions'), [(40, 2, 2.2), (28, 10, 36.5)])
def test_parameter_counts(depth, k, millions):
    count = sum(parameter.numel() for parameter in WideResNet(depth, k).parameters())
    assert count == _expected_parameters(depth, k)
    assert count / 1e6 == pytest.approx(millions, abs=0.05)


def test_maps_and_strides():
    network = WideResNet(10, 2, out_indices=(0, 1, 2)).eval()
    maps = network(torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)))
    assert [tuple(m.shape[1:]) for m in maps] == [(32, 32, 32), (64, 16, 16), (128, 8, 8)]
    assert maps[-1].min() == 0  # the last stage ends in a ReLU


def test_stem_stride_keeps_every_second_pixel_of_the_stem():
    full, half = WideResNet(10, 2).eval(), WideResNet(10, 2, stem_stride=2, out_indices=(0, 1, 2)).eval()
    half.load_state_dict(full.state_dict())
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(half.stem(images), full.stem(images)[..., ::2, ::2])
    assert [tuple(m.shape[1:]) for m in half(images)] == [(32, 16, 16), (64, 8, 8), (128, 4, 4)]


def test_shortcut_takes_the_activated_input():
    """With the residual branch silenced, a block that changes width is its 1x1 convolution of relu(norm(x))."""
    block = WideResNet(10, 2).layer1[0].eval()
    block.conv2.weight.data.zero_()
    block.conv2.bias.data.zero_()
    x = torch.randn(2, 16, 8, 8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(block(x), block.shortcut(torch.relu(block.norm1(x))))


@pytest.mark.parametrize(
    'options',
    [dict(depth=41), dict(widen_factor=0), dict(out_indices=(3,)), dict(out_indices=()), dict(frozen_stages=4)],
)
def test_bad_input(options):
    with pytest.raises(ValueError, match='WideResNet'):
        WideResNet(**options)


@pytest.mark.parametrize(
    ('options', 'learns', 'counts'),
    [
        (dict(), {'stem', 'layer1', 'layer2', 'layer3', 'norm'}, {'layer1', 'layer2', 'layer3', 'norm'}),
        (dict(frozen_stages=0), {'layer1', 'layer2', 'layer3', 'norm'}, {'layer1', 'layer2', 'layer3', 'norm'}),
        (dict(frozen_stages=1), {'layer2', 'layer3', 'norm'}, {'layer2', 'layer3', 'norm'}),
        (dict(frozen_stages=1, norm_eval=True), {'layer2', 'layer3', 'norm'}, set()),
        (dict(frozen_stages=3), set(), set()),
    ],
)
def test_what_is_frozen_neither_learns_nor_counts(options, learns, counts):
    """After a step of SGD: the parts whose weights moved, and those whose batch statistics did."""
    torch.manual_seed(0)
    network = WideResNet(10, 1, **options).eval().train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    output = network(torch.randn(2, 3, 16, 16))[0].square().mean()
    if learns:
        output.backward()
        torch.optim.SGD([p for p in network.parameters() if p.grad is not None], lr=1.0).step()
    moved = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert {name.split('.')[0] for name in moved if 'running' not in name and 'tracked' not in name} == learns
    assert {name.split('.')[0] for name in moved if 'running' in name} == counts
