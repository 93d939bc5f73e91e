"""The colour jitter of real numbers, against the definition image by image."""

import itertools

import pytest
import torch

from agmax_mm.functional import color_jitter


def by_definition(image, factors, order):
    """One change after the other on one image, as blends with black, the mean grey and the grey picture."""
    red, green, blue = image
    for change in order:
        factor = factors[change]
        grey = 0.299 * red + 0.587 * green + 0.114 * blue
        other = [torch.zeros_like(grey), grey.mean().expand_as(grey), grey][change]
        red, green, blue = (factor * plane + (1 - factor) * other for plane in (red, green, blue))
    return torch.stack([red, green, blue])


def test_equals_the_definition_in_every_order():
    generator = torch.Generator().manual_seed(0)
    orders = torch.tensor(list(itertools.permutations(range(3))))
    images = torch.rand(6, 3, 4, 5, generator=generator, dtype=torch.float64) * 255
    factors = torch.rand(6, 3, generator=generator, dtype=torch.float64) + 0.5
    before = images.clone()
    expected = torch.stack([by_definition(*row) for row in zip(images, factors.tolist(), orders.tolist(), strict=True)])
    torch.testing.assert_close(color_jitter(images, factors, orders), expected)
    assert torch.equal(images, before)


def test_nothing_is_cut_off_by_hand():
    """White times 1.4 is 357; its contrast with its own mean changes nothing, nor does a grey picture's saturation."""
    white = torch.full((1, 3, 2, 2), 255.0)
    changed = color_jitter(white, torch.tensor([[1.4, 0.6, 1.4]]), torch.tensor([[0, 1, 2]]))
    torch.testing.assert_close(changed, torch.full((1, 3, 2, 2), 357.0))
    # Half black, half white: mean 127.5, so that a factor of 2 gives -127.5 and 382.5.
    halves = torch.tensor([0.0, 255.0]).expand(1, 3, 2, 2)
    changed = color_jitter(halves, torch.tensor([[1.0, 2.0, 1.0]]), torch.tensor([[2, 1, 0]]))
    torch.testing.assert_close(changed, torch.tensor([-127.5, 382.5]).expand(1, 3, 2, 2))


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r'factors and orders \(N, 3\), got \(2, 3, 4, 4\), \(1, 3\)'):
        color_jitter(torch.rand(2, 3, 4, 4), torch.ones(1, 3), torch.zeros(1, 3, dtype=torch.long))
