"""The options of the distances, against literal versions and hand-worked values."""

import math

import pytest
import torch

from agmax_mm import functional as AF
from tests import reference

# Worked by hand and with the authors' code; see test_agreement.py for the defaults.
Z_A = torch.tensor([[1.0, 2, 3], [0, 0, 1]], dtype=torch.float64)
Z_B = torch.tensor([[1.0, 1, 1], [2, 0, 0]], dtype=torch.float64)
Z_PAIR = torch.tensor([[0.0, 1, 0], [1, 0, 0]], dtype=torch.float64)


def test_reductions_worked_by_hand():
    assert AF.cross_entropy_agreement(Z_A, Z_B, reduction='batchmean').item() == pytest.approx(1.4571369698, abs=1e-9)
    consistency = AF.pair_consistency(Z_A, Z_B, Z_PAIR, reduction='batchmean')
    assert consistency.item() == pytest.approx(3 * 0.2118545724, abs=1e-9)
    assert AF.kl_agreement(Z_A, Z_B, symmetric=True).item() == pytest.approx(
        (0.5441793644 + 0.5532752643) / 2, abs=1e-9
    )
    both = AF.cross_entropy_agreement(Z_A, Z_B) + AF.cross_entropy_agreement(Z_B, Z_A)
    assert AF.cross_entropy_agreement(Z_A, Z_B, symmetric=True).item() == pytest.approx(both.item() / 2, abs=1e-12)
    for function, inputs in ((AF.cross_entropy_agreement, (Z_A, Z_B)), (AF.pair_consistency, (Z_A, Z_B, Z_PAIR))):
        with pytest.raises(ValueError, match="reduction: expected 'mean' or 'batchmean', got 'sum'"):
            function(*inputs, reduction='sum')


@pytest.mark.parametrize('function', [AF.kl_agreement, AF.cross_entropy_agreement])
def test_detach_keeps_the_value_and_holds_the_reference_fixed(function):
    a, b = (view.requires_grad_() for view in reference.batch_logits(0, 5, 4))
    # KL's reference distribution is view B's, cross-entropy's is view A's.
    fixed, moving = (b, a) if function is AF.kl_agreement else (a, b)
    value = function(a, b, detach=True)
    torch.testing.assert_close(value, function(a, b))
    fixed_grad, moving_grad = torch.autograd.grad(value, [fixed, moving], allow_unused=True)
    assert fixed_grad is None or not fixed_grad.any()
    # Of a fixed reference r both have the gradient of softmax cross-entropy: (p - r) / N.
    expected = (moving.softmax(1) - fixed.softmax(1)).detach() / 5
    scale = 1 if function is AF.kl_agreement else 4
    torch.testing.assert_close(moving_grad * scale, expected)
    # Symmetric: each view follows the other one as it is.
    grads = torch.autograd.grad(function(a, b, detach=True, symmetric=True), [fixed, moving])
    torch.testing.assert_close(grads[1] * scale, expected / 2)
    torch.testing.assert_close(grads[0], -grads[1])


@pytest.mark.parametrize('views', [2, 3])
def test_jensen_shannon_is_the_mean_divergence_from_the_mean(views):
    logits = reference.batch_logits(1, 6, 5, views=views)
    mean = torch.stack([view.softmax(1) for view in logits]).mean(0).log()
    expected = sum(reference.kl(view, mean) for view in logits) / views
    value = AF.jsd_agreement(*logits)
    assert value.item() == pytest.approx(expected, rel=1e-10)
    torch.testing.assert_close(AF.jsd_agreement(*logits[::-1]), value)
    torch.testing.assert_close(AF.jsd_agreement(*(view + 3 for view in logits)), value)


def test_jensen_shannon_at_its_bounds():
    apart = [100.0 * torch.eye(3, dtype=torch.float64)[[index]] for index in range(3)]
    assert AF.jsd_agreement(*apart).item() == pytest.approx(math.log(3), abs=1e-9)
    assert AF.jsd_agreement(apart[0], apart[0], apart[0]).item() == pytest.approx(0.0, abs=1e-12)
    extreme = [(1e4 * torch.eye(3)[[index]]).requires_grad_() for index in range(2)]
    value = AF.jsd_agreement(*extreme)
    assert value.item() == pytest.approx(math.log(2), rel=1e-6)
    assert all(torch.isfinite(gradient).all() for gradient in torch.autograd.grad(value, extreme))
    with pytest.raises(ValueError, match='at least 2 views, got 1'):
        AF.jsd_agreement(apart[0])


def test_gradient_of_jensen_shannon():
    inputs = [view.requires_grad_() for view in reference.batch_logits(2, 4, 3, views=3)]
    assert torch.autograd.gradcheck(AF.jsd_agreement, inputs)
    assert all(grad.abs().max() > 1e-4 for grad in torch.autograd.grad(AF.jsd_agreement(*inputs), inputs))


def test_batch_entropy():
    balanced = 50 * torch.eye(6, dtype=torch.float64)
    assert AF.batch_entropy(balanced).item() == pytest.approx(math.log(6), abs=1e-9)
    assert AF.batch_entropy(balanced[:1].expand(6, 6)).item() == pytest.approx(0.0, abs=1e-9)
    a, b, pair = reference.batch_logits(3, 7, 5, views=3)
    assert AF.batch_entropy(a).item() == pytest.approx(reference.pair_entropy(a), rel=1e-10)
    mean = sum(AF.batch_entropy(view) for view in (a, b, pair)) / 3
    torch.testing.assert_close(AF.pair_entropy(a, b, pair), mean)
