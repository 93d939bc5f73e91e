"""The mutual information in blocks and from a whole matrix, against the plain form with automatic differentiation."""

import math
import weakref

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

from agmax_mm.functional import joint, mutual_information
from tests import reference


def plain(a, b):
    """The formula as printed."""
    joint = a.softmax(dim=1).T @ b.softmax(dim=1) / len(a)
    joint = (joint + joint.T) / 2
    rows, columns = joint.sum(dim=1, keepdim=True), joint.sum(dim=0, keepdim=True)
    return torch.xlogy(joint, joint / (rows * columns).clamp_min(torch.finfo(joint.dtype).tiny)).sum()


def value_and_gradients(function, a, b):
    a, b = (view.detach().clone().requires_grad_() for view in (a, b))
    value = function(a, b)
    return value.detach(), *torch.autograd.grad(value, (a, b))


class Watch(TorchDispatchMode):
    """Bytes of the tensors that exist at once, the largest tensor, and the operations by name."""

    def __init__(self):
        super().__init__()
        self.live, self.peak, self.largest, self.names = 0, 0, 0, []
        self.seen = weakref.WeakKeyDictionary()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        output = function(*args, **(kwargs or {}))
        self.names.append(function.overloadpacket.__name__)
        inputs = {
            id(tensor.untyped_storage()) for tensor in tree_iter((args, kwargs)) if isinstance(tensor, torch.Tensor)
        }
        for tensor in tree_iter(output):
            if isinstance(tensor, torch.Tensor) and id(storage := tensor.untyped_storage()) not in inputs:
                self.largest = max(self.largest, storage.nbytes())
                if storage not in self.seen:
                    self.seen[storage] = True
                    self._count(storage.nbytes())
                    weakref.finalize(storage, self._count, -storage.nbytes())
        return output

    def _count(self, change):
        self.live += change
        self.peak = max(self.peak, self.live)


@pytest.fixture(params=[1, 3, 4, 512, None], ids=lambda rows: f'blocks_of_{rows}' if rows else 'whole')
def rows(request, monkeypatch):
    monkeypatch.setattr(joint, '_is_small', lambda *_: request.param is None)
    monkeypatch.setattr(joint, 'BLOCK_ROWS', request.param or joint.BLOCK_ROWS)
    monkeypatch.setattr(joint, '_IMAGES', 3)
    return request.param


@pytest.mark.parametrize(('images', 'classes'), [(1, 2), (2, 3), (7, 4), (3, 5), (4, 9), (20, 8)])
def test_both_forms_equal_the_plain_one(images, classes, rows):
    views = reference.batch_logits(images, images, classes)
    got = value_and_gradients(mutual_information, *views)
    for part, expected in zip(got, value_and_gradients(plain, *views), strict=True):
        torch.testing.assert_close(part, expected, rtol=1e-12, atol=1e-14)


def test_hand_worked(rows):
    a = torch.tensor([[60.0, 0.0], [0.0, 60.0]], dtype=torch.float64)
    assert mutual_information(a, a).item() == pytest.approx(math.log(2), abs=1e-12)
    # P = [[1/2, 1/4], [1/4, 0]], marginals 3/4 and 1/4.
    expected = 0.5 * math.log(8 / 9) + 0.5 * math.log(4 / 3)
    assert mutual_information(a, a[[0, 0]]).item() == pytest.approx(expected, abs=1e-12)
    # By the logits, p * (g - sum(p g)) with g = W b / N and W_ij = ln P_ij / (P_i P_j).
    even = torch.zeros(2, 2, dtype=torch.float64, requires_grad=True)
    value = mutual_information(even, a)
    value.backward()
    assert value.item() == pytest.approx(0, abs=1e-12)
    assert even.grad.abs().max() < 1e-12
    half = torch.tensor([[math.log(3), 0.0], [0.0, 0.0]], dtype=torch.float64, requires_grad=True)
    value = mutual_information(half, a)
    value.backward()
    # P = [[3/8, 3/16], [3/16, 1/4]], marginals 9/16 and 7/16.
    logs = torch.tensor([[32 / 27, 16 / 21], [16 / 21, 64 / 49]], dtype=torch.float64).log()
    assert value.item() == pytest.approx((torch.tensor([[6.0, 3.0], [3.0, 4.0]]).double() / 16 * logs).sum().item())
    for image, probability in enumerate((0.75, 0.5)):
        wanted = probability * (1 - probability) * (logs[0, image] - logs[1, image]).item() / 2
        assert half.grad[image].tolist() == pytest.approx([wanted, -wanted], rel=1e-9)


def test_the_whole_matrix_is_kept_where_it_is_small():
    group = object()
    small = [(1, joint.BLOCK_ROWS, None), (1, joint.BLOCK_ROWS, group), (1000, 1000, None)]
    assert all(joint._is_small(*size) for size in small)
    # With a group, the number of images may differ between the ranks.
    assert not any(joint._is_small(*size) for size in [(1, joint.BLOCK_ROWS + 1, None), (999, 1000, None)])
    assert not joint._is_small(1000, 1000, group)


