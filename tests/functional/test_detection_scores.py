"""Scores of out-of-distribution detection: worked by hand, both ways round, and against scikit-learn with ties."""

from __future__ import annotations

import math

import pytest
import torch

from agmax_mm import functional as AF

IN = torch.tensor([0.9, 0.8, 0.8, 0.4])
OUT = torch.tensor([0.8, 0.3])


def test_worked_by_hand():
    # Of 8 pairs 0.9 wins 2; each 0.8 wins 1 and ties 1; 0.4 wins 1 and loses 1.
    assert AF.auroc(IN, OUT) == (2 + 1.5 + 1.5 + 1) / 8
    # Accept from 0.4: TPR 1, TNR 1/2. From 0.8: TPR 3/4, TNR 1/2. From 0.9: TPR 1/4, TNR 1.
    assert AF.detection_accuracy(IN, OUT) == 0.75
    assert AF.tnr_at_tpr(IN, OUT) == 0.5
    assert AF.tnr_at_tpr(IN, OUT, tpr=0.25) == 1.0
    assert AF.tnr_at_tpr(IN, OUT, tpr=0.6) == 0.5


def test_worked_by_hand_the_other_way_round():
    # What is out now accepts: 0.8 loses to 0.9, ties twice and wins over 0.4; 0.3 loses all.
    assert AF.auroc(OUT, IN) == 2 / 8 == 1 - AF.auroc(IN, OUT)
    # Accept from 0.8: TPR 1/2, TNR 1/4. Accept all or none: 1/2.
    assert AF.detection_accuracy(OUT, IN) == 0.5
    # The threshold of 95 % of two scores is the lower one, 0.3: all others are accepted with them.
    assert AF.tnr_at_tpr(OUT, IN) == 0.0
    assert AF.tnr_at_tpr(OUT, IN, tpr=0.5) == 0.25


def test_the_threshold_is_the_score_closest_to_the_share():
    scores = torch.arange(1, 21) / 100  # 0.01 to 0.20: 19 of 20 are 95 %
    for value, rejected in ((0.02, 0.0), (0.019, 1.0), (0.01, 1.0), (0.2, 0.0)):
        assert AF.tnr_at_tpr(scores, torch.tensor([value])) == rejected
    # 0.5 lies as near to 2/3 as to 1/3 of three: the threshold that accepts more is taken.
    assert AF.tnr_at_tpr(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.5, 2.5]), tpr=0.5) == 0.5


@pytest.mark.parametrize('levels', [3, 20, 10**6])
def test_scikit_learn_gives_the_same(levels):
    metrics = pytest.importorskip('sklearn.metrics')
    generator = torch.Generator().manual_seed(levels)
    inside = (torch.rand(301, generator=generator, dtype=torch.float64).sqrt() * levels).floor() / levels
    outside = (torch.rand(200, generator=generator, dtype=torch.float64) * levels).floor() / levels
    scores, truth = torch.cat([inside, outside]).numpy(), [1] * 301 + [0] * 200
    assert AF.auroc(inside, outside) == pytest.approx(metrics.roc_auc_score(truth, scores), abs=1e-15)
    fpr, tpr, _ = metrics.roc_curve(truth, scores, drop_intermediate=False)
    assert AF.detection_accuracy(inside, outside) == pytest.approx(max(tpr + 1 - fpr) / 2, abs=1e-15)
    ours = AF.roc_curve(inside, outside)
    assert ours[0].numpy() == pytest.approx(fpr, abs=1e-15)
    assert ours[1].numpy() == pytest.approx(tpr, abs=1e-15)
    # Its curve begins with accepting nothing, which is no in-distribution score; duplicates have the highest FPR last.
    closest = min(abs(tpr[1:] - 0.95))
    candidates = [1 - fpr[i] for i in range(1, len(tpr)) if abs(abs(tpr[i] - 0.95) - closest) < 1e-12]
    assert min(candidates) - 1e-12 <= AF.tnr_at_tpr(inside, outside) <= max(candidates) + 1e-12


def test_perfect_useless_and_infinite_scores():
    ones, zeros = torch.ones(3), torch.zeros(4)
    for function, same in ((AF.auroc, 0.5), (AF.detection_accuracy, 0.5), (AF.tnr_at_tpr, 0.0)):
        assert function(ones, zeros) == 1.0
        assert function(ones, torch.ones(4)) == same
    assert AF.auroc(zeros, ones) == 0.0
    assert AF.auroc(torch.tensor([math.inf]), ones) == 1.0
    # In float32 a million scores near 1 would lose the difference.
    close = 1 - torch.rand(1000, dtype=torch.float64) * 1e-9
    assert AF.auroc(close, close - 1e-8) == 1.0


@pytest.mark.parametrize('function', [AF.tnr_at_tpr, AF.auroc, AF.detection_accuracy, AF.roc_curve])
def test_wrong_scores(function):
    with pytest.raises(ValueError, match=r'scores_in: expected one score or more, of shape \(N,\), got shape \(0,\)'):
        function(torch.zeros(0), OUT)
    with pytest.raises(ValueError, match=r'scores_out: .* got shape \(2, 1\)'):
        function(IN, OUT[:, None])
    with pytest.raises(ValueError, match='scores_in: expected numbers, got NaN for 1 of 2'):
        function(torch.tensor([math.nan, 1.0]), OUT)
    with pytest.raises(ValueError, match='tpr: expected above 0 and at most 1, got 95'):
        AF.tnr_at_tpr(IN, OUT, tpr=95)
