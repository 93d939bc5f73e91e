import math

import pytest
import torch

from agmax_mm.functional import cutout


def _axis(side, length):
    """Number of positions erased along one axis, for each of the ``side`` centres."""
    half = length // 2
    return [min(center + half, side) - max(center - half, 0) for center in range(side)]


def _moments(height, width, length):
    """Exact mean and standard deviation of the erased share of one image: the axes are independent."""
    mean, square = 1.0, 1.0
    for side in (height, width):
        spans = _axis(side, length)
        mean *= sum(spans) / side**2
        square *= sum(span**2 for span in spans) / side**3
    return mean, math.sqrt(square - mean**2)


@pytest.mark.parametrize(
    ('height', 'width', 'length', 'images', 'expected'),
    [
        (32, 32, 16, 20_000, 0.19140625),
        (224, 224, 112, 800, 0.19140625),
        (33, 33, 17, 5_000, None),
        (24, 60, 20, 5_000, None),
        (12, 12, 12, 5_000, 0.5625),
    ],
)
def test_expected_share_that_is_erased(height, width, length, images, expected, generator):
    mean, deviation = _moments(height, width, length)
    if expected is not None:
        assert mean == expected
    erased = cutout(torch.ones(images, 1, height, width), length=length, generator=generator) == 0
    share = erased.flatten(1).double().mean(1)
    assert share.mean().item() == pytest.approx(mean, abs=5 * deviation / math.sqrt(images))
    assert share.std().item() == pytest.approx(deviation, rel=0.1)


def test_one_clipped_box_per_image_in_all_channels(generator):
    images = torch.randn(400, 3, 20, 31, generator=generator).add(10)
    before = images.clone()
    result = cutout(images, length=7, generator=generator)  # an odd length: the box has 6 pixels per side
    assert torch.equal(images, before)
    assert result.dtype == images.dtype
    erased = (result == 0).all(dim=1)
    assert torch.equal(result, images * ~erased[:, None])
    whole = 0
    for mask in erased:
        rows, columns = mask.any(1).nonzero().flatten(), mask.any(0).nonzero().flatten()
        height, width = rows.max() - rows.min() + 1, columns.max() - columns.min() + 1
        assert mask.sum() == height * width
        assert 3 <= height <= 6
        assert 3 <= width <= 6
        at_border = rows.min() == 0 or rows.max() == 19 or columns.min() == 0 or columns.max() == 30
        assert at_border or (height, width) == (6, 6)
        whole += int(not at_border)
    assert whole > 100


def test_centres_are_uniform_and_independent(generator):
    """With 2 pixels, ``[c - 1, c + 1)`` clipped, the erased region tells the centre."""
    height, width, images = 4, 6, 24_000
    erased = cutout(torch.ones(images, 1, height, width), length=2, generator=generator)[:, 0] == 0
    lowest_row = height - 1 - erased.any(2).flip(1).int().argmax(1)
    last_column = width - 1 - erased.any(1).flip(1).int().argmax(1)
    counts = torch.bincount(lowest_row * width + last_column, minlength=24)
    share = 1 / 24
    deviation = math.sqrt(images * share * (1 - share))
    assert (counts - images * share).abs().max() < 5 * deviation


def test_any_type_and_any_device():
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        result = cutout(torch.ones(2, 3, 8, 8, dtype=dtype), length=4)
        assert result.dtype == dtype
    assert cutout(torch.ones(2, 3, 8, 8, device='meta'), length=4).shape == (2, 3, 8, 8)
    images = torch.full((1, 3, 8, 8), float('nan'))
    assert (cutout(images, length=8) == 0).any()  # filled, not multiplied


def test_erased_pixels_have_no_gradient(generator):
    images = torch.ones(3, 2, 8, 8, requires_grad=True)
    result = cutout(images, length=4, generator=generator)
    result.sum().backward()
    assert torch.equal(images.grad, result.detach())


def test_one_seed_fixes_the_boxes():
    images = torch.ones(8, 1, 16, 16)
    one, two = (cutout(images, length=8, generator=torch.Generator().manual_seed(4)) for _ in range(2))
    assert torch.equal(one, two)
    torch.manual_seed(4)
    assert torch.equal(cutout(images, length=8), one)
    assert not torch.equal(cutout(images, length=8), one)


@pytest.mark.parametrize('length', [1, 21, 112, -4])
def test_lengths_out_of_range(length):
    with pytest.raises(ValueError, match=f'expected 2 to 20, the side of the images, got {length}'):
        cutout(torch.ones(1, 3, 20, 30), length=length)


def test_shapes_out_of_range():
    with pytest.raises(ValueError, match=r'expected images \(N, C, H, W\), got \(3, 8, 8\)'):
        cutout(torch.ones(3, 8, 8), length=4)
