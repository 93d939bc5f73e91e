"""Expected calibration error: worked by hand, with scores on the bins' edges, and against scikit-learn's bins."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agmax_mm import functional as AF


def two_classes(confidences):
    first = torch.tensor(confidences, dtype=torch.float64)
    return torch.stack([first, 1 - first], dim=1)


def test_worked_by_hand():
    probabilities = two_classes([0.9, 0.8, 0.8, 0.6])
    labels = torch.tensor([0, 0, 1, 1])
    # Two bins, all in the upper one: confidence 3.1 / 4, accuracy 1/2.
    assert AF.expected_calibration_error(probabilities, labels, 2) == pytest.approx(0.275)
    # Five bins, (0.4, 0.6], (0.6, 0.8] and (0.8, 1]: 1/4 of |0 - 0.6|, 1/2 of |1/2 - 0.8|, 1/4 of |1 - 0.9|.
    assert AF.expected_calibration_error(probabilities, labels, 5) == pytest.approx(0.15 + 0.15 + 0.025)
    bins = AF.reliability_bins(probabilities, labels, 5)
    assert bins.counts.tolist() == [0, 0, 1, 2, 1]
    assert bins.confidence.tolist() == pytest.approx([0, 0, 0.6, 0.8, 0.9])
    assert bins.accuracy.tolist() == [0, 0, 0, 0.5, 1]


def test_right_and_wrong_way_round():
    sure = two_classes([1.0, 1.0])
    assert AF.expected_calibration_error(sure, torch.tensor([0, 0])) == 0
    assert AF.expected_calibration_error(sure, torch.tensor([1, 1])) == 1
    # Too shy counts as too bold does.
    shy = two_classes([0.6, 0.6])
    assert AF.expected_calibration_error(shy, torch.tensor([0, 0])) == pytest.approx(0.4)


def test_an_edge_belongs_to_the_bin_below():
    quarters = torch.tensor([[0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0.0, 0.0], [0.75, 0.25, 0, 0], [1.0, 0, 0, 0]])
    assert AF.reliability_bins(quarters, torch.zeros(4), 4).counts.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize('num_bins', [1, 10, 15])
def test_scikit_learns_bins_give_the_same(num_bins):
    sklearn_calibration = pytest.importorskip('sklearn.calibration')
    generator = torch.Generator().manual_seed(num_bins)
    probabilities = (3 * torch.randn(500, 6, generator=generator)).softmax(1)
    labels = torch.randint(6, (500,), generator=generator)
    confidence, classes = probabilities.double().max(1)
    right = (classes == labels).numpy()
    accuracy, mean = sklearn_calibration.calibration_curve(right, confidence.numpy(), n_bins=num_bins)
    counts = np.histogram(confidence.numpy(), bins=num_bins, range=(0, 1))[0]
    expected = (counts[counts > 0] / 500 * abs(accuracy - mean)).sum()
    assert AF.expected_calibration_error(probabilities, labels, num_bins) == pytest.approx(expected, abs=1e-12)
    # The order of the images does not matter.
    order = torch.randperm(500, generator=generator)
    again = AF.expected_calibration_error(probabilities[order], labels[order], num_bins)
    assert again == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ('probabilities', 'labels', 'num_bins', 'message'),
    [
        (torch.tensor([[3.0, -2.0]]), torch.tensor([0]), 15, 'got -2 to 3; are they logits'),
        (torch.tensor([[0.5, 0.1]]), torch.tensor([0]), 15, 'add up to 1'),
        (torch.tensor([[float('nan'), 1.0]]), torch.tensor([0]), 15, 'add up to 1'),
        (torch.ones(2, 1), torch.tensor([0]), 15, r'labels: expected shape \(2,\), got \(1,\)'),
        (torch.ones(0, 1), torch.ones(0), 15, r'probabilities: expected shape \(N, K\) with N >= 1, got \(0, 1\)'),
        (torch.ones(1, 1), torch.tensor([0]), 0, 'num_bins: expected at least 1, got 0'),
    ],
)
def test_wrong_arguments(probabilities, labels, num_bins, message):
    with pytest.raises(ValueError, match=message):
        AF.expected_calibration_error(probabilities, labels, num_bins)
