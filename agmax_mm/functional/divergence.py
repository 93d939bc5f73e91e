"""Distances between the class predictions of two views, image by image.

Shapes: N = images in the batch, K = classes.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from agmax_mm.functional.logits import check_logits, probabilities, widen


def pair_consistency(logits_a: Tensor, logits_b: Tensor, logits_pair: Tensor, *, reduction: str = 'mean') -> Tensor:
    r"""Mean absolute difference between the pair head's probabilities and those of each view.

    .. math::
        \frac{1}{2NK} \sum_{n=1}^{N} \left( \lVert q^{(n)} - p_a^{(n)} \rVert_1 + \lVert q^{(n)} - p_b^{(n)} \rVert_1
        \right)

    Args:
        logits_a: Logits of view A, shape ``(N, K)``.
        logits_b: Logits of view B, shape ``(N, K)``.
        logits_pair: Logits of the pair head, shape ``(N, K)``; :math:`q` is their softmax.
        reduction: ``'mean'`` over images and classes, as printed above and in the released code: the term falls
            with ``1 / K``, and is at most 0.002 for 1000 classes. Or ``'batchmean'``, the sum over classes.

    Returns:
        Scalar within ``[0, 2 / K]``, or ``[0, 2]`` with ``'batchmean'``, unweighted (the released code multiplies it by
        4), in float32 or wider. The gradient reaches the pair head and both views.

    Raises:
        ValueError: If a shape is not ``(N, K)`` with ``N >= 1`` and ``K >= 2``, the shapes differ, or the reduction is
            unknown.

    References:
        github.com/roatienza/agmax, ``loss.py``, lines 33 to 37.
    """
    check_logits(logits_a=logits_a, logits_b=logits_b, logits_pair=logits_pair)
    probs_a, probs_b, probs_pair = (probabilities(logits) for logits in (logits_a, logits_b, logits_pair))
    return _reduce(0.5 * ((probs_pair - probs_a).abs() + (probs_pair - probs_b).abs()), reduction)


def mse_agreement(logits_a: Tensor, logits_b: Tensor) -> Tensor:
    """Mean squared difference of the logits, over images and classes.

    Args:
        logits_a: Logits of view A, shape ``(N, K)``.
        logits_b: Logits of view B, shape ``(N, K)``.

    Returns:
        Scalar, at least 0, in float32 or wider.

    Raises:
        ValueError: If a shape is not ``(N, K)`` with ``N >= 1`` and ``K >= 2``, or the shapes differ.

    References:
        Paper, section 4.6, which names it; the form is that of github.com/roatienza/agmax, ``loss.py``, line 17.
    """
    check_logits(logits_a=logits_a, logits_b=logits_b)
    return F.mse_loss(widen(logits_a), widen(logits_b))


def kl_agreement(logits_a: Tensor, logits_b: Tensor, *, symmetric: bool = False, detach: bool = False) -> Tensor:
    r"""Kullback-Leibler divergence :math:`\frac{1}{N}\sum_n KL(p_b^{(n)} \Vert p_a^{(n)})`. Not symmetric in the views.

    Args:
        logits_a: Logits of view A, shape ``(N, K)``.
        logits_b: Logits of view B, shape ``(N, K)``; its prediction is the reference distribution.
        symmetric: Average both directions.
        detach: Pass no gradient to the reference distribution; otherwise both views receive gradient.

    Returns:
        Scalar in nats, at least 0, in float32 or wider.

    Raises:
        ValueError: If a shape is not ``(N, K)`` with ``N >= 1`` and ``K >= 2``, or the shapes differ.

    References:
        Paper, section 4.6, which names it; the defaults are those of github.com/roatienza/agmax, ``loss.py``.
    """
    check_logits(logits_a=logits_a, logits_b=logits_b)
    log_probs_a, log_probs_b = (F.log_softmax(widen(logits), dim=1) for logits in (logits_a, logits_b))

    def divergence(log_reference: Tensor, log_probs: Tensor) -> Tensor:
        log_reference = log_reference.detach() if detach else log_reference
        return F.kl_div(log_probs, log_reference, reduction='batchmean', log_target=True)

    term = divergence(log_probs_b, log_probs_a)
    return 0.5 * (term + divergence(log_probs_a, log_probs_b)) if symmetric else term


def cross_entropy_agreement(
    logits_a: Tensor, logits_b: Tensor, *, reduction: str = 'mean', symmetric: bool = False, detach: bool = False
) -> Tensor:
    r"""Cross-entropy between the views, :math:`-\frac{1}{NK} \sum_{n,i} p_{a,i}^{(n)} \ln p_{b,i}^{(n)}`.

    Not symmetric in the views.

    Args:
        logits_a: Logits of view A, shape ``(N, K)``; its prediction is the reference distribution.
        logits_b: Logits of view B, shape ``(N, K)``.
        reduction: ``'mean'`` over images and classes, as in the released code: the term is K times smaller than
            the usual cross-entropy. Or ``'batchmean'``, the usual one.
        symmetric: Average both directions.
        detach: Pass no gradient to the reference distribution; otherwise both views receive gradient.

    Returns:
        Scalar in nats, at least 0, in float32 or wider.

    Raises:
        ValueError: If a shape is not ``(N, K)`` with ``N >= 1`` and ``K >= 2``, the shapes differ, or the reduction is
            unknown.

    References:
        Paper, section 4.6, which names it; the defaults are those of github.com/roatienza/agmax, ``loss.py``.
    """
    check_logits(logits_a=logits_a, logits_b=logits_b)
    log_probs_a, log_probs_b = (F.log_softmax(widen(logits), dim=1) for logits in (logits_a, logits_b))

    def cross_entropy(log_reference: Tensor, log_probs: Tensor) -> Tensor:
        reference = log_reference.detach().exp() if detach else log_reference.exp()
        return _reduce(-reference * log_probs, reduction)

    term = cross_entropy(log_probs_a, log_probs_b)
    return 0.5 * (term + cross_entropy(log_probs_b, log_probs_a)) if symmetric else term


def jsd_agreement(*logits: Tensor) -> Tensor:
    r"""Jensen-Shannon divergence of two or more views: the mean divergence from their mean prediction.

    .. math::
        \frac{1}{NV} \sum_{n=1}^{N} \sum_{v=1}^{V} KL\left( p_v^{(n)} \,\Vert\, m^{(n)} \right), \qquad
        m^{(n)} = \frac{1}{V} \sum_{v=1}^{V} p_v^{(n)}

    Args:
        *logits: Logits of each view, shape ``(N, K)``, rows in the same order; V of them.

    Returns:
        Scalar in nats, within ``[0, ln V]``, in float32 or wider. All views receive gradient. Their order has no
        effect.

    Raises:
        ValueError: If there are fewer than two views, a shape is not ``(N, K)`` with ``N >= 1`` and ``K >= 2``, or the
            shapes differ.

    References:
        D. Hendrycks et al., "AugMix", ICLR 2020, Eqs. 3 and 4, with three views and a weight of 12. timm has it as
        ``JsdCrossEntropy``, where the views are called splits.
    """
    if len(logits) < 2:
        raise ValueError(f'jsd_agreement: expected the logits of at least 2 views, got {len(logits)}')
    check_logits(**{f'view {index}': view for index, view in enumerate(logits)})
    log_probs = torch.stack([F.log_softmax(widen(view), dim=1) for view in logits])
    # This form stays finite if the mean's probabilities underflow.
    log_mean = log_probs.logsumexp(dim=0) - math.log(len(logits))
    return (log_probs.exp() * (log_probs - log_mean)).sum(dim=-1).mean()


def _reduce(values: Tensor, reduction: str) -> Tensor:
    """Return the mean over images, after the mean or the sum over classes."""
    if reduction not in ('mean', 'batchmean'):
        raise ValueError(f"reduction: expected 'mean' or 'batchmean', got {reduction!r}")
    return values.mean() if reduction == 'mean' else values.sum(dim=1).mean()
