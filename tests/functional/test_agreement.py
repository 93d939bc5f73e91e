import math

import pytest
import torch

from agmax_mm import functional as AF
from tests import reference

# Worked by hand and with the authors' code.
Z_A = torch.tensor([[1.0, 2, 3], [0, 0, 1]], dtype=torch.float64)
Z_B = torch.tensor([[1.0, 1, 1], [2, 0, 0]], dtype=torch.float64)
Z_PAIR = torch.tensor([[0.0, 1, 0], [1, 0, 0]], dtype=torch.float64)

TWO_VIEW = [AF.mutual_information, AF.mse_agreement, AF.kl_agreement, AF.cross_entropy_agreement]
THREE_INPUT = [AF.pair_entropy, AF.pair_consistency]


@pytest.mark.parametrize(
    ('function', 'inputs', 'expected'),
    [
        (AF.mutual_information, (Z_A, Z_B), 0.0140674147),
        (AF.pair_entropy, (Z_A, Z_B, Z_PAIR), 0.9907459385),
        (AF.pair_consistency, (Z_A, Z_B, Z_PAIR), 0.2118545724),
        (AF.mse_agreement, (Z_A, Z_B), 1.6666666667),
        (AF.kl_agreement, (Z_A, Z_B), 0.5441793644),
        (AF.kl_agreement, (Z_B, Z_A), 0.5532752643),
        (AF.cross_entropy_agreement, (Z_A, Z_B), 0.4857123233),
    ],
)
def test_values_worked_by_hand(function, inputs, expected):
    assert function(*inputs).item() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize('seed', range(5))
@pytest.mark.parametrize(('images', 'classes'), [(1, 2), (7, 5), (5, 13)])
def test_equal_literal_versions(seed, images, classes):
    a, b, pair = reference.batch_logits(seed, images, classes, views=3)
    assert AF.mutual_information(a, b).item() == pytest.approx(reference.mutual_information(a, b), rel=1e-10, abs=1e-14)
    assert AF.pair_entropy(a, b, pair).item() == pytest.approx(reference.pair_entropy(a, b, pair), rel=1e-10)
    assert AF.pair_consistency(a, b, pair).item() == pytest.approx(reference.pair_consistency(a, b, pair), rel=1e-10)
    assert AF.kl_agreement(a, b).item() == pytest.approx(reference.kl(b, a), rel=1e-10)


def test_mutual_information_at_its_bounds():
    classes = 6
    confident = 100.0 * torch.eye(classes, dtype=torch.float64)
    assert AF.mutual_information(confident, confident).item() == pytest.approx(math.log(classes), abs=1e-12)
    constant = torch.zeros(8, classes, dtype=torch.float64)
    assert AF.mutual_information(constant, constant).item() == pytest.approx(0.0, abs=1e-12)
    # One class for the whole batch tells nothing either, however confident.
    collapsed = confident[:1].expand(8, classes)
    assert AF.mutual_information(collapsed, collapsed).item() == pytest.approx(0.0, abs=1e-12)


def test_mutual_information_does_not_depend_on_order_or_offsets():
    a, b = reference.batch_logits(0, 9, 7)
    value = AF.mutual_information(a, b)
    shuffle = torch.randperm(9, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(AF.mutual_information(b, a), value)
    torch.testing.assert_close(AF.mutual_information(a[shuffle], b[shuffle]), value)
    torch.testing.assert_close(AF.mutual_information(a + 5, b - 3), value)
    assert not torch.isclose(AF.mutual_information(a, b[shuffle]), value)


@pytest.mark.parametrize('function', TWO_VIEW)
def test_gradients_of_two_views(function):
    inputs = [view.requires_grad_() for view in reference.batch_logits(2, 4, 3)]
    assert torch.autograd.gradcheck(function, inputs)
    for gradient in torch.autograd.grad(function(*inputs), inputs):
        assert gradient.abs().max() > 1e-4  # neither view is detached


@pytest.mark.parametrize('function', THREE_INPUT)
def test_gradients_of_the_pair_terms(function):
    inputs = [view.requires_grad_() for view in reference.batch_logits(3, 4, 3, views=3)]
    assert torch.autograd.gradcheck(function, inputs)
    for gradient in torch.autograd.grad(function(*inputs), inputs):
        assert gradient.abs().max() > 1e-4


@pytest.mark.parametrize('function', [*TWO_VIEW, *THREE_INPUT])
def test_confident_predictions_stay_finite(function):
    views = 3 if function in THREE_INPUT else 2
    # Float32 softmax of these holds exact zeros.
    inputs = [(300.0 * torch.eye(4)).roll(shift, 0).requires_grad_() for shift in range(views)]
    value = function(*inputs)
    assert torch.isfinite(value)
    assert all(torch.isfinite(gradient).all() for gradient in torch.autograd.grad(value, inputs))


@pytest.mark.parametrize('function', [*TWO_VIEW, *THREE_INPUT])
def test_float32_under_autocast(function):
    views = 3 if function in THREE_INPUT else 2
    inputs = reference.batch_logits(4, 32, 50, views=views, dtype=torch.float32)
    halves = [view.bfloat16() for view in inputs]
    expected = function(*(view.float() for view in halves))
    with torch.autocast('cpu', dtype=torch.bfloat16):
        value = function(*halves)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize(
    'shapes', [((3, 4), (3, 5)), ((3, 4), (2, 4)), ((3,), (3,)), ((3, 1), (3, 1)), ((0, 4), (0, 4))]
)
def test_wrong_shapes_are_named(shapes):
    logits = [torch.zeros(shape) for shape in shapes]
    for function in TWO_VIEW:
        with pytest.raises(ValueError, match=r'expected one shape \(N, K\).*got'):
            function(*logits)
