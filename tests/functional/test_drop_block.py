"""DropBlock on small maps: by hand, by its law, and what it leaves alone."""

from __future__ import annotations

import pytest
import torch

from agmax_mm.functional import drop_block


def corners_and_mask(shape, drop_prob, block_size, seed):
    """Corners of blocks drawn as documented, and the mask that erasing them one by one leaves."""
    rows, columns, height, width = shape[0], shape[1], shape[2], shape[3]
    places = (height - block_size + 1) * (width - block_size + 1)
    gamma = drop_prob * height * width / (block_size**2 * places)
    draws = torch.rand(
        (rows, columns, height - block_size + 1, width - block_size + 1),
        generator=torch.Generator().manual_seed(seed),
    )
    corners = (draws < gamma).nonzero().tolist()
    mask = torch.ones(shape)
    for row, channel, y, x in corners:
        mask[row, channel, y : y + block_size, x : x + block_size] = 0
    return corners, mask


@pytest.mark.parametrize('block_size', [1, 2, 3, 4, 5])
def test_values_and_gradients_are_those_of_erasing_block_by_block(block_size):
    shape, seed = (3, 2, 5, 8), 1
    corners, mask = corners_and_mask(shape, 0.3, block_size, seed)
    assert corners
    scale = mask.numel() / mask.sum()
    x = torch.randn(shape, generator=torch.Generator().manual_seed(7), requires_grad=True)
    before = x.detach().clone()
    out = drop_block(x, drop_prob=0.3, block_size=block_size, generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(out, x * mask * scale)
    assert torch.equal(out == 0, mask == 0)
    weights = torch.arange(x.numel(), dtype=torch.float32).view(shape)
    (out * weights).sum().backward()
    torch.testing.assert_close(x.grad, weights * mask * scale)
    assert torch.equal(x, before)


def test_one_block_by_hand(monkeypatch):
    """The one corner at (1, 2) of a 4 x 5 map drops the four places below and right of it."""
    draws = torch.ones(1, 1, 3, 4)
    draws[0, 0, 1, 2] = 0
    monkeypatch.setattr(torch, 'rand', lambda *arguments, **options: draws)
    out = drop_block(torch.ones(1, 1, 4, 5), drop_prob=0.2, block_size=2)
    kept = 20 / 16
    expected = [[kept] * 5, [kept, kept, 0, 0, kept], [kept, kept, 0, 0, kept], [kept] * 5]
    torch.testing.assert_close(out[0, 0], torch.tensor(expected))


@pytest.mark.parametrize('block_size', [2, 3])
def test_each_place_is_dropped_as_often_as_blocks_can_cover_it(block_size):
    """A place that k corners cover is kept with probability (1 - gamma)^k."""
    height, width, drop_prob, maps = 5, 6, 0.2, 40_000
    places = (height - block_size + 1, width - block_size + 1)
    gamma = drop_prob / block_size**2 * height * width / (places[0] * places[1])
    covering = torch.zeros(height, width)
    for y in range(places[0]):
        for x in range(places[1]):
            covering[y : y + block_size, x : x + block_size] += 1
    kept = (1 - gamma) ** covering
    out = drop_block(
        torch.ones(maps // 8, 8, height, width),
        drop_prob=drop_prob,
        block_size=block_size,
        generator=torch.Generator().manual_seed(0),
    )
    share = (out > 0).float().mean((0, 1))
    deviation = (kept * (1 - kept) / maps).sqrt()
    assert ((share - kept).abs() < 4.5 * deviation).all()
    # Overlaps leave somewhat more than 1 - drop_prob; the paper's gamma makes the mean right to the first order.
    assert 1 - drop_prob < share.mean() < 1 - drop_prob + drop_prob**2


def test_the_sum_of_a_constant_map_stays():
    out = drop_block(torch.ones(4, 3, 8, 8), drop_prob=0.1, block_size=4, generator=torch.Generator().manual_seed(0))
    assert (out == 0).any()
    assert out.sum().item() == pytest.approx(4 * 3 * 8 * 8)


def test_channels_and_rows_have_blocks_of_their_own():
    out = drop_block(torch.ones(64, 2, 8, 8), drop_prob=0.3, block_size=4, generator=torch.Generator().manual_seed(0))
    masks = out == 0
    assert not torch.equal(masks[:, 0], masks[:, 1])
    assert not torch.equal(masks[0], masks[1])


def test_without_probability_nothing_is_drawn_or_changed():
    x = torch.randn(2, 3, 4, 4)
    state = torch.get_rng_state()
    assert torch.equal(drop_block(x, drop_prob=0.0, block_size=4), x)
    assert torch.equal(torch.get_rng_state(), state)


def test_where_everything_goes_the_map_is_zero():
    x = torch.randn(1, 1, 4, 4)
    seed = next(seed for seed in range(50) if corners_and_mask((1, 1, 4, 4), 0.9, 4, seed)[0])
    out = drop_block(x, drop_prob=0.9, block_size=4, generator=torch.Generator().manual_seed(seed))
    assert torch.equal(out, torch.zeros_like(x))


def test_type_and_layout_stay_and_the_draws_do_not_depend_on_them():
    x = torch.randn(2, 8, 8, 8)
    out = drop_block(x, drop_prob=0.2, block_size=2, generator=torch.Generator().manual_seed(0))
    other = x.bfloat16().to(memory_format=torch.channels_last)
    low = drop_block(other, drop_prob=0.2, block_size=2, generator=torch.Generator().manual_seed(0))
    assert low.dtype == torch.bfloat16
    assert low.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(low == 0, out == 0)


@pytest.mark.parametrize(
    ('shape', 'options', 'text'),
    [
        ((2, 3, 4), dict(drop_prob=0.1, block_size=2), r'expected a map \(N, C, H, W\), got \(2, 3, 4\)'),
        ((1, 1, 4, 4), dict(drop_prob=1.0, block_size=2), r'drop_prob: expected a number within \[0, 1\), got 1.0'),
        ((1, 1, 4, 4), dict(drop_prob=-0.1, block_size=2), 'drop_prob: expected'),
        ((1, 1, 3, 9), dict(drop_prob=0.1, block_size=4), '1 to the smaller side of the map, 3 x 9, got 4'),
        ((1, 1, 3, 9), dict(drop_prob=0.1, block_size=0), 'block_size: expected 1 to'),
    ],
)
def test_mistakes_are_named(shape, options, text):
    with pytest.raises(ValueError, match=text):
        drop_block(torch.zeros(shape), **options)