@pytest.mark.parametrize(('images', 'classes'), [(16, 512), (16, 513), (600, 600)])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_both_forms_are_equal_at_the_switch(images, classes, dtype, monkeypatch):
    views = reference.batch_logits(images, images, classes, dtype=dtype)
    forms = []
    for small in (True, False):
        monkeypatch.setattr(joint, '_is_small', lambda *_, small=small: small)
        forms.append(value_and_gradients(mutual_information, *views))
    rounding = 1e-13 if dtype == torch.float64 else 2e-6
    for whole, blocked in zip(*forms, strict=True):
        assert whole.dtype == dtype
        assert (whole - blocked).norm() <= rounding * blocked.norm()


def test_backward_under_autocast(rows):
    views = reference.batch_logits(8, 6, 5, dtype=torch.float32)
    _, *expected = value_and_gradients(mutual_information, *views)
    with torch.autocast('cpu', torch.bfloat16):
        _, *got = value_and_gradients(mutual_information, *views)
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


@pytest.mark.parametrize('small', [False, True])
@pytest.mark.parametrize('scale', [0.1, 1.0, 10.0])
def test_float32(scale, small, monkeypatch):
    """To 1e-6 in value and gradient over several blocks, from guesses to certainty, as near as the plain form is."""
    images, classes = 64, 1100
    monkeypatch.setattr(joint, '_is_small', lambda *_: small)
    generator = torch.Generator().manual_seed(0)
    shared, *own = torch.randn(3, images, classes, generator=generator)
    views = [scale * (shared + 0.3 * noise) for noise in own]
    value, *gradients = value_and_gradients(mutual_information, *views)
    _, *rounded = value_and_gradients(plain, *views)
    expected, *exact = value_and_gradients(plain, *(view.double() for view in views))
    assert value.dtype == torch.float32
    torch.testing.assert_close(value.double(), expected, rtol=0, atol=1e-6)
    for gradient, other, wanted in zip(gradients, rounded, exact, strict=True):
        assert (gradient - wanted).abs().max() < 1e-7
        assert (gradient - wanted).norm() < 2 * (other - wanted).norm()


def test_gradcheck(rows):
    views = [view.requires_grad_() for view in reference.batch_logits(2, 4, 5)]
    assert torch.autograd.gradcheck(mutual_information, views)


@pytest.mark.parametrize('needed', [(True, False), (False, True), (False, False)])
def test_only_what_is_asked_for(needed, rows):
    a, b = reference.batch_logits(3, 4, 5)
    _, *both = value_and_gradients(mutual_information, a, b)
    a.requires_grad_(needed[0])
    b.requires_grad_(needed[1])
    with Watch() as watch:
        value = mutual_information(a, b)
        assert value.requires_grad == any(needed)
        if any(needed):
            value.backward()
    for view, gradient in zip((a, b), both, strict=True):
        if view.requires_grad:
            torch.testing.assert_close(view.grad, gradient, rtol=1e-12, atol=1e-15)
    products = watch.names.count('addmm_') + watch.names.count('mm')
    with torch.no_grad(), Watch() as watch:
        torch.testing.assert_close(mutual_information(a, b), value.detach(), rtol=0, atol=0)
    # The gradient of a view takes two products a block, and one of the whole matrix.
    products -= watch.names.count('addmm_') + watch.names.count('mm')
    assert products == sum(needed) * (2 * -(-5 // rows) if rows else 1)


def test_backward_twice_and_scaled(rows):
    views = [view.requires_grad_() for view in reference.batch_logits(4, 6, 5)]
    value = mutual_information(*views)
    first = torch.autograd.grad(value, views, retain_graph=True)
    second = torch.autograd.grad(-3 * value, views)
    for one, scaled in zip(first, second, strict=True):
        torch.testing.assert_close(scaled, -3 * one)


def test_second_derivatives_are_refused(rows):
    views = [view.requires_grad_() for view in reference.batch_logits(4, 3, 4)]
    with pytest.raises(NotImplementedError, match='create_graph'):
        torch.autograd.grad(mutual_information(*views), views, create_graph=True)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_classes_that_are_never_predicted(dtype, rows):
    """Their probability is 0, or so small that its square is: what is left is the information of the others."""
    a, b = reference.batch_logits(5, 6, 4, dtype=dtype)
    value, *gradients = value_and_gradients(mutual_information, a, b)
    for low in (-60.0, -100.0, -800.0, -float('inf')):
        more = [torch.cat([view, view.new_full((6, 3), low)], dim=1) for view in (a, b)]
        padded, *wider = value_and_gradients(mutual_information, *more)
        torch.testing.assert_close(padded, value, rtol=1e-6, atol=1e-6)
        for gradient, wide in zip(gradients, wider, strict=True):
            torch.testing.assert_close(wide[:, :4], gradient, rtol=1e-5, atol=1e-6)
            assert wide[:, 4:].abs().max() < 1e-20


def test_no_matrix_of_classes_by_classes():
    images, classes = 8, 3000
    view = images * classes * 4
    a, b = (logits.requires_grad_() for logits in reference.batch_logits(6, images, classes, dtype=torch.float32))
    with Watch() as watch:
        value = mutual_information(a, b)
        kept = watch.live
        value.backward()
    block = joint.BLOCK_ROWS * classes * 4
    assert watch.largest == block < classes**2 * 4 / 5
    assert kept < 2.5 * view
    assert watch.peak < 2 * block + 5 * view
    with Watch() as watch:
        plain(a, b)
    assert watch.largest == classes**2 * 4  # so it would be seen
