"""ShakeDrop: weights forward and backward, their laws, and repeated passes."""

from __future__ import annotations

import pytest
import torch
from torch.utils.checkpoint import checkpoint

from agmax_mm.functional import shake_drop


def weights(keep_prob, rows=4):
    """The weights of each row, forward and in the gradient."""
    x = torch.full((rows, 2, 3), 2.0, requires_grad=True)
    out = shake_drop(x, keep_prob=keep_prob)
    out.backward(torch.full_like(x, 3.0))
    forward, backward = (out / 2).detach(), x.grad / 3
    for factors in (forward, backward):  # one number a row
        assert torch.equal(factors, factors[:, :1, :1].expand_as(factors))
    return forward[:, 0, 0], backward[:, 0, 0]


def test_values_and_gradients_by_hand_for_given_draws(monkeypatch):
    draws = iter([torch.tensor(0.6), torch.tensor([0.0, 0.75]), torch.tensor([0.25, 0.5])])
    monkeypatch.setattr(torch, 'rand', lambda *shape, device: next(draws))
    x = torch.tensor([[4.0], [8.0]], requires_grad=True)
    out = shake_drop(x, keep_prob=0.5)  # 0.6 closes the gate; a = 2u - 1
    assert out.tolist() == [[-4.0], [4.0]]
    out.backward(torch.tensor([[1.0], [10.0]]))
    assert x.grad.tolist() == [[0.25], [5.0]]


def test_an_open_gate_leaves_values_and_gradients():
    x = torch.randn(3, 2, requires_grad=True)
    out = shake_drop(x, keep_prob=1.0)
    assert torch.equal(out, x)
    out.backward(torch.arange(6.0).view(3, 2))
    assert torch.equal(x.grad, torch.arange(6.0).view(3, 2))


def test_a_closed_gate_draws_uniform_weights_that_differ_forward_and_backward():
    torch.manual_seed(0)
    rows = 40_000
    forward, backward = weights(0.0, rows)
    assert -1 <= forward.min() < -0.999 < 0.999 < forward.max() < 1
    assert 0 <= backward.min() < 0.001 < 0.999 < backward.max() < 1
    # Moments of U(-1, 1) and U(0, 1), within 4.5 standard deviations of their means.
    bound = 4.5 * rows**-0.5
    assert abs(forward.mean()) < bound * 3**-0.5
    assert abs(backward.mean() - 0.5) < bound * 12**-0.5
    assert forward.var() == pytest.approx(1 / 3, abs=0.01)
    assert backward.var() == pytest.approx(1 / 12, abs=0.003)
    assert abs(torch.corrcoef(torch.stack((forward, backward)))[0, 1]) < bound


def test_one_gate_for_the_batch_and_means_over_many_draws():
    """The mean is keep_prob forward, the factor for evaluation, and keep_prob + (1 - keep_prob) / 2 backward."""
    torch.manual_seed(0)
    keep_prob, steps = 0.3, 1500
    forward, backward = map(torch.stack, zip(*(weights(keep_prob) for _ in range(steps)), strict=True))
    opened = (forward == 1).all(1)
    assert torch.equal(opened, (forward == 1).any(1))
    assert torch.equal(opened, (backward == 1).all(1))
    assert opened.float().mean() == pytest.approx(keep_prob, abs=4.5 * (0.3 * 0.7 / steps) ** 0.5)
    assert forward.mean() == pytest.approx(keep_prob, abs=0.06)
    assert backward.mean() == pytest.approx(keep_prob + (1 - keep_prob) / 2, abs=0.04)


def test_each_backward_pass_draws_anew():
    torch.manual_seed(0)
    x = torch.ones(5, 1, requires_grad=True)
    out = shake_drop(x, keep_prob=0.0)
    first, second = (torch.autograd.grad(out.sum(), x, retain_graph=True)[0] for _ in range(2))
    assert not torch.equal(first, second)


def test_the_gate_does_not_change_what_is_drawn_later():
    """So a run's other draws stay the same, and a pass that is repeated, too."""
    states = []
    for keep_prob in (0.0, 1.0):
        torch.manual_seed(0)
        weights(keep_prob)
        states.append(torch.get_rng_state())
    assert torch.equal(*states)


@pytest.mark.parametrize('use_reentrant', [False, True])
def test_a_forward_pass_repeated_to_save_memory_repeats_its_draws(use_reentrant):
    """Values and gradients are those of training that keeps everything, bit by bit."""

    def layers(x):
        for keep_prob in (0.5, 0.0, 0.2):
            x = torch.tanh(shake_drop(x * 1.5, keep_prob=keep_prob)) + x
        return x

    def run(repeat):
        torch.manual_seed(3)
        x = torch.linspace(-1, 1, 12).view(4, 3).requires_grad_()
        out = checkpoint(layers, x, use_reentrant=use_reentrant) if repeat else layers(x)
        out.square().sum().backward()
        return out.detach(), x.grad, torch.get_rng_state()

    for kept, repeated in zip(run(repeat=False), run(repeat=True), strict=True):
        assert torch.equal(kept, repeated)


def test_type_and_layout_stay_and_the_draws_do_not_depend_on_them():
    x = torch.randn(3, 4, 2, 2)
    outs = []
    for images in (x, x.to(torch.bfloat16, memory_format=torch.channels_last)):
        torch.manual_seed(0)
        outs.append(shake_drop(images.requires_grad_(), keep_prob=0.0))
    assert outs[1].dtype == torch.bfloat16
    assert outs[1].is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(outs[1].float(), outs[0], rtol=0.02, atol=1e-3)


@pytest.mark.parametrize('keep_prob', [-0.1, 1.1])
def test_mistakes_are_named(keep_prob):
    with pytest.raises(ValueError, match=r'shake_drop.keep_prob: expected a number within \[0, 1\], got'):
        shake_drop(torch.zeros(1), keep_prob=keep_prob)
