"""Slow, literal versions of the formulas, with loops over images and classes: the oracles of the tests."""

import math

import torch
from torch import Tensor


def mutual_information(logits_a: Tensor, logits_b: Tensor) -> float:
    probs_a, probs_b = logits_a.double().softmax(1), logits_b.double().softmax(1)
    images, classes = probs_a.shape
    joint = [[0.0] * classes for _ in range(classes)]
    for n in range(images):
        for i in range(classes):
            for j in range(classes):
                joint[i][j] += float(probs_a[n, i] * probs_b[n, j]) / images
    joint = [[(joint[i][j] + joint[j][i]) / 2 for j in range(classes)] for i in range(classes)]
    rows = [sum(joint[i][j] for j in range(classes)) for i in range(classes)]
    columns = [sum(joint[i][j] for i in range(classes)) for j in range(classes)]
    return sum(
        joint[i][j] * math.log(joint[i][j] / (rows[i] * columns[j]))
        for i in range(classes)
        for j in range(classes)
        if joint[i][j] > 0
    )


def pair_entropy(*logits: Tensor) -> float:
    total = 0.0
    for view in logits:
        means = view.double().softmax(1).mean(0)
        total -= sum(float(p) * math.log(float(p)) for p in means)
    return total / len(logits)


def pair_consistency(logits_a: Tensor, logits_b: Tensor, logits_pair: Tensor) -> float:
    probs_a, probs_b, pair = (view.double().softmax(1) for view in (logits_a, logits_b, logits_pair))
    images, classes = pair.shape
    total = 0.0
    for n in range(images):
        for i in range(classes):
            total += abs(float(pair[n, i] - probs_a[n, i])) + abs(float(pair[n, i] - probs_b[n, i]))
    return total / (2 * images * classes)


def kl(reference: Tensor, prediction: Tensor) -> float:
    """Mean over images of KL(reference || prediction)."""
    p, q = reference.double().softmax(1), prediction.double().softmax(1)
    return sum(float(a) * math.log(float(a) / float(b)) for a, b in zip(p.flatten(), q.flatten(), strict=True)) / len(p)


def batch_logits(
    seed: int, images: int, classes: int, views: int = 2, *, dtype: torch.dtype = torch.float64
) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [3 * torch.randn(images, classes, generator=generator, dtype=dtype) for _ in range(views)]
