"""Boxes of CutMix and its variants against the laws that they are drawn from, by enumeration."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.special import beta as beta_function
from scipy.stats import beta, norm
from torchvision.transforms import v2

from agmax_mm.functional import cutmix_bbox, fixed_size_bbox, kept_share, sample_beta

# E of the kept share by alpha, in the limit of many pixels.
CONTINUOUS = {0.1: 0.708619, 0.25: 0.698610, 0.5: 0.688769, 1.0: 0.679167, 2.0: 0.671726, 4.0: 0.666925}


def _spans(halves, centers, side):
    """Length of each clipped interval on one axis, one row per half length."""
    low, high = centers - halves[:, None], centers + halves[:, None]
    return np.rint(np.minimum(high, side)) - np.rint(np.maximum(low, 0))


def kept_share_law(side, alpha, rounding):
    """Mean and standard deviation of the kept share of a square image, and the probability of an empty box.

    Given the ratio the two axes are independent. ``1 - lam`` has the law of ``lam``.
    """
    if rounding == 'reference':
        weights = np.diff(beta.cdf((np.arange(side + 1) / side) ** 2, alpha, alpha))
        spans = _spans(np.arange(side) // 2, np.arange(side), side)
    else:
        weights = np.full(1000, 1 / 1000)
        cuts = side * np.sqrt(beta.ppf((np.arange(1000) + 0.5) / 1000, alpha, alpha))
        spans = _spans(cuts / 2, (np.arange(2000) + 0.5) / 2000 * side, side)
    mean = weights @ spans.mean(axis=1) ** 2 / side**2
    square = weights @ (spans**2).mean(axis=1) ** 2 / side**4
    empty = weights @ (1 - (1 - (spans == 0).mean(axis=1)) ** 2)
    return 1 - mean, math.sqrt(square - mean**2), empty


@pytest.mark.parametrize('alpha', CONTINUOUS)
def test_the_laws_have_the_known_means(alpha):
    """The enumerations that the draws are held against, by the closed form."""
    closed = 1 - (0.5 - 0.5 * beta_function(alpha + 1.5, alpha) / beta_function(alpha, alpha))
    closed -= (alpha + 1) / (32 * (2 * alpha + 1))
    assert closed == pytest.approx(CONTINUOUS[alpha], abs=1e-6)
    assert kept_share_law(32, alpha, 'paper')[0] == pytest.approx(closed, abs=1e-3)
    if alpha == 1.0:
        assert kept_share_law(32, alpha, 'reference')[0] == pytest.approx(0.700749, abs=1e-6)
        assert kept_share_law(32, alpha, 'reference')[2] == pytest.approx(4 / 1024, rel=1e-9)


@pytest.mark.parametrize(('alpha', 'rounding'), list(itertools.product(CONTINUOUS, ['reference', 'paper'])))
def test_draws_follow_the_law(alpha, rounding):
    side, draws = 32, 3000
    mean, deviation, empty = kept_share_law(side, alpha, rounding)
    generator = torch.Generator().manual_seed(1)
    kept = []
    for _ in range(draws):
        lam = sample_beta(alpha, generator=generator)
        kept.append(kept_share(cutmix_bbox(side, side, lam, rounding=rounding, generator=generator), side, side))
    assert np.mean(kept) == pytest.approx(mean, abs=5 * deviation / math.sqrt(draws))
    assert np.std(kept) == pytest.approx(deviation, rel=0.1)
    assert kept.count(1.0) / draws == pytest.approx(empty, abs=5 * math.sqrt(empty / draws) + 1 / draws)


def test_boxes_are_torchvision_s():
    """It draws x before y: so it is the transposed image that our draws give the same box of, number by number."""
    other, boxes = v2.CutMix(alpha=1.0), set()
    images = torch.zeros(1, 3, 24, 40)
    for seed in range(300):
        torch.manual_seed(seed)
        expected = other.make_params([images])['box']
        torch.manual_seed(seed)
        lam = float(other._dist.sample(()))
        x1, x2, y1, y2 = cutmix_bbox(40, 24, lam)
        assert (x1, y1, x2, y2) == expected
        boxes.add(expected)
    assert len(boxes) > 250


@pytest.mark.parametrize('rounding', ['reference', 'paper'])
@pytest.mark.parametrize('lam', [0.0, 0.3, 0.75, 0.98, 1.0])
def test_sides_by_rounding(rounding, lam):
    """Of a 24 x 40 image: unclipped sides are even and at most 2 short, or within a pixel of the real number."""
    generator, inner = torch.Generator().manual_seed(0), set()
    for _ in range(400):
        y1, y2, x1, x2 = cutmix_bbox(24, 40, lam, rounding=rounding, generator=generator)
        assert 0 <= y1 <= y2 <= 24
        assert 0 <= x1 <= x2 <= 40
        if y1 > 0 and y2 < 24 and x1 > 0 and x2 < 40:
            inner.add((y2 - y1, x2 - x1))
    exact = 24 * math.sqrt(1 - lam), 40 * math.sqrt(1 - lam)
    if rounding == 'reference':
        assert inner <= {tuple(2 * (int(side) // 2) for side in exact)}
    else:
        assert all(abs(side - real) < 1 for sides in inner for side, real in zip(sides, exact, strict=True))
        assert len(inner) > 1 or lam in (0.0, 0.75, 1.0)  # odd and even ones, where the side is no whole number
    assert inner or lam == 0.0


def test_real_centres_reach_both_borders_alike():
    """By the paper a box with the side of a pixel covers the pixel that its centre is in, each of 8 alike."""
    generator, draws = torch.Generator().manual_seed(0), 8000
    covered = np.zeros(8)
    for _ in range(draws):
        y1, y2, _, _ = cutmix_bbox(8, 8, 1 - 1 / 64, rounding='paper', generator=generator)
        covered[y1:y2] += 1
    assert np.abs(covered / draws - 1 / 8).max() < 5 * math.sqrt(1 / 8 * 7 / 8 / draws)


@pytest.mark.parametrize('sigma', [0.25, 0.5])
def test_gaussian_centres(sigma):
    """A box with half sides of 1 ends one after its centre: a normal, rounded, what is beyond moved to the border."""
    height, width, draws = 16, 24, 6000
    generator = torch.Generator().manual_seed(0)
    counts = {side: np.zeros(side) for side in (height, width)}
    for _ in range(draws):
        y1, y2, x1, x2 = cutmix_bbox(height, width, 1 - 0.16**2, center_sigma=sigma, generator=generator)
        # Cut to a half at the border, never to nothing.
        assert all(
            y - x == 2 - (x == 0 and y == 1) - (y == side and x == side - 1)
            for x, y, side in ((y1, y2, height), (x1, x2, width))
        )
        counts[height][y2 - 1] += 1
        counts[width][x2 - 1] += 1
    for side, count in counts.items():
        edges = norm.cdf(np.arange(1, side) - 0.5, loc=side / 2, scale=sigma * side)
        expected = np.diff(np.concatenate([[0.0], edges, [1.0]]))
        assert (np.abs(count / draws - expected) < 5 * np.sqrt(expected / draws) + 1 / draws).all()


def test_gaussian_centres_are_real_numbers_by_the_paper():
    generator = torch.Generator().manual_seed(0)
    boxes = [
        cutmix_bbox(64, 64, 0.99, rounding='paper', center_sigma=0.1, generator=generator)[:2] for _ in range(2000)
    ]
    assert {y2 - y1 for y1, y2 in boxes} == {6, 7}
    centers = np.array([(y1 + y2) / 2 for y1, y2 in boxes])
    assert centers.mean() == pytest.approx(32, abs=5 * 6.4 / math.sqrt(2000))
    assert centers.std() == pytest.approx(6.4, rel=0.1)
    far = [cutmix_bbox(8, 8, 0.75, rounding='paper', center_sigma=50, generator=generator) for _ in range(50)]
    assert all({y2 - y1, x2 - x1} == {2} for y1, y2, x1, x2 in far)  # half of it, at the very border


def test_fixed_size_on_cifar_images():
    """Enumerated: 0.808594 is kept on average, and 17 of 32 centres on each axis leave the box whole."""
    spans = np.array([min(center + 8, 32) - max(center - 8, 0) for center in range(32)])
    kept = 1 - np.outer(spans, spans) / 1024
    assert kept.mean() == pytest.approx(0.808594, abs=1e-6)
    assert (kept == 0.75).mean() == pytest.approx(0.282, abs=5e-4)
    generator, draws = torch.Generator().manual_seed(0), 6000
    boxes = [fixed_size_bbox(32, 32, 16, generator=generator) for _ in range(draws)]
    shares = np.array([kept_share(box, 32, 32) for box in boxes])
    assert shares.mean() == pytest.approx(kept.mean(), abs=5 * kept.std() / math.sqrt(draws))
    assert (shares == 0.75).mean() == pytest.approx((17 / 32) ** 2, abs=5 * math.sqrt(0.282 * 0.718 / draws))
    ends = np.unique([box[:2] for box in boxes], axis=0)
    assert {tuple(end) for end in ends.tolist()} == {(max(c - 8, 0), min(c + 8, 32)) for c in range(32)}


def test_fixed_size_inside():
    """Each of the 3 x 6 places alike, sides exact, odd ones too."""
    generator, draws = torch.Generator().manual_seed(0), 3600
    boxes = [fixed_size_bbox(7, 10, 5, inside=True, generator=generator) for _ in range(draws)]
    places, counts = np.unique(boxes, axis=0, return_counts=True)
    assert {tuple(place) for place in places.tolist()} == {(y, y + 5, x, x + 5) for y in range(3) for x in range(6)}
    assert np.abs(counts - 200).max() < 5 * math.sqrt(200)


def test_fixed_size_of_an_odd_side():
    generator = torch.Generator().manual_seed(0)
    sides = {
        rounding: {
            y2 - y1
            for y1, y2, _, _ in (fixed_size_bbox(21, 21, 5, rounding=rounding, generator=generator) for _ in range(200))
            if y1 > 0 and y2 < 21
        }
        for rounding in ('reference', 'paper')
    }
    assert sides == {'reference': {4}, 'paper': {5}}


def test_bad_options():
    with pytest.raises(ValueError, match="rounding: expected one of reference, paper, got 'nearest'"):
        cutmix_bbox(8, 8, 0.5, rounding='nearest')
    for sigma in (0, -1.0, float('nan')):
        with pytest.raises(ValueError, match=f'center_sigma: expected a number above 0, got {sigma}'):
            cutmix_bbox(8, 8, 0.5, center_sigma=sigma)
    for size in (0, 9):
        with pytest.raises(ValueError, match=f'size: expected 1 to 8, the smaller side of the image, got {size}'):
            fixed_size_bbox(8, 12, size)
