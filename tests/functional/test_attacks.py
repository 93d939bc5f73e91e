"""FGSM and PGD against another library and a plain loop, bit by bit, and against what is known of linear models."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from agmax_mm import functional as AF

# Images and steps of binary fractions: sums of them are exact, so that the order of additions does not matter.
EPS = 2.0**-5


@pytest.fixture(scope='module')
def network():
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 36, 7)]
    return nn.Sequential(*layers).eval()


@pytest.fixture(scope='module')
def batch():
    generator = torch.Generator().manual_seed(1)
    return torch.randint(257, (6, 3, 12, 12), generator=generator) / 256, torch.arange(6)


def test_bit_equal_to_torchattack(network, batch):
    torchattack = pytest.importorskip('torchattack')
    images, labels = batch
    theirs = torchattack.FGSM(network, device='cpu', eps=EPS)(images, labels)
    assert torch.equal(AF.fgsm(network, images, labels, EPS), theirs)
    # Also where the mean over the batch and the sum have other roundings than here.
    one = torchattack.FGSM(network, device='cpu', eps=EPS)(images[:1], labels[:1])
    assert torch.equal(AF.fgsm(network, images[:1], labels[:1], EPS), one)
    options = dict(steps=8, random_start=False)
    theirs = torchattack.PGD(network, device='cpu', eps=EPS, alpha=EPS / 4, **options)(images, labels)
    assert torch.equal(AF.pgd(network, images, labels, EPS, step_size=EPS / 4, **options), theirs)


def test_bit_equal_to_a_plain_loop_over_images(network, batch):
    generator = torch.Generator().manual_seed(3)
    start = torch.Generator().manual_seed(3)
    images, labels = batch
    low, high = torch.tensor([0.1, 0.0, 0.2])[:, None, None], torch.tensor([0.9, 1.0, 0.8])[:, None, None]
    eps = torch.tensor([0.05, 0.02, 0.1])[:, None, None]
    limits = dict(low=low, high=high)
    fast = AF.fgsm(network, images, labels, eps, **limits)
    slow = AF.pgd(network, images, labels, eps, steps=3, generator=generator, **limits)
    noise = torch.rand(images.shape, generator=start)
    for image, label, draw, one, many in zip(images, labels, noise, fast, slow, strict=True):
        assert torch.equal(one, clip(image + eps * sign_of_gradient(network, image, label), low, high))
        x = clip(image + eps * (2 * draw - 1), low, high)
        for _ in range(3):
            x = x + 2.5 * eps / 3 * sign_of_gradient(network, x, label)
            x = clip(clip(x, image - eps, image + eps), low, high)
        assert torch.equal(many, x)


def sign_of_gradient(network, image, label):
    leaf = image.clone().requires_grad_()
    (-network(leaf[None]).log_softmax(1)[0, label]).backward()
    return leaf.grad.sign()


def clip(x, low, high):
    return torch.min(torch.max(x, low), high)


def test_of_a_linear_model_one_step_is_the_worst_there_is():
    generator = torch.Generator().manual_seed(2)
    weight = torch.randn(2, 20, generator=generator, dtype=torch.float64)
    images = torch.rand(5, 20, generator=generator, dtype=torch.float64)
    labels = torch.tensor([0, 1, 0, 1, 0])

    def margin(x):
        logits = x @ weight.T
        return logits.gather(1, labels[:, None]) - logits.gather(1, 1 - labels[:, None])

    changed = AF.fgsm(lambda x: x @ weight.T, images, labels, 0.01, low=None, high=None)
    drop = 0.01 * (weight[0] - weight[1]).abs().sum()
    torch.testing.assert_close(margin(images) - margin(changed), drop.expand(5, 1))
    torch.testing.assert_close(AF.pgd(lambda x: x @ weight.T, images, labels, 0.01, low=None, high=None), changed)


def test_limits_and_no_change(network, batch):
    images, labels = batch
    network.zero_grad()
    assert torch.equal(AF.fgsm(network, images, labels, 0.0), images)
    assert torch.equal(AF.fgsm(network, images, labels, 0.0, low=0.25, high=0.5), images.clamp(0.25, 0.5))
    assert torch.equal(AF.pgd(network, images, labels, 0.0, steps=1), images)
    changed = AF.pgd(network, images, labels, 0.3, steps=4)
    assert (changed - images).abs().max() <= 0.3 + 1e-6
    assert changed.min() == 0
    assert changed.max() == 1
    assert not changed.requires_grad
    assert all(parameter.grad is None for parameter in network.parameters())
    # A model that does not look at its input has no gradient to follow.
    assert torch.equal(AF.fgsm(lambda x: 0 * x.flatten(1)[:, :7], images, labels, 0.1), images)
    with torch.no_grad():
        assert not torch.equal(AF.fgsm(network, images, labels, 0.1), images)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(images=torch.zeros(2, 3, dtype=torch.uint8)), 'images: expected floating point, got torch.uint8'),
        (dict(labels=torch.tensor([0])), r'labels: expected shape \(2,\), got \(1,\)'),
        (dict(eps=-0.1), 'eps: expected at least 0, got -0.1'),
        (dict(low=1.0, high=0.0), r'low: expected at most high \(0.0\), got 1.0'),
    ],
)
def test_wrong_arguments(changes, message):
    arguments = dict(images=torch.zeros(2, 3), labels=torch.tensor([0, 1]), eps=0.1)
    for attack in (AF.fgsm, AF.pgd):
        with pytest.raises(ValueError, match=message):
            attack(lambda x: x, **{**arguments, **changes})
    with pytest.raises(ValueError, match=r'pgd.steps: expected at least 1, got 0'):
        AF.pgd(lambda x: x, **arguments, steps=0)
