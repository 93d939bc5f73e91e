"""CutMix's variants: other boxes and other labels, pixel by pixel."""

import pytest
import torch

from agmax_mm.functional import cutmix, cutmix_bbox, mixup, sample_beta
from tests.functional.test_mixing import constant_images


def _draws(seed, images):
    """Ratio and partners as the first draws from a seed."""
    generator = torch.Generator().manual_seed(seed)
    return sample_beta(1.0, generator=generator), torch.randperm(images, generator=generator)


def _box(seed, images, height, width, **options):
    """Mask of the box that is drawn after them."""
    generator = torch.Generator().manual_seed(seed)
    lam = sample_beta(1.0, generator=generator)
    torch.randperm(images, generator=generator)
    y1, y2, x1, x2 = cutmix_bbox(height, width, lam, generator=generator, **options)
    mask = torch.zeros(height, width, dtype=torch.bool)
    mask[y1:y2, x1:x2] = True
    return mask


@pytest.mark.parametrize('rounding', ['reference', 'paper'])
@pytest.mark.parametrize('label', ['area', 'one_hot', 'complete'])
@pytest.mark.parametrize('center_sigma', [None, 0.25])
def test_pixels_and_labels_of_every_kind(rounding, label, center_sigma):
    """Bit by bit: outside of the box the image, inside its partner; labels by hand from the pixels that were kept."""
    images = torch.randn(5, 2, 24, 40, generator=torch.Generator().manual_seed(0))
    targets = torch.rand(5, 4, generator=torch.Generator().manual_seed(1)).softmax(dim=1)
    before, odd, pasted = images.clone(), 0, 0
    for seed in range(30):
        mixed, mixed_targets = cutmix(
            images,
            targets,
            rounding=rounding,
            label=label,
            center_sigma=center_sigma,
            generator=torch.Generator().manual_seed(seed),
        )
        assert torch.equal(images, before)
        _, partners = _draws(seed, 5)
        foreign = (mixed != images).any(dim=1)[partners != torch.arange(5)]
        box = foreign[0]
        assert all(torch.equal(other, box) for other in foreign)
        rows, columns = box.any(dim=1).sum(), box.any(dim=0).sum()
        assert box.sum() == rows * columns
        assert torch.equal(mixed, torch.where(box, images[partners], images))
        kept = 1 - int(box.sum()) / 960
        own = {'area': kept, 'one_hot': float(kept >= 0.5), 'complete': 0.5}[label]
        torch.testing.assert_close(mixed_targets, own * targets + (1 - own) * targets[partners], atol=2e-7, rtol=0)
        assert torch.equal(box, _box(seed, 5, 24, 40, rounding=rounding, center_sigma=center_sigma))
        odd += int(rows % 2)
        pasted += kept < 0.5
    assert 0 < pasted < 30
    assert odd > 0  # clipped, or by the paper's rounding


def test_the_label_s_weight_is_the_share_of_own_pixels_exactly():
    images, targets = constant_images(height=24, width=40)
    for seed in range(40):
        mixed, mixed_targets = cutmix(images, targets, generator=torch.Generator().manual_seed(seed))
        _, partners = _draws(seed, 6)
        for index in (partners != torch.arange(6)).nonzero().flatten().tolist():
            own = int((mixed[index, 0] == index).sum())
            assert mixed_targets[index, index] == torch.tensor(1 - (960 - own) / 960)


def test_of_two_halves_the_image_itself_gives_the_label():
    images, targets = constant_images(height=4, width=8)
    for seed in range(10):
        generator = torch.Generator().manual_seed(seed)
        mixed, labels = cutmix(images, targets, size=4, inside=True, label='one_hot', generator=generator)
        assert torch.equal(labels, targets)
        assert seed or not torch.equal(mixed, images)


