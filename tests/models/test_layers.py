"""Regularising layers, and which block of a network gets which."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from agmax_mm.functional import drop_block
from agmax_mm.models.layers import BranchRegularizers, DropBlock, ShakeDrop


def draw(layer, x, seed=0):
    torch.manual_seed(seed)
    return layer(x)


@pytest.mark.parametrize('fraction', [0.25, 1.0])
def test_drop_block_grows_with_progress(fraction):
    layer, x = DropBlock(0.4, 2), torch.ones(4, 8, 8, 8)
    layer.set_progress(fraction)
    torch.manual_seed(0)
    expected = drop_block(x, drop_prob=0.4 * fraction, block_size=2)
    assert (expected == 0).any()
    assert torch.equal(draw(layer, x), expected)


def test_drop_block_begins_with_nothing():
    layer, x = DropBlock(0.4, 2), torch.ones(4, 8, 8, 8)
    layer.set_progress(0.0)
    state = torch.get_rng_state()
    assert torch.equal(layer(x), x)
    assert torch.equal(torch.get_rng_state(), state)


def test_drop_block_wants_to_be_told_in_training_alone():
    layer, x = DropBlock(), torch.ones(1, 1, 8, 8)
    assert layer.eval()(x) is x
    with pytest.raises(ValueError, match="expected to be told how far training is.*'agmax_mm.SetProgressHook'"):
        layer.train()(x)


def test_drop_block_without_ramp_needs_no_hook_and_heeds_none():
    layer, x = DropBlock(0.3, 2, ramp=False), torch.ones(4, 8, 8, 8)
    layer.set_progress(0.0)
    torch.manual_seed(0)
    assert torch.equal(draw(layer, x), draw(lambda x: drop_block(x, drop_prob=0.3, block_size=2), x))


def test_shake_drop_scales_in_evaluation():
    layer = ShakeDrop(0.7)
    x = torch.randn(3, 2)
    state = torch.get_rng_state()
    torch.testing.assert_close(layer.eval()(x), x * 0.7)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(0)
    means = torch.stack([layer.train()(torch.ones(8, 1)).mean() for _ in range(2000)]).mean()
    assert means.item() == pytest.approx(0.7, abs=0.05)


def test_stochastic_depth_drops_more_the_deeper_a_block_is():
    rates = [getattr(BranchRegularizers(5, drop_path_rate=0.2).after_branch(block), 'p', 0.0) for block in range(5)]
    assert rates == pytest.approx([0, 0.05, 0.1, 0.15, 0.2])
    assert isinstance(BranchRegularizers(5, drop_path_rate=0.2).after_branch(0), nn.Identity)
    uniform = BranchRegularizers(5, drop_path_rate=0.2, drop_path_mode='uniform')
    assert [uniform.after_branch(block).p for block in range(5)] == [0.2] * 5
    assert isinstance(BranchRegularizers(1, drop_path_rate=0.2).after_branch(0), nn.Identity)


def test_stochastic_depth_drops_whole_rows_and_keeps_the_mean():
    layer = BranchRegularizers(3, drop_path_rate=0.25).after_branch(2)
    rows = 20_000
    torch.manual_seed(0)
    out = layer(torch.ones(rows, 2, 1, 1))
    kept = out[:, 0, 0, 0] > 0
    assert torch.equal(out, torch.where(kept[:, None, None, None], 1 / 0.75, 0.0).expand_as(out))
    assert kept.float().mean() == pytest.approx(0.75, abs=4.5 * (0.25 * 0.75 / rows) ** 0.5)
    x = torch.randn(4, 2, 1, 1)
    assert torch.equal(layer.eval()(x), x)


def test_shake_drop_keeps_less_the_deeper_a_block_is():
    layers = [BranchRegularizers(4, shake_drop={}).after_branch(block) for block in range(4)]
    assert [layer.keep_prob for layer in layers] == [0.875, 0.75, 0.625, 0.5]
    last = BranchRegularizers(4, shake_drop=dict(final_prob=0.2)).after_branch(3)
    assert last.keep_prob == pytest.approx(0.2)


def test_drop_block_is_in_the_second_and_third_stage_or_where_asked_for():
    def kinds(**options):
        layers = [BranchRegularizers(9, drop_block=options).after_norms(stage) for stage in range(3)]
        return [isinstance(layer, DropBlock) for layer in layers]

    assert kinds() == [False, True, True]
    assert kinds(stages=(0,)) == [True, False, False]
    layer = BranchRegularizers(9, drop_block=dict(drop_prob=0.2, block_size=3, ramp=False)).after_norms(1)
    assert (layer.drop_prob, layer.block_size, layer.ramp) == (0.2, 3, False)
    assert (DropBlock().drop_prob, DropBlock().block_size, DropBlock().ramp) == (0.1, 4, True)


def test_nothing_asked_for_is_nothing():
    regularizers = BranchRegularizers(4)
    layers = [regularizers.after_norms(2), regularizers.after_branch(3)]
    assert all(type(layer) is nn.Identity for layer in layers)


@pytest.mark.parametrize(
    ('options', 'text'),
    [
        (dict(drop_path_rate=1.0), r'drop_path_rate: expected a number within \[0, 1\), got 1.0'),
        (dict(drop_path_mode='cosine'), "drop_path_mode: expected one of linear, uniform, got 'cosine'"),
        (dict(drop_block=dict(size=4)), 'drop_block: expected options out of drop_prob, .* got size'),
        (dict(shake_drop=dict(p=0.5)), 'shake_drop: expected options out of final_prob, got p'),
        (dict(shake_drop=dict(final_prob=1.5)), r'shake_drop.final_prob: expected a number within \[0, 1\], got 1.5'),
        (dict(shake_drop={}, drop_path_rate=0.1), 'shake_drop: expected drop_path_rate=0 beside it'),
    ],
)
def test_mistakes_are_named(options, text):
    with pytest.raises(ValueError, match=text):
        BranchRegularizers(3, **options)


@pytest.mark.parametrize(
    ('build', 'text'),
    [
        (lambda: DropBlock(1.0), 'DropBlock.drop_prob: expected'),
        (lambda: DropBlock(0.1, 4.5), 'DropBlock.block_size: expected an integer of at least 1, got 4.5'),
        (lambda: DropBlock(0.1, 0), 'DropBlock.block_size: expected an integer of at least 1, got 0'),
        (lambda: ShakeDrop(1.5), 'ShakeDrop.keep_prob: expected'),
    ],
)
def test_layers_name_mistakes(build, text):
    with pytest.raises(ValueError, match=text):
        build()
