"""The blocked mutual information against the plain form, which keeps the whole joint matrix."""

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


@pytest.fixture(params=[1, 3, 4, 512], ids=lambda rows: f'blocks_of_{rows}')
def rows(request, monkeypatch):
    monkeypatch.setattr(joint, 'BLOCK_ROWS', request.param)
    monkeypatch.setattr(joint, '_IMAGES', 3)


@pytest.mark.parametrize(('images', 'classes'), [(1, 2), (2, 3), (7, 4), (3, 5), (4, 9), (20, 8)])
def test_blocks_equal_the_whole(images, classes, rows):
    views = reference.batch_logits(images, images, classes)
    got = value_and_gradients(mutual_information, *views)
    for part, expected in zip(got, value_and_gradients(plain, *views), strict=True):
        torch.testing.assert_close(part, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize('scale', [0.1, 1.0, 10.0])
def test_float32(scale):
    """To 1e-6 in value and gradient over several blocks, from guesses to certainty, as near as the plain form is."""
    images, classes = 64, 1100
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
    products = watch.names.count('addmm_')
    with torch.no_grad(), Watch() as watch:
        torch.testing.assert_close(mutual_information(a, b), value.detach(), rtol=0, atol=0)
    # The gradient of a view takes two products a block.
    assert products - watch.names.count('addmm_') == 2 * sum(needed) * -(-5 // joint.BLOCK_ROWS)


def test_backward_twice_and_scaled():
    views = [view.requires_grad_() for view in reference.batch_logits(4, 6, 5)]
    value = mutual_information(*views)
    first = torch.autograd.grad(value, views, retain_graph=True)
    second = torch.autograd.grad(-3 * value, views)
    for one, scaled in zip(first, second, strict=True):
        torch.testing.assert_close(scaled, -3 * one)


def test_second_derivatives_are_refused():
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
