"""Information shared by the class predictions of two views, from the statistics of a batch.

Shapes: N = images in the batch, K = classes.
"""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor

from agmax_mm.functional.distributed import all_reduce_sum
from agmax_mm.functional.joint import joint_information
from agmax_mm.functional.logits import check_logits, probabilities, widen

# The released code lifts every batch-mean probability to this value, also in float32.
_MARGINAL_FLOOR = 2.0**-52


def mutual_information(logits_a: Tensor, logits_b: Tensor, *, group: dist.ProcessGroup | None = None) -> Tensor:
    r"""Mutual information between the classes predicted for two views of a batch.

    .. math::
        P = \tfrac{1}{2N} \sum_{n=1}^{N} \left( p_a^{(n)} {p_b^{(n)}}^{\top} + p_b^{(n)} {p_a^{(n)}}^{\top} \right),
        \qquad I = \sum_{i,j=1}^{K} P_{ij} \ln \frac{P_{ij}}{P_i P_j}, \qquad P_i = \sum_{j=1}^{K} P_{ij}

    where :math:`p_v^{(n)}` is the softmax of view :math:`v`'s logits for image :math:`n`. The value is high if the
    views agree with confidence, and predictions differ over the batch. A constant prediction gives 0. ``-I`` is the
    loss.

    Args:
        logits_a: Logits of view A, shape ``(N, K)``.
        logits_b: Logits of view B of the same images in the same order, shape ``(N, K)``.
        group: Process group of all ranks that hold a part of the batch. :math:`P` is then that of all their images,
            with gradient. All ranks must give the value the same weight. ``None``: only the images of this process.

    Returns:
        Scalar in nats, within ``[0, ln K]``, computed in float32 or wider even under autocast. A second derivative is
        refused.

    Raises:
        ValueError: If a shape is not ``(N, K)`` with ``N >= 1`` and ``K >= 2``, or the shapes differ.

    Note:
        Where :math:`P` is large it is computed in blocks, which are not kept: memory grows with ``N K``, see
        :mod:`agmax_mm.functional.joint`. ``0 ln 0`` counts as 0. The rank of :math:`P` is at most ``2N``: with far
        fewer images than classes the estimate is poor. The paper prints a factor of -1 before a term that is itself
        ``-I``. Taken literally, this would minimise the information. The loss of this package is ``-I`` with a positive
        weight.

    References:
        R. Atienza, "Improving Model Generalization by Agreement of Learned Representations from Data Augmentation",
        WACV 2022, Eqs. 2 to 4.

    Example:
        >>> confident = 50.0 * torch.eye(2)
        >>> mutual_information(confident, confident)  # ln 2
        tensor(0.6931)
    """
    check_logits(logits_a=logits_a, logits_b=logits_b)
    with torch.autocast(logits_a.device.type, enabled=False):
        return joint_information(widen(logits_a), widen(logits_b), group)


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
        group: Process group of all ranks that hold a part of the batch. ``None``: only the images of this process.

    Returns:
        Scalar in nats, within ``[0, ln K]``, in float32 or wider. Batch-mean probabilities below ``2**-52`` are set to
        it and pass no gradient, as in the released code.

    Raises:
        ValueError: If a shape is not ``(N, K)`` with ``N >= 1`` and ``K >= 2``, or the shapes differ.

    References:
        github.com/roatienza/agmax, ``loss.py``, lines 55 to 86. The paper does not print this form.
    """
    check_logits(logits_a=logits_a, logits_b=logits_b, logits_pair=logits_pair)
    with torch.autocast(logits_a.device.type, enabled=False):
        return _batch_entropies([logits_a, logits_b, logits_pair], group).mean()


def batch_entropy(logits: Tensor, *, group: dist.ProcessGroup | None = None) -> Tensor:
    r"""Entropy of the batch-mean prediction, :math:`H(\frac{1}{N} \sum_n p^{(n)})`.

    Args:
        logits: Shape ``(N, K)``.
        group: Process group of all ranks that hold a part of the batch. ``None``: only the images of this process.

    Returns:
        Scalar in nats, within ``[0, ln K]``, in float32 or wider: ``ln K`` if all classes are predicted equally
        often. Small probabilities are treated as in :func:`pair_entropy`.

    Raises:
        ValueError: If the shape is not ``(N, K)`` with ``N >= 1`` and ``K >= 2``.
    """
    check_logits(logits=logits)
    with torch.autocast(logits.device.type, enabled=False):
        return _batch_entropies([logits], group).sum()


def _batch_entropies(views: list[Tensor], group: dist.ProcessGroup | None) -> Tensor:
    """Entropy of each view's batch-mean prediction, shape ``(len(views),)``, in one reduction over the ranks."""
    sums = torch.stack([probabilities(logits).sum(dim=0) for logits in views])
    # The numbers of images may differ between ranks. They are summed in the same reduction.
    packed = all_reduce_sum(torch.cat([sums.flatten(), sums.new_full((1,), len(views[0]))]), group)
    means = (packed[:-1] / packed[-1]).view_as(sums).clamp_min(_MARGINAL_FLOOR)
    return -(means * means.log()).sum(dim=1)
