"""Calibration: the difference between a classifier's confidence and its accuracy.

Shapes: N = images, K = classes.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

# Probabilities in half precision add up to 1 within this.
_TOLERANCE = 0.01


class ReliabilityBins(NamedTuple):
    """Images by confidence: number, mean confidence and share of right ones; the means of an empty bin are 0."""

    counts: Tensor
    confidence: Tensor
    accuracy: Tensor


def expected_calibration_error(probabilities: Tensor, labels: Tensor, num_bins: int = 15) -> float:
    r"""Expected calibration error of the top class, in bins of equal width.

    .. math::
        \mathrm{ECE} = \sum_{m=1}^{M} \frac{|B_m|}{N} \left| \mathrm{acc}(B_m) - \mathrm{conf}(B_m) \right|

    Args:
        probabilities: Probabilities of the classes, shape ``(N, K)``, each row adding up to 1.
        labels: True classes, shape ``(N,)``.
        num_bins: Number ``M`` of bins of ``(0, 1]``, each without its lower end and with its upper one; a confidence of
            0 falls into the first.

    Returns:
        Within ``[0, 1]``, lower is better; in float64.

    Raises:
        ValueError: If a shape is another, there are no images or bins, or the rows are no probabilities.

    Note:
        The figure depends on the bins and has a positive bias with few images: state ``M`` and ``N`` beside it.

    References:
        C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, Eq. 3, with its ``M = 15``.

    Example:
        >>> expected_calibration_error(torch.tensor([[0.75, 0.25], [0.75, 0.25]]), torch.tensor([0, 1]))
        0.25
    """
    counts, confidence, accuracy = reliability_bins(probabilities, labels, num_bins)
    return float((counts / counts.sum() * (accuracy - confidence).abs()).sum())


def reliability_bins(probabilities: Tensor, labels: Tensor, num_bins: int = 15) -> ReliabilityBins:
    """Confidence and accuracy in bins of confidence: what a reliability diagram draws.

    Args:
        probabilities: As for :func:`expected_calibration_error`.
        labels: True classes, shape ``(N,)``.
        num_bins: Number of bins, as there.

    Returns:
        Three float64 tensors of shape ``(num_bins,)``.

    Raises:
        ValueError: As there.
    """
    _check(probabilities, labels, num_bins)
    confidences, classes = probabilities.detach().double().max(dim=1)
    right = (classes == labels).double()
    edges = torch.linspace(0, 1, num_bins + 1, dtype=torch.float64, device=confidences.device)
    # The inner edges alone: what lies at 0 or, by rounding, above 1 belongs to the first and the last bin.
    index = torch.bucketize(confidences, edges[1:-1])
    counts, confidence, accuracy = (
        torch.zeros(num_bins, dtype=torch.float64, device=confidences.device).index_add_(0, index, values)
        for values in (torch.ones_like(confidences), confidences, right)
    )
    return ReliabilityBins(counts, confidence / counts.clamp(min=1), accuracy / counts.clamp(min=1))


def _check(probabilities: Tensor, labels: Tensor, num_bins: int) -> None:
    if num_bins < 1:
        raise ValueError(f'num_bins: expected at least 1, got {num_bins}')
    if probabilities.ndim != 2 or not len(probabilities):
        raise ValueError(f'probabilities: expected shape (N, K) with N >= 1, got {tuple(probabilities.shape)}')
    if labels.shape != probabilities.shape[:1]:
        raise ValueError(f'labels: expected shape ({len(probabilities)},), got {tuple(labels.shape)}')
    off = (probabilities.double().sum(dim=1) - 1).abs()
    if bool((probabilities < 0).any()) or not bool((off <= _TOLERANCE).all()):
        raise ValueError(
            'probabilities: expected rows of values from 0 that add up to 1, got '
            f'{probabilities.min():.4g} to {probabilities.max():.4g}; are they logits?'
        )
