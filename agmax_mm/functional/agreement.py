"""Agreement between the class predictions of two views.

Shapes: N = images in the batch, K = classes.
"""

from __future__ import annotations

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor

from agmax_mm.functional.distributed import all_reduce_sum

# The released code lifts every batch-mean probability to this value, also in float32.
_MARGINAL_FLOOR = 2.0**-52


def mutual_information(logits_a: Tensor, logits_b: Tensor, *, group: dist.ProcessGroup | None = None) -> Tensor:
    r"""Mutual information between the classes predicted for two views of a batch.

    .. math::
        P = \tfrac{1}{2N} \sum_{n=1}^{N} \left( p_a^{(n)} {p_b^{(n)}}^{\top} + p_b^{(n)} {p_a^{(n)}}^{\top} \right),
        \qquad I = \sum_{i,j=1}^{K} P_{ij} \ln \frac{P_{ij}}{P_i P_j}, \qquad P_i = \sum_{j=1}^{K} P_{ij}

    with :math:`p_v^{(n)}` the softmax of view :math:`v`'s logits for image :math:`n`. It is high when the views agree,
    confidently, on predictions that vary over the batch; a constant prediction gives 0. ``-I`` is the loss.

    Args:
        logits_a: Logits of view A, shape ``(N, K)``.
        logits_b: Logits of view B of the same images in the same order, shape ``(N, K)``.
        group: Process group whose ranks together hold the batch; :math:`P` is then that of all their images, with
            gradient. ``None``: the images of this process alone.

    Returns:
        Scalar in nats, within ``[0, ln K]``, computed in float32 or wider even under autocast.

    Raises:
        ValueError: If a shape is not ``(N, K)`` with ``N >= 1`` and ``K >= 2``, or the shapes differ.

    Note:
        ``0 ln 0`` counts as 0. The rank of :math:`P` is at most ``2N``: with far fewer images than classes the estimate
        says little. The paper prints a factor of -1 before a term that is itself ``-I``; taken literally this would
        minimise the information, so the loss of this package is ``-I`` with a positive weight.

    References:
        R. Atienza, "Improving Model Generalization by Agreement of Learned Representations from Data Augmentation",
        WACV 2022, Eqs. 2 to 4.

    Example:
        >>> confident = 50.0 * torch.eye(2)
        >>> mutual_information(confident, confident)  # ln 2
        tensor(0.6931)
    """
    _check_logits(logits_a=logits_a, logits_b=logits_b)
    with torch.autocast(logits_a.device.type, enabled=False):
        probs_a, probs_b = _probabilities(logits_a), _probabilities(logits_b)
        counts = all_reduce_sum(probs_a.T @ probs_b, group)
        joint = counts / _global_size(probs_a, group)
        joint = 0.5 * (joint + joint.T)
        # With P symmetric, sum P ln(P / (P_i P_j)) = sum P ln P - 2 sum P_i ln P_i.
        return _sum_x_log_x(joint) - 2.0 * _sum_x_log_x(joint.sum(dim=1))


def pair_entropy(
    logits_a: Tensor, logits_b: Tensor, logits_pair: Tensor, *, group: dist.ProcessGroup | None = None
) -> Tensor:
    r"""Mean entropy of three batch-mean predictions: view A's, view B's and the pair head's.

    .. math::
        \tfrac{1}{3} \sum_{v \in \{a, b, pair\}} H(\bar p_v), \qquad
        H(\bar p) = -\sum_{i=1}^{K} \bar p_i \ln \bar p_i, \qquad \bar p_v = \tfrac{1}{N} \sum_{n=1}^{N} p_v^{(n)}

    The released code's learned surrogate maximises it (its loss is the negative) next to :func:`pair_consistency`.

    Args:
        logits_a: Logits of view A, shape ``(N, K)``.
        logits_b: Logits of view B, shape ``(N, K)``.
        logits_pair: Logits of the pair head for the two views, shape ``(N, K)``.
        group: Process group whose ranks together hold the batch, or ``None`` for this process's images alone.

    Returns:
        Scalar in nats, within ``[0, ln K]``, in float32 or wider. Batch-mean probabilities below ``2**-52`` are set to
        it and pass no gradient, as in the released code.

    Raises:
        ValueError: If a shape is not ``(N, K)`` with ``N >= 1`` and ``K >= 2``, or the shapes differ.

    References:
        github.com/roatienza/agmax, ``loss.py``, lines 55 to 86. The paper does not print this form.
    """
    _check_logits(logits_a=logits_a, logits_b=logits_b, logits_pair=logits_pair)
    with torch.autocast(logits_a.device.type, enabled=False):
        sums = torch.stack([_probabilities(logits).sum(dim=0) for logits in (logits_a, logits_b, logits_pair)])
        means = all_reduce_sum(sums, group) / _global_size(logits_a, group).to(sums.dtype)
        means = means.clamp_min(_MARGINAL_FLOOR)
        return -(means * means.log()).sum() / 3.0


