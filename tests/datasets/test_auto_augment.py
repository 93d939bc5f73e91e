import hashlib
import math
from collections import Counter

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageEnhance
from torchvision.transforms import AutoAugmentPolicy
from torchvision.transforms.autoaugment import AutoAugment as TorchvisionAutoAugment

from agmax_mm.datasets import AutoAugment, RandAugment
from agmax_mm.datasets.transforms import auto_augment, rand_augment
from agmax_mm.datasets.transforms.auto_augment import POLICIES
from agmax_mm.datasets.transforms.operations import OPERATIONS

PICTURE = Image.fromarray(skimage.data.astronaut()).crop((160, 20, 290, 150)).resize((32, 32))
IMAGE = np.ascontiguousarray(np.asarray(PICTURE)[..., ::-1])


def _within(count, rounds, share, sigmas=5):
    return abs(count - rounds * share) <= sigmas * math.sqrt(rounds * share * (1 - share))


@pytest.mark.parametrize(
    ('policy', 'published', 'digest'),
    [
        ('cifar', AutoAugmentPolicy.CIFAR10, 'ef364edf8fb1ce30f8f6820cd46d213ecb3431a7e0f66c61f0d79e55983c5a41'),
        ('imagenet', AutoAugmentPolicy.IMAGENET, '71b9f79a272b1971dd3ea7edf8b770e8f9ccffbd60b437af6e560507a2541277'),
    ],
)
def test_tables_of_the_policies(policy, published, digest):
    """As torchvision has them, but for one magnitude; which also lacks those that have no effect, hence the digest."""
    ours = POLICIES[policy]
    theirs = [list(row) for row in TorchvisionAutoAugment(published).policies]
    assert len(ours) == 25
    others = []
    for row, published_row in zip(ours, theirs, strict=True):
        assert len(row) == 2
        for (name, prob, magnitude), (their_name, their_prob, their_magnitude) in zip(row, published_row, strict=True):
            assert (name, prob) == (their_name, their_prob)
            assert their_magnitude is not None or name in ('AutoContrast', 'Equalize', 'Invert')
            if their_magnitude not in (None, magnitude):
                others.append((name, prob, magnitude, their_magnitude))
    assert others == ([('Color', 0.2, 6, 8)] if policy == 'cifar' else [])
    text = ''.join(f'{name} {prob:g} {magnitude}\n' for row in ours for name, prob, magnitude in row)
    assert hashlib.sha256(text.encode()).hexdigest() == digest


def test_rows_typed_by_hand():
    cifar, imagenet = POLICIES['cifar'], POLICIES['imagenet']
    assert cifar[0] == [('Invert', 0.1, 7), ('Contrast', 0.2, 6)]
    assert cifar[13] == [('Brightness', 0.9, 6), ('Color', 0.2, 6)]
    assert cifar[14] == [('Solarize', 0.5, 2), ('Invert', 0.0, 3)]
    assert cifar[24] == [('TranslateY', 0.7, 9), ('AutoContrast', 0.9, 1)]
    assert imagenet[0] == [('Posterize', 0.4, 8), ('Rotate', 0.6, 9)]
    assert imagenet[12] == [('Equalize', 0.0, 7), ('Equalize', 0.8, 8)]
    assert imagenet[18] == [('ShearX', 0.6, 5), ('Equalize', 1.0, 9)]
    assert imagenet[24] == [('Equalize', 0.8, 8), ('Equalize', 0.6, 3)]


