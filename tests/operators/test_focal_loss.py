"""The focal losses by the stand-ins: values and gradients, against the definition.

mmcv has compiled ones for GPUs alone, so there is nothing else to compare with on a CPU.
"""

from __future__ import annotations

import pytest
import torch
from mmcv.ops import sigmoid_focal_loss, softmax_focal_loss

from tests.operators import plain
from tests.operators.swap import STAND_INS, operators


def logits_and_targets(generator, count=7, classes=4, dtype=torch.float64):
    """Logits, and targets that name every class and the background."""
    logits = torch.randn(count, classes, generator=generator, dtype=torch.float64) * 3
    return logits.to(dtype).requires_grad_(), torch.arange(count) % (classes + 1)


@pytest.mark.parametrize('weighted', [False, True])
@pytest.mark.parametrize('gamma', [0.0, 1.5, 2.0])
def test_sigmoid_focal_loss_is_the_definition(gamma, weighted, generator):
    logits, target = logits_and_targets(generator)
    weight = torch.rand(4, generator=generator, dtype=torch.float64) if weighted else None
    with operators(STAND_INS):
        found = sigmoid_focal_loss(logits, target, gamma, 0.3, weight, 'none')
        (gradient,) = torch.autograd.grad((found * found.detach()).sum(), logits)
        mean = sigmoid_focal_loss(logits, target, gamma, 0.3, weight, 'mean')
        (mean_gradient,) = torch.autograd.grad(mean, logits)
    expected = plain.sigmoid_focal_loss(logits, target, gamma, 0.3, weight)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(gradient, torch.autograd.grad((expected * found.detach()).sum(), logits)[0])
    torch.testing.assert_close(mean, plain.sigmoid_focal_loss(logits, target, gamma, 0.3, weight).sum() / len(logits))
    expected = plain.sigmoid_focal_loss(logits, target, gamma, 0.3, weight).sum() / len(logits)
    torch.testing.assert_close(mean_gradient, torch.autograd.grad(expected, logits)[0])


@pytest.mark.parametrize('weighted', [False, True])
def test_softmax_focal_loss_is_the_definition(weighted, generator):
    logits, target = logits_and_targets(generator)
    target = torch.where(target == 4, -1, target)
    weight = torch.rand(4, generator=generator, dtype=torch.float64) if weighted else None
    with operators(STAND_INS):
        found = softmax_focal_loss(logits, target, 2.0, 0.3, weight, 'sum')
        (gradient,) = torch.autograd.grad(found, logits)
    expected = plain.softmax_focal_loss(logits, target, 2.0, 0.3, weight).sum()
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(gradient, torch.autograd.grad(expected, logits)[0])


def test_certain_predictions_stay_finite(generator):
    logits = torch.tensor([[200.0, -200.0], [-200.0, 200.0]], requires_grad=True)
    with operators(STAND_INS):
        loss = sigmoid_focal_loss(logits, torch.tensor([0, 0]), 2.0, 0.25, None, 'sum')
        loss.backward()
    # Right and certain costs nothing; wrong and certain costs -log of the smallest number that is taken.
    smallest = torch.finfo(torch.float32).tiny
    assert loss.item() == pytest.approx(-torch.tensor(smallest).log().item())
    assert logits.grad.isfinite().all()


def test_nothing_and_half_precision(generator):
    with operators(STAND_INS):
        empty = torch.zeros(0, 4, requires_grad=True)
        sigmoid_focal_loss(empty, torch.zeros(0, dtype=torch.long), 2.0, 0.25, None, 'sum').backward()
        assert empty.grad.shape == (0, 4)
        half, target = logits_and_targets(generator, dtype=torch.float16)
        found = sigmoid_focal_loss(half, target, 2.0, 0.25, None, 'none')
        exact = sigmoid_focal_loss(half.float(), target, 2.0, 0.25, None, 'none')
    assert found.dtype == torch.float16
    torch.testing.assert_close(found, exact.half())
