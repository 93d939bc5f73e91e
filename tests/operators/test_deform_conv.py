"""Deformable convolutions by the stand-ins: values and all gradients, against the plain loops and the compiled ones."""

from __future__ import annotations

import pytest
import torch
from mmcv.ops import DeformConv2d, deform_conv2d, modulated_deform_conv2d

from tests.operators import plain
from tests.operators.swap import COMPILED, STAND_INS, operators

needs_compiled = pytest.mark.skipif(COMPILED is None, reason='mmcv has no compiled operators here')
# stride, padding, dilation, groups, offset groups
GEOMETRIES = [(1, 1, 1, 1, 1), (2, 1, 1, 2, 1), (1, 2, 2, 1, 2), ((2, 1), (0, 1), (1, 2), 2, 2)]


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def tensors(geometry, generator, spread=1.0, dtype=torch.float64, size=(5, 6), images=2):
    """Features, offsets, factors, weights and bias; ``spread`` is the size of the offsets in pixels."""
    stride, padding, dilation, groups, offset_groups = geometry
    steps = zip(size, pair(stride), pair(padding), pair(dilation), strict=True)
    out = [(length + 2 * pad - 2 * gap - 1) // step + 1 for length, step, pad, gap in steps]
    shapes = [
        (images, 4, *size),
        (images, offset_groups * 18, *out),
        (images, offset_groups * 9, *out),
        (6, 4 // groups, 3, 3),
        (6,),
    ]
    made = [torch.randn(*shape, generator=generator, dtype=torch.float64) for shape in shapes]
    made[1] *= spread
    return [tensor.to(dtype).requires_grad_() for tensor in made]


def with_gradients(function, inputs, generator):
    output = function(*inputs)
    factors = torch.randn(output.shape, generator=generator.manual_seed(1), dtype=torch.float64).to(output)
    return [output.detach(), *torch.autograd.grad((output * factors).sum(), inputs)]


def both_forms(geometry):
    """The plain and the modulated convolution, as functions of (features, offset, weight) and of all five tensors."""
    stride, padding, dilation, groups, offset_groups = geometry
    steps = (pair(stride), pair(padding), pair(dilation), groups, offset_groups)
    hosts = (
        lambda x, o, w: deform_conv2d(x, o, w, *steps),
        lambda x, o, m, w, b: modulated_deform_conv2d(x, o, m, w, b, *steps),
    )
    plains = (
        lambda x, o, w: plain.deform_conv(x, o, w, None, None, *steps),
        lambda x, o, m, w, b: plain.deform_conv(x, o, w, m, b, *steps),
    )
    return hosts, plains


@pytest.mark.parametrize('geometry', GEOMETRIES)
def test_deform_conv_is_the_definition(geometry, generator):
    (host, modulated), (expected, expected_modulated) = both_forms(geometry)
    x, offset, mask, weight, bias = tensors(geometry, generator, spread=2.0)
    with operators(STAND_INS):
        found = with_gradients(host, [x, offset, weight], generator)
        found_modulated = with_gradients(modulated, [x, offset, mask, weight, bias], generator)
    torch.testing.assert_close(found, with_gradients(expected, [x, offset, weight], generator))
    torch.testing.assert_close(
        found_modulated, with_gradients(expected_modulated, [x, offset, mask, weight, bias], generator)
    )


def test_without_offsets_it_is_a_convolution(generator):
    x, offset, mask, weight, bias = tensors(GEOMETRIES[0], generator, spread=0.0)
    with operators(STAND_INS):
        output = modulated_deform_conv2d(x, offset, torch.ones_like(mask), weight, bias, 1, 1)
        without_bias = modulated_deform_conv2d(x, offset, torch.ones_like(mask), weight, None, 1, 1)
    expected = torch.nn.functional.conv2d(x, weight, bias, padding=1)
    torch.testing.assert_close(output, expected)
    torch.testing.assert_close(without_bias, expected - bias[:, None, None])


def test_samples_a_whole_pixel_outside_move_nothing(generator):
    # Without offsets the corner's upper left sample lies at (-1, -1), where bilinear interpolation has a kink. mmcv
    # gives no gradient by the offset there.
    x, offset, _, weight, _ = tensors(GEOMETRIES[0], generator, spread=0.0)
    with operators(STAND_INS):
        deform_conv2d(x, offset, weight, 1, 1).sum().backward()
    assert offset.grad[:, :2, 0, 0].abs().max() == 0
    assert offset.grad[:, :2, 1, 1].abs().min() > 0


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision(dtype, generator):
    (host, modulated), _ = both_forms(GEOMETRIES[1])
    x, offset, mask, weight, bias = tensors(GEOMETRIES[1], generator, dtype=dtype)
    single = [tensor.detach().float().requires_grad_() for tensor in (x, offset, mask, weight, bias)]
    with operators(STAND_INS):
        found = with_gradients(modulated, [x, offset, mask, weight, bias], generator)
        exact = with_gradients(modulated, single, generator)
        assert host(x, offset, weight).dtype == dtype
    assert {tensor.dtype for tensor in found} == {dtype}
    torch.testing.assert_close([tensor.float() for tensor in found], exact, atol=0.3, rtol=0.05)
    torch.testing.assert_close(found[0], exact[0].to(dtype))


def test_the_layer_takes_features_smaller_than_its_kernel(generator):
    layer = DeformConv2d(2, 3, 3, padding=1)
    with operators(STAND_INS):
        assert layer(torch.ones(1, 2, 2, 2), torch.zeros(1, 18, 2, 2)).shape == (1, 3, 2, 2)


@needs_compiled
@pytest.mark.parametrize('dtype', [torch.float64, torch.float32])
@pytest.mark.parametrize('geometry', GEOMETRIES)
def test_equal_to_the_compiled_ones(geometry, dtype, generator):
    (host, modulated), _ = both_forms(geometry)
    for spread in (0.0, 1.0, 5.0):
        x, offset, mask, weight, bias = tensors(geometry, generator, spread, dtype, size=(9, 11), images=3)
        found = []
        for functions in (STAND_INS, COMPILED):
            with operators(functions):
                first = with_gradients(host, [x, offset, weight], generator)
                found.append([*first, *with_gradients(modulated, [x, offset, mask, weight, bias], generator)])
        tolerance = 1e-10 if dtype == torch.float64 else 1e-4
        torch.testing.assert_close(*found, atol=tolerance, rtol=tolerance)
