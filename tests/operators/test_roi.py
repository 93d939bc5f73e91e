"""RoIAlign and RoIPool by the stand-ins: values and gradients, against the plain loops and the compiled operators."""

from __future__ import annotations

import pytest
import torch
from mmcv.ops import roi_align, roi_pool

from tests.operators import plain
from tests.operators.inputs import regions
from tests.operators.swap import COMPILED, STAND_INS, operators

needs_compiled = pytest.mark.skipif(COMPILED is None, reason='mmcv has no compiled operators here')
KINDS = ('random', 'none', 'one', 'no_area', 'outside', 'far', 'whole')


def features(generator, dtype=torch.float64):
    return torch.randn(2, 3, 10, 12, generator=generator, dtype=torch.float64).to(dtype).requires_grad_()


def values_and_gradient(function, inputs, generator):
    """The output, and the gradient of its product with fixed random numbers."""
    output = function(inputs)
    factors = torch.randn(output.shape, generator=generator.manual_seed(1), dtype=torch.float64).to(output)
    (gradient,) = torch.autograd.grad((output * factors).sum(), inputs, allow_unused=True)
    return output.detach(), torch.zeros_like(inputs) if gradient is None else gradient


@pytest.mark.parametrize('aligned', [True, False])
@pytest.mark.parametrize('kind', KINDS)
def test_roi_align_is_the_definition(kind, aligned, generator):
    rois, inputs = regions(kind), features(generator)
    for ratio in (0, 2):
        with operators(STAND_INS):
            found = values_and_gradient(
                lambda x, ratio=ratio: roi_align(x, rois, (3, 3), 0.25, ratio, 'avg', aligned), inputs, generator
            )
        expected = values_and_gradient(
            lambda x, ratio=ratio: plain.roi_align(x, rois, 3, 0.25, ratio, aligned), inputs, generator
        )
        assert found[0].shape == (len(rois), 3, 3, 3)
        torch.testing.assert_close(found[0].flatten(), expected[0].flatten(), atol=1e-6, rtol=1e-6)
        torch.testing.assert_close(found[1], expected[1], atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize('kind', KINDS)
def test_roi_align_is_the_same_with_any_number_of_threads(kind, generator):
    rois, inputs = regions(kind, dtype=torch.float32), features(generator, torch.float32)
    threads, found = torch.get_num_threads(), {}
    try:
        for number in (1, 2, 7):  # of three channels
            torch.set_num_threads(number)
            with operators(STAND_INS):
                found[number] = values_and_gradient(lambda x: roi_align(x, rois, (3, 3), 0.25), inputs, generator)
    finally:
        torch.set_num_threads(threads)
    for number in (2, 7):
        assert all(torch.equal(*pair) for pair in zip(found[number], found[1], strict=True))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_roi_align_in_half_precision_is_exact_up_to_the_last_rounding(dtype, generator):
    rois, inputs = regions('random', dtype=dtype), features(generator, dtype)
    with operators(STAND_INS):
        found = values_and_gradient(lambda x: roi_align(x, rois, (3, 3), 0.25, 0, 'avg', True), inputs, generator)
        single = inputs.detach().float().requires_grad_()
        exact = values_and_gradient(lambda x: roi_align(x, rois.float(), (3, 3), 0.25), single, generator)
    assert found[0].dtype == found[1].dtype == dtype
    torch.testing.assert_close(found[0], exact[0].to(dtype))
    torch.testing.assert_close(found[1].float(), exact[1], atol=0.05, rtol=0.02)


def test_roi_align_under_autocast(generator):
    # As in training with mixed precision: the forward pass inside of autocast, the backward pass outside.
    inputs, rois = features(generator, torch.bfloat16), regions('random', dtype=torch.bfloat16)
    with operators(STAND_INS):
        with torch.autocast('cpu', torch.bfloat16):
            output = roi_align(inputs, rois, (3, 3), 0.25)
        output.sum().backward()
    assert output.dtype == inputs.grad.dtype == torch.bfloat16
    assert inputs.grad.abs().sum() > 0


def test_the_maximum_is_refused(generator):
    message = r"RoIAlign: expected pool_mode='avg', got 'max'.*OPERATORS=compiled"
    with operators(STAND_INS), pytest.raises(ValueError, match=message):
        roi_align(features(generator), regions('random'), (3, 3), 0.25, 0, 'max', True)


@pytest.mark.parametrize('kind', [kind for kind in KINDS if kind != 'none'])
def test_roi_pool_is_the_definition(kind, generator):
    rois, inputs = regions(kind), features(generator)
    with operators(STAND_INS):
        found = values_and_gradient(lambda x: roi_pool(x, rois, (3, 3), 0.25), inputs, generator)
    expected = values_and_gradient(lambda x: plain.roi_pool(x, rois, 3, 0.25), inputs, generator)
    torch.testing.assert_close(found, expected)


def test_roi_pool_of_nothing_equal_maxima_and_regions_turned_inside_out(generator):
    inputs = torch.zeros(1, 1, 4, 4, requires_grad=True)
    with operators(STAND_INS):
        assert roi_pool(inputs, torch.zeros(0, 5), (2, 2), 1.0).shape == (0, 1, 2, 2)
        # All pixels are equal: the first of each cell gets the gradient.
        roi_pool(inputs, torch.tensor([[0.0, 0.0, 0.0, 3.0, 3.0]]), (2, 2), 1.0).sum().backward()
        assert inputs.grad.nonzero()[:, 2:].tolist() == [[0, 0], [0, 2], [2, 0], [2, 2]]
        inputs.grad = None
        output = roi_pool(inputs + 1, torch.tensor([[0.0, 3.0, 3.0, 0.0, 0.0]]), (2, 2), 1.0)
        output.sum().backward()
    assert output.sum() == 0
    assert inputs.grad.sum() == 0


def test_roi_pool_in_parts_is_that_of_all_at_once(generator, monkeypatch):
    from agmax_mm.operators import roi_pool as module

    rois, inputs = regions('random', count=40), features(generator)
    with operators(STAND_INS):
        whole = roi_pool(inputs, rois, (3, 3), 0.25)
        monkeypatch.setattr(module, '_CHUNK_ELEMENTS', 1000)
        assert torch.equal(roi_pool(inputs, rois, (3, 3), 0.25), whole)


@needs_compiled
@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.float16])
@pytest.mark.parametrize('kind', KINDS)
def test_roi_align_equals_the_compiled_one(kind, dtype, generator):
    rois, inputs = regions(kind, dtype=dtype), features(generator, dtype)
    exact = dict(atol=0, rtol=0) if dtype != torch.float16 else dict(atol=0.05, rtol=0.02)
    for size in ((7, 7), (1, 2)):
        for ratio in (0, 2):
            for aligned in (True, False):
                arguments = (rois, size, 0.25, ratio, 'avg', aligned)
                with operators(STAND_INS):
                    found = values_and_gradient(lambda x, a=arguments: roi_align(x, *a), inputs, generator)
                with operators(COMPILED):
                    expected = values_and_gradient(lambda x, a=arguments: roi_align(x, *a), inputs, generator)
                torch.testing.assert_close(found, expected, **exact)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_a_region_of_minus_infinity_pools_to_what_the_compiled_operator_begins_with(dtype):
    """That is the lowest number of single precision, which in half precision is minus infinity."""
    features = torch.full((1, 1, 4, 4), -torch.inf, dtype=dtype)
    with operators(STAND_INS):
        pooled = roi_pool(features, torch.tensor([[0.0, 0.0, 0.0, 3.0, 3.0]], dtype=dtype), (1, 1), 1.0)
    lowest = torch.finfo(torch.float32).min if dtype.itemsize >= 4 else -torch.inf
    assert pooled.item() == lowest
