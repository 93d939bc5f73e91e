"""Scores of out-of-distribution detection: images of the known classes against other images.

In-distribution is the **positive** class and has the **higher** scores: an image is accepted where its score is at
least the threshold. TPR is the share of in-distribution images that are accepted, TNR the share of others that are
rejected.
"""

from __future__ import annotations

import torch
from torch import Tensor


def tnr_at_tpr(scores_in: Tensor, scores_out: Tensor, tpr: float = 0.95) -> float:
    """Share of others that are rejected at the threshold that accepts a share ``tpr`` of in-distribution images.

    The threshold is the in-distribution score whose TPR is closest to ``tpr``; of two that are equally close the lower
    one, which accepts more. A score that equals the threshold is accepted on both sides. ``1 - TNR`` is what others
    call FPR95; where the out-of-distribution class is taken as positive the figure is another one.

    Args:
        scores_in: Scores of in-distribution images, shape ``(N,)``.
        scores_out: Scores of other images, shape ``(M,)``.
        tpr: Share to accept, above 0 and at most 1.

    Returns:
        Within ``[0, 1]``, higher is better.

    Raises:
        ValueError: If a shape is another, there are no scores, one is NaN, or ``tpr`` is out of its range.

    References:
        S. Yun et al., "CutMix", ICCV 2019, Table 12.

    Example:
        >>> tnr_at_tpr(torch.tensor([0.9, 0.8, 0.7, 0.6]), torch.tensor([0.7, 0.5]), tpr=0.75)
        0.5
    """
    if not 0 < tpr <= 1:
        raise ValueError(f'tpr: expected above 0 and at most 1, got {tpr}')
    inside, outside = _sorted(scores_in, scores_out)
    thresholds = torch.unique(inside)
    accepted = len(inside) - torch.searchsorted(inside, thresholds)
    # From the lowest threshold on: the first of equals is the one that accepts more.
    closest = int((accepted.double() - tpr * len(inside)).abs().argmin())
    return int(torch.searchsorted(outside, thresholds[closest])) / len(outside)


def auroc(scores_in: Tensor, scores_out: Tensor) -> float:
    """Area under the ROC curve: the chance that an in-distribution image has the higher score, a tie counting one half.

    Args:
        scores_in: Scores of in-distribution images, shape ``(N,)``.
        scores_out: Scores of other images, shape ``(M,)``.

    Returns:
        Within ``[0, 1]``, 0.5 for scores that tell nothing; from counts in float64.

    Raises:
        ValueError: If a shape is another, there are no scores, or one is NaN.

    Example:
        >>> auroc(torch.tensor([0.9, 0.5]), torch.tensor([0.5, 0.1]))
        0.875
    """
    inside, outside = _sorted(scores_in, scores_out)
    lower = torch.searchsorted(outside, inside).sum()
    not_higher = torch.searchsorted(outside, inside, right=True).sum()
    return int(lower + not_higher) / (2 * len(inside) * len(outside))


def detection_accuracy(scores_in: Tensor, scores_out: Tensor) -> float:
    """Greatest mean of TPR and TNR over all thresholds, accepting and rejecting everything included.

    Args:
        scores_in: Scores of in-distribution images, shape ``(N,)``.
        scores_out: Scores of other images, shape ``(M,)``.

    Returns:
        Within ``[0.5, 1]``. Both sides count alike, whatever their numbers. The threshold is chosen on these very
        scores, so that the figure is a bound for a threshold that was fixed before.

    Raises:
        ValueError: If a shape is another, there are no scores, or one is NaN.

    Example:
        >>> detection_accuracy(torch.tensor([0.9, 0.8, 0.2]), torch.tensor([0.3, 0.1]))  # accept from 0.8 on
        0.8333333333333334
    """
    inside, outside = _sorted(scores_in, scores_out)
    tpr, tnr = _rates(inside, outside)
    return float((tpr + tnr).max()) / 2


def roc_curve(scores_in: Tensor, scores_out: Tensor) -> tuple[Tensor, Tensor]:
    """Points of the ROC curve, from rejecting all images to accepting all.

    Args:
        scores_in: Scores of in-distribution images, shape ``(N,)``.
        scores_out: Scores of other images, shape ``(M,)``.

    Returns:
        The false positive rates (``1 - TNR``) and the true positive rates, float64, one point for each distinct score
        and one before them. The area under the straight lines between them is :func:`auroc`.

    Raises:
        ValueError: If a shape is another, there are no scores, or one is NaN.
    """
    tpr, tnr = _rates(*_sorted(scores_in, scores_out))
    return (1 - tnr).flip(0), tpr.flip(0)


def _rates(inside: Tensor, outside: Tensor) -> tuple[Tensor, Tensor]:
    """TPR and TNR at each distinct score as the threshold, ascending, and at one above all scores."""
    thresholds = torch.unique(torch.cat([inside, outside]))
    end = torch.ones(1, dtype=torch.float64, device=thresholds.device)
    rejected_in = torch.searchsorted(inside, thresholds).double() / len(inside)
    rejected_out = torch.searchsorted(outside, thresholds).double() / len(outside)
    return 1 - torch.cat([rejected_in, end]), torch.cat([rejected_out, end])


def _sorted(scores_in: Tensor, scores_out: Tensor) -> tuple[Tensor, Tensor]:
    for name, scores in (('scores_in', scores_in), ('scores_out', scores_out)):
        if scores.ndim != 1 or not len(scores):
            raise ValueError(f'{name}: expected one score or more, of shape (N,), got shape {tuple(scores.shape)}')
        if bool(scores.isnan().any()):
            raise ValueError(f'{name}: expected numbers, got NaN for {int(scores.isnan().sum())} of {len(scores)}')
    return scores_in.detach().double().sort().values, scores_out.detach().double().sort().values