@pytest.mark.parametrize('correct_lam', [True, False])
def test_fixed_size(correct_lam):
    """Clipped, a box is smaller; without correction its label isn't."""
    images, targets = constant_images(height=24, width=40)
    shares = set()
    for seed in range(40):
        generator = torch.Generator().manual_seed(seed)
        mixed, labels = cutmix(images, targets, size=12, correct_lam=correct_lam, generator=generator)
        partners = torch.randperm(6, generator=torch.Generator().manual_seed(seed))  # no ratio is drawn
        for index in (partners != torch.arange(6)).nonzero().flatten().tolist():
            kept = (mixed[index, 0] == index).float().mean().item()
            shares.add(kept)
            expected = kept if correct_lam else 1 - 144 / 960
            assert labels[index, index].item() == pytest.approx(expected, abs=1e-6)
            assert labels[index, partners[index]].item() == pytest.approx(1 - expected, abs=1e-6)
    assert min(shares) == pytest.approx(1 - 144 / 960)
    assert len(shares) > 5


def test_an_odd_fixed_size_by_both_roundings():
    images, targets = constant_images(height=24, width=40)
    for rounding, area in (('reference', 12 * 12), ('paper', 13 * 13)):
        largest = 0
        for seed in range(40):
            generator = torch.Generator().manual_seed(seed)
            _, labels = cutmix(images, targets, size=13, rounding=rounding, generator=generator)
            largest = max(largest, round(960 * float(1 - labels.diagonal().min())))
        assert largest == area


def test_gradients_reach_both_images():
    """Through CutMix to each pixel once, to where it was pasted or stayed; through MixUp by the ratio."""
    weights = torch.randn(4, 2, 6, 7, generator=torch.Generator().manual_seed(0))
    for mix in (cutmix, mixup):
        images = torch.randn(4, 2, 6, 7, generator=torch.Generator().manual_seed(1), requires_grad=True)
        mixed, _ = mix(images, torch.eye(4), generator=torch.Generator().manual_seed(7))
        (mixed * weights).sum().backward()
        lam, partners = _draws(7, 4)
        assert (partners != torch.arange(4)).all()  # and not in pairs: 0 gets 1, 1 gets 3, 3 gets 2, 2 gets 0
        other = weights[partners.argsort()]
        if mix is mixup:
            torch.testing.assert_close(images.grad, lam * weights + (1 - lam) * other)
        else:
            box = (mixed != images).any(dim=1).any(dim=0)
            assert torch.equal(images.grad, torch.where(box, other, 0.0) + torch.where(box, 0.0, weights))
            assert 0 < box.sum() < 42


def test_bad_options():
    images, targets = constant_images()
    with pytest.raises(ValueError, match="cutmix.label: expected one of area, one_hot, complete, got 'soft'"):
        cutmix(images, targets, label='soft')
    with pytest.raises(ValueError, match='cutmix: expected size or center_sigma, got both'):
        cutmix(images, targets, size=4, center_sigma=0.25)


def test_one_hot_by_the_drawn_ratio():
    """A box of 6 in 8 pixels is more than half of the image; clipped at a corner it is less."""
    images = torch.arange(4.0).view(4, 1, 1, 1).expand(4, 1, 8, 8)
    targets = torch.eye(4)
    disagreed = 0
    for seed in range(40):
        mixed, labels = cutmix(images, targets, size=6, label='one_hot', generator=torch.Generator().manual_seed(seed))
        _, drawn = cutmix(
            images, targets, size=6, label='one_hot', correct_lam=False, generator=torch.Generator().manual_seed(seed)
        )
        partners = torch.randperm(4, generator=torch.Generator().manual_seed(seed))
        assert torch.equal(drawn, targets[partners])
        changed = (mixed != images).float().mean(dim=(1, 2, 3))
        for index, partner in enumerate(partners.tolist()):
            expected = partner if changed[index] > 0.5 else index
            assert labels[index].argmax() == expected
            disagreed += expected != partner
    assert disagreed > 10