def pair_consistency(logits_a: Tensor, logits_b: Tensor, logits_pair: Tensor) -> Tensor:
    r"""Mean absolute difference between the pair head's probabilities and those of each view.

    .. math::
        \frac{1}{2NK} \sum_{n=1}^{N} \left( \lVert q^{(n)} - p_a^{(n)} \rVert_1 + \lVert q^{(n)} - p_b^{(n)} \rVert_1
        \right)

    Args:
        logits_a: Logits of view A, shape ``(N, K)``.
        logits_b: Logits of view B, shape ``(N, K)``.
        logits_pair: Logits of the pair head, shape ``(N, K)``; :math:`q` is their softmax.

    Returns:
        Scalar within ``[0, 2 / K]``, unweighted (the released code multiplies it by 4), in float32 or wider. The
        gradient reaches the pair head and both views.

    Raises:
        ValueError: If a shape is not ``(N, K)`` with ``N >= 1`` and ``K >= 2``, or the shapes differ.

    References:
        github.com/roatienza/agmax, ``loss.py``, lines 33 to 37.
    """
    _check_logits(logits_a=logits_a, logits_b=logits_b, logits_pair=logits_pair)
    probs_a, probs_b, probs_pair = (_probabilities(logits) for logits in (logits_a, logits_b, logits_pair))
    return 0.5 * ((probs_pair - probs_a).abs().mean() + (probs_pair - probs_b).abs().mean())


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
    _check_logits(logits_a=logits_a, logits_b=logits_b)
    return F.mse_loss(_widen(logits_a), _widen(logits_b))


def kl_agreement(logits_a: Tensor, logits_b: Tensor) -> Tensor:
    r"""Kullback-Leibler divergence :math:`\frac{1}{N}\sum_n KL(p_b^{(n)} \Vert p_a^{(n)})`. Not symmetric in the views.

    Args:
        logits_a: Logits of view A, shape ``(N, K)``.
        logits_b: Logits of view B, shape ``(N, K)``; its prediction is the reference distribution.

    Returns:
        Scalar in nats, at least 0, in float32 or wider. Both views receive gradient.

    Raises:
        ValueError: If a shape is not ``(N, K)`` with ``N >= 1`` and ``K >= 2``, or the shapes differ.

    References:
        Paper, section 4.6, which names it; the form is that of github.com/roatienza/agmax, ``loss.py``.
    """
    _check_logits(logits_a=logits_a, logits_b=logits_b)
    log_probs_a, log_probs_b = (F.log_softmax(_widen(logits), dim=1) for logits in (logits_a, logits_b))
    return F.kl_div(log_probs_a, log_probs_b, reduction='batchmean', log_target=True)


def cross_entropy_agreement(logits_a: Tensor, logits_b: Tensor) -> Tensor:
    r"""Cross-entropy between the views, :math:`-\frac{1}{NK} \sum_{n,i} p_{a,i}^{(n)} \ln p_{b,i}^{(n)}`.

    The released code takes the mean over classes too, which makes this term K times smaller than the usual
    cross-entropy. Not symmetric in the views.

    Args:
        logits_a: Logits of view A, shape ``(N, K)``; its prediction is the reference distribution.
        logits_b: Logits of view B, shape ``(N, K)``.

    Returns:
        Scalar, at least 0, in float32 or wider. Both views receive gradient.

    Raises:
        ValueError: If a shape is not ``(N, K)`` with ``N >= 1`` and ``K >= 2``, or the shapes differ.

    References:
        Paper, section 4.6, which names it; the form is that of github.com/roatienza/agmax, ``loss.py``.
    """
    _check_logits(logits_a=logits_a, logits_b=logits_b)
    return -(_probabilities(logits_a) * F.log_softmax(_widen(logits_b), dim=1)).mean()


def _widen(logits: Tensor) -> Tensor:
    """Half precision to float32; float32 and float64 as they are."""
    return logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits


def _probabilities(logits: Tensor) -> Tensor:
    return _widen(logits).softmax(dim=1)


def _sum_x_log_x(values: Tensor) -> Tensor:
    # The floor keeps the derivative, 1 + ln x, finite at 0; it is the smallest normal number, so it changes no value.
    return (values * values.clamp_min(torch.finfo(values.dtype).tiny).log()).sum()


def _global_size(batch: Tensor, group: dist.ProcessGroup | None) -> Tensor:
    """Number of rows over all ranks of ``group``. Ranks may hold batches of different sizes."""
    size = torch.tensor(float(batch.shape[0]), device=batch.device, dtype=torch.float64)
    if group is not None:
        dist.all_reduce(size, group=group)
    return size.to(_widen(batch).dtype)


def _check_logits(**logits: Tensor) -> None:
    shapes = {name: tuple(tensor.shape) for name, tensor in logits.items()}
    first = next(iter(shapes.values()))
    if any(shape != first for shape in shapes.values()) or len(first) != 2 or first[0] < 1 or first[1] < 2:
        raise ValueError(f'logits: expected one shape (N, K) with N >= 1 and K >= 2 for all, got {shapes}')
