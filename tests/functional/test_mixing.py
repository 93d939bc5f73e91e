import math

import pytest
import torch

from agmax_mm.functional import cutmix, cutmix_bbox, mixup, sample_beta


def constant_images(images=6, height=12, width=20, classes=6):
    """Each image is constant, with its own index as the value; labels likewise."""
    pixels = torch.arange(images, dtype=torch.float32).view(-1, 1, 1, 1).expand(images, 3, height, width).clone()
    return pixels, torch.eye(classes)[:images]


def test_pixels_and_labels_tell_the_same_story():
    generator = torch.Generator().manual_seed(0)
    mixed_any = False
    for _ in range(50):
        images, targets = constant_images()
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
    images, targets = constant_images()
    generator = torch.Generator().manual_seed(3)
    lam = sample_beta(1.0, generator=torch.Generator().manual_seed(3))
    _, mixed = cutmix(images, targets, correct_lam=False, generator=generator)
    own = mixed.diagonal()
    moved = own < 1
    torch.testing.assert_close(own[moved], torch.full((int(moved.sum()),), lam))


def kept_share(side):
    """Exact mean and standard deviation of the share that CutMix keeps, for alpha = 1.

    ``side * sqrt(U)`` is cut off to ``cut`` with probability ``(2 cut + 1) / side^2``; the axes of a clipped box are
    independent given ``cut``.
    """
    mean = square = 0.0
    for cut in range(side):
        half = cut // 2
        spans = [min(center + half, side) - max(center - half, 0) for center in range(side)]
        weight = (2 * cut + 1) / side**2
        mean += weight * (sum(spans) / side**2) ** 2
        square += weight * (sum(span**2 for span in spans) / side**3) ** 2
    return 1 - mean, math.sqrt(square - mean**2)


@pytest.mark.parametrize(
    ('side', 'expected'), [(8, 0.767426), (16, 0.722724), (32, 0.700749), (56, 0.691446), (224, 0.682222)]
)
def test_mean_of_the_corrected_ratio(side, expected):
    mean, deviation = kept_share(side)
    assert mean == pytest.approx(expected, abs=1e-6)
    generator, kept, draws = torch.Generator().manual_seed(side), [], 10_000
    for _ in range(draws):
        y1, y2, x1, x2 = cutmix_bbox(side, side, sample_beta(1.0, generator=generator), generator=generator)
        kept.append(1 - (y2 - y1) * (x2 - x1) / side**2)
    assert sum(kept) / draws == pytest.approx(mean, abs=5 * deviation / math.sqrt(draws))
    empty = 4 / side**2  # cut is 0 or 1
    assert kept.count(1.0) / draws == pytest.approx(empty, abs=5 * math.sqrt(empty * (1 - empty) / draws))


@pytest.mark.parametrize(('side', 'draws'), [(32, 2_000), (224, 200)])
def test_labels_and_pixels_of_whole_batches_keep_the_exact_mean(side, draws):
    mean, deviation = kept_share(side)
    generator = torch.Generator().manual_seed(1)
    images = torch.tensor([0.0, 1.0]).view(2, 1, 1, 1).expand(2, 1, side, side)
    own, pairs = [], 0
    for _ in range(draws):
        mixed, targets = cutmix(images, torch.eye(2), generator=generator)
        assert targets[1, 1].item() == pytest.approx(mixed[1].mean().item(), abs=1e-6)
        pairs += (swapped := bool(targets[0, 1] > 0))
        if swapped:
            own.append(targets[1, 1].item())
    # Half of the time each image is its own partner; and then, or with an empty box, nothing changes.
    share = (1 - 4 / side**2) / 2
    assert pairs / draws == pytest.approx(share, abs=5 * math.sqrt(0.25 / draws))
    mean_of_boxes = 1 - (1 - mean) / (1 - 4 / side**2)
    assert sum(own) / len(own) == pytest.approx(mean_of_boxes, abs=5 * deviation / math.sqrt(len(own)))


def test_box_centres_are_uniform():
    """A box of 4 pixels in 6 x 8, clipped, tells its centre."""
    generator, draws, counts = torch.Generator().manual_seed(0), 20_000, {}
    for _ in range(draws):
        box = cutmix_bbox(6, 8, 0.5, generator=generator)
        counts[box] = counts.get(box, 0) + 1
    expected = {(max(y - 2, 0), min(y + 2, 6), max(x - 2, 0), min(x + 2, 8)) for y in range(6) for x in range(8)}
    assert set(counts) == expected
    assert len(expected) == 48
    deviation = math.sqrt(draws / 48 * (1 - 1 / 48))
    assert max(abs(count - draws / 48) for count in counts.values()) < 5 * deviation