@pytest.mark.parametrize('policy', ['cifar', 'imagenet'])
def test_sub_policies_are_uniform_and_each_operation_has_its_own_coin(policy, monkeypatch):
    """Each operation gets its place in the table for a name, so that the record tells what was drawn."""
    probs = [[prob for _, prob, _ in row] for row in POLICIES[policy]]
    places = [[((row, place), prob, 0) for place, prob in enumerate(pair)] for row, pair in enumerate(probs)]
    monkeypatch.setitem(POLICIES, policy, places)
    record, mirrors = [], []

    def note(image, name, magnitude, *, mirror):
        record.append(name)
        mirrors.append(mirror)
        return image

    monkeypatch.setattr(auto_augment, 'apply_operation', note)
    transform, rounds, seen = AutoAugment(policy), 40_000, Counter()
    np.random.seed(0)
    for _ in range(rounds):
        record.clear()
        transform({'img': IMAGE})
        assert len({row for row, _ in record}) <= 1  # one sub-policy
        assert record == sorted(record)  # in order
        seen[tuple(record)] += 1
    assert seen.total() == rounds
    for row, (first, second) in enumerate(probs):
        a, b = (row, 0), (row, 1)
        assert _within(seen[(a, b)], rounds, first * second / 25)
        assert _within(seen[(a,)], rounds, first * (1 - second) / 25)
        assert _within(seen[(b,)], rounds, (1 - first) * second / 25)
    assert _within(seen[()], rounds, sum((1 - first) * (1 - second) for first, second in probs) / 25)
    assert _within(sum(mirrors), len(mirrors), 0.5)


@pytest.mark.parametrize('options', [{}, {'num_ops': 3, 'prob': 0.8, 'magnitudes': (4, 6)}])
def test_draws_of_rand_augment(options, monkeypatch):
    record = []

    def note(image, name, magnitude, *, mirror):
        record.append((name, magnitude, mirror))
        return image

    monkeypatch.setattr(rand_augment, 'apply_operation', note)
    transform, rounds = RandAugment(**options), 20_000
    num_ops, prob, (low, high) = {'num_ops': 2, 'prob': 0.5, 'magnitudes': (1, 10), **options}.values()
    np.random.seed(0)
    augmented, repeated, draws = 0, 0, []
    for _ in range(rounds):
        record.clear()
        transform({'img': IMAGE})
        assert len(record) in (0, num_ops)  # one coin for all
        augmented += bool(record)
        repeated += bool(record) and record[0][0] == record[1][0]
        draws += record
    assert _within(augmented, rounds, prob)
    assert _within(repeated, augmented, 1 / 14)  # with replacement
    names, magnitudes, mirrors = zip(*draws, strict=True)
    assert set(names) == set(OPERATIONS)
    assert all(_within(count, len(draws), 1 / 14) for count in Counter(names).values())
    assert set(magnitudes) == set(range(low, high + 1))
    assert all(_within(count, len(draws), 1 / (high - low + 1)) for count in Counter(magnitudes).values())
    assert _within(sum(mirrors), len(draws), 0.5)


def test_rand_augment_changes_pixels():
    np.random.seed(0)
    results = [RandAugment(prob=1.0)({'img': IMAGE})['img'] for _ in range(30)]
    assert all(result.shape == IMAGE.shape for result in results)
    assert len({result.tobytes() for result in results}) > 25
    assert np.array_equal(RandAugment(prob=0.0)({'img': IMAGE})['img'], IMAGE)


def test_arrays_are_bgr(monkeypatch):
    monkeypatch.setitem(POLICIES, 'cifar', [[('Color', 1.0, 0), ('Color', 1.0, 0)]])
    before = IMAGE.copy()
    expected = np.asarray(ImageEnhance.Color(ImageEnhance.Color(PICTURE).enhance(0.1)).enhance(0.1))
    result = AutoAugment('cifar')({'img': IMAGE})['img'][..., ::-1]
    np.testing.assert_allclose(result.astype(int), expected, atol=1)
    assert np.array_equal(IMAGE, before)


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (lambda: AutoAugment('svhn'), r"expected one of \['cifar', 'imagenet'\], got 'svhn'"),
        (lambda: RandAugment(num_ops=0), 'num_ops: expected at least 1, got 0'),
        (lambda: RandAugment(prob=1.5), r'prob: expected a number within \[0, 1\], got 1.5'),
        (lambda: RandAugment(magnitudes=(3, 11)), 'lowest and the highest within 0 to 10, got'),
        (lambda: RandAugment(magnitudes=(7, 3)), 'lowest and the highest within 0 to 10, got'),
        (lambda: AutoAugment('cifar')({'img': PICTURE}), r'AutoAugment: expected .* shape \(H, W, 3\), got Image'),
        (
            lambda: RandAugment()({'img': np.zeros((8, 8), np.uint8)}),
            r'RandAugment: expected .* got uint8 and \(8, 8\)',
        ),
        (lambda: RandAugment()({'img': np.zeros((8, 8, 3))}), 'got float64'),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
