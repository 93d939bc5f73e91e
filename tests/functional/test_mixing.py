import math

import pytest
import torch

from agmax_mm.functional import cutmix, cutmix_bbox, sample_beta


def _batch(images=6, height=12, width=20, classes=6):
    """Each image is constant, with its own index as the value; labels likewise."""
    pixels = torch.arange(images, dtype=torch.float32).view(-1, 1, 1, 1).expand(images, 3, height, width).clone()
    return pixels, torch.eye(classes)[:images]


def test_pixels_and_labels_tell_the_same_story():
    generator = torch.Generator().manual_seed(0)
    mixed_any = False
    for _ in range(50):
        images, targets = _batch()
        before = images.clone()
        mixed, mixed_targets = cutmix(images, targets, generator=generator)
        assert torch.equal(images, before)  # the caller's batch is untouched
        for index in range(len(images)):
            shares = torch.stack([(mixed[index, 0] == value).float().mean() for value in range(len(images))])
            torch.testing.assert_close(mixed_targets[index], shares, atol=1e-6, rtol=0)
            mixed_any |= bool(shares[index] < 1)
        # All channels and all images share one box.
        changed = (mixed != before).any(dim=1)
        boxes = changed[changed.flatten(1).any(1)]
        assert all(torch.equal(box, boxes[0]) for box in boxes)
        if len(boxes):
            rows, columns = boxes[0].nonzero(as_tuple=True)
            assert int(boxes[0].sum()) == (rows.max() - rows.min() + 1) * (columns.max() - columns.min() + 1)
    assert mixed_any


def test_without_correction_the_drawn_ratio_weighs_the_labels():
    images, targets = _batch()
    generator = torch.Generator().manual_seed(3)
    lam = sample_beta(1.0, generator=torch.Generator().manual_seed(3))
    _, mixed = cutmix(images, targets, correct_lam=False, generator=generator)
    own = mixed.diagonal()
    moved = own < 1
    torch.testing.assert_close(own[moved], torch.full((int(moved.sum()),), lam))


@pytest.mark.parametrize(('side', 'expected'), [(8, 0.767426), (16, 0.722724), (32, 0.700749), (224, 0.682222)])
def test_mean_of_the_corrected_ratio(side, expected):
    """Exact means for the discrete scheme with alpha = 1; the estimate's standard error is about 0.0021."""
    generator = torch.Generator().manual_seed(side)
    kept = []
    for _ in range(20_000):
        y1, y2, x1, x2 = cutmix_bbox(side, side, sample_beta(1.0, generator=generator), generator=generator)
        kept.append(1 - (y2 - y1) * (x2 - x1) / side**2)
    assert sum(kept) / len(kept) == pytest.approx(expected, abs=0.008)


def test_box_has_the_image_s_aspect_and_even_sides_inside():
    generator = torch.Generator().manual_seed(0)
    height, width, lam = 40, 100, 0.75
    sizes = set()
    for _ in range(300):
        y1, y2, x1, x2 = cutmix_bbox(height, width, lam, generator=generator)
        assert 0 <= y1 <= y2 <= height
        assert 0 <= x1 <= x2 <= width
        if y1 > 0 and x1 > 0 and y2 < height and x2 < width:
            sizes.add((y2 - y1, x2 - x1))
    assert sizes == {(20, 50)}


@pytest.mark.parametrize('lam', [0.0, 1.0])
def test_extreme_ratios(lam):
    y1, y2, x1, x2 = cutmix_bbox(10, 10, lam, generator=torch.Generator().manual_seed(0))
    assert ((y2 - y1) * (x2 - x1) == 0) == (lam == 1.0)


@pytest.mark.parametrize('alpha', [0.2, 1.0, 4.0])
def test_beta_moments(alpha):
    """Mean 1/2 and variance 1 / (4 (2 alpha + 1))."""
    generator = torch.Generator().manual_seed(5)
    draws = torch.tensor([sample_beta(alpha, generator=generator) for _ in range(20_000)])
    variance = 1 / (4 * (2 * alpha + 1))
    assert draws.mean().item() == pytest.approx(0.5, abs=5 * math.sqrt(variance / len(draws)))
    assert draws.var().item() == pytest.approx(variance, rel=0.05)


def test_bad_input():
    images, targets = _batch()
    with pytest.raises(ValueError, match='alpha: expected a number above 0, got 0'):
        cutmix(images, targets, alpha=0)
    with pytest.raises(ValueError, match=r'expected images \(N, C, H, W\)'):
        cutmix(images, targets[:3])
    with pytest.raises(ValueError, match='lam'):
        cutmix_bbox(4, 4, 1.5)