@pytest.mark.parametrize('mix', [cutmix, mixup])
def test_permutations_are_uniform(mix):
    generator, draws, counts = torch.Generator().manual_seed(0), 6_000, {}
    images = torch.zeros(3, 1, 16, 16)
    for _ in range(draws):
        _, targets = mix(images, torch.eye(3), generator=generator)
        rest = targets - torch.diag(targets.diagonal())
        partners = tuple(int(row.argmax()) if row.sum() > 0 else index for index, row in enumerate(rest))
        counts[partners] = counts.get(partners, 0) + 1
    # CutMix's box is empty with probability 4 / 16^2; the batch then looks like the identity.
    empty = 4 / 16**2 if mix is cutmix else 0.0
    assert len(counts) == 6
    for partners, count in counts.items():
        share = (1 - empty) / 6 + (empty if partners == (0, 1, 2) else 0)
        assert count / draws == pytest.approx(share, abs=5 * math.sqrt(share * (1 - share) / draws))


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


@pytest.mark.parametrize(
    ('dtype', 'steps'), [(torch.float16, 1.0), (torch.bfloat16, 1.0), (torch.float32, 2.0), (torch.float64, 2.0)]
)
def test_mixup_against_its_formula_in_every_type(dtype, steps):
    """The distance to the exact result is counted in units of the last place."""
    images = torch.randn(8, 5, 6, 7, generator=torch.Generator().manual_seed(0)).to(dtype)
    before = images.clone()
    for seed in range(20):
        mixed, targets = mixup(images, torch.eye(8), generator=torch.Generator().manual_seed(seed))
        generator = torch.Generator().manual_seed(seed)
        lam = sample_beta(1.0, generator=generator)
        partners = torch.randperm(8, generator=generator)
        exact = lam * images.double() + (1 - lam) * images[partners].double()
        scale = torch.maximum(images.double().abs(), images[partners].double().abs())
        assert mixed.dtype == dtype
        assert ((mixed.double() - exact).abs() <= steps * torch.finfo(dtype).eps * scale).all()
        own = partners == torch.arange(8)
        assert torch.equal(mixed[own], images[own])  # bit by bit
        torch.testing.assert_close(targets, lam * torch.eye(8) + (1 - lam) * torch.eye(8)[partners])
        assert targets.dtype == torch.float32
        assert torch.equal(targets[own], torch.eye(8)[own])
    assert torch.equal(images, before)


def test_mixup_tells_pixels_and_labels_the_same_story():
    images, targets = constant_images()
    values = torch.arange(6.0)
    mixed, mixed_targets = mixup(images, targets, alpha=0.2, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(mixed.flatten(1), (mixed_targets @ values)[:, None].expand(-1, 3 * 12 * 20))
    assert (mixed != images).any()


@pytest.mark.parametrize('mix', [cutmix, mixup])
def test_views_stacked_as_channels_share_everything(mix):
    views = torch.arange(6.0).view(6, 1, 1, 1) + torch.zeros(6, 3, 12, 20)
    stacked, _ = mix(torch.cat([views, views], dim=1), torch.eye(6), generator=torch.Generator().manual_seed(2))
    assert torch.equal(stacked[:, :3], stacked[:, 3:])
    assert not torch.equal(stacked[:, :3], views)


def test_soft_labels_mix_too():
    soft = torch.full((4, 10), 0.01) + 0.9 * torch.eye(10)[:4]
    _, mixed = mixup(torch.zeros(4, 1, 2, 2), soft.half(), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(mixed.sum(1), torch.ones(4), atol=2e-3, rtol=0)
    assert ((mixed > 0.011).sum(1) <= 2).all()


def test_bad_input():
    images, targets = constant_images()
    with pytest.raises(ValueError, match='alpha: expected a number above 0, got 0'):
        cutmix(images, targets, alpha=0)
    with pytest.raises(ValueError, match=r'expected images \(N, C, H, W\)'):
        cutmix(images, targets[:3])
    with pytest.raises(ValueError, match='lam'):
        cutmix_bbox(4, 4, 1.5)
    with pytest.raises(ValueError, match='alpha: expected a number above 0, got -1'):
        mixup(images, targets, alpha=-1)
    with pytest.raises(ValueError, match='expected images in floating point, got torch.uint8'):
        mixup(images.to(torch.uint8), targets)
    with pytest.raises(ValueError, match='mixing: expected images'):
        mixup(images[0], targets)
