"""CutMix and MixUp as registered batch augmentations."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor

from agmax_mm.functional import cutmix, mixup
from agmax_mm.functional.boxes import ROUNDINGS
from agmax_mm.registry import BATCH_AUGMENTS


class Mixing(ABC):
    """Base class of the mixing augmentations.

    The host calls an augmentation like a function. The augmentation then draws by itself whether it mixes. A caller
    that draws for several views at once uses :meth:`probability` and :meth:`always` instead.

    Args:
        alpha: Parameter of the Beta distribution that the ratio is drawn from, above 0.
        prob: Probability of mixing a batch, within ``[0, 1]``.

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(self, alpha: float = 1.0, *, prob: float = 1.0) -> None:
        if not 0 < alpha < float('inf'):
            raise ValueError(f'{type(self).__name__}.alpha: expected a number above 0, got {alpha}')
        if not 0.0 <= prob <= 1.0:
            raise ValueError(f'{type(self).__name__}.prob: expected a number within [0, 1], got {prob}')
        self.alpha = alpha
        self.prob = prob

    def probability(self) -> float:
        """Return the probability of mixing the next batch."""
        return self.prob

    @abstractmethod
    def always(self, batch_inputs: Tensor, batch_scores: Tensor) -> tuple[Tensor, Tensor]:
        """Mix images or feature maps ``(N, C, H, W)`` and class probabilities ``(N, K)``, in every call."""

    def mix(self, batch_inputs: Tensor, batch_scores: Tensor) -> tuple[Tensor, Tensor]:
        """Mix images ``(N, C, H, W)`` and class probabilities ``(N, K)``, or return both as they are.

        The draw uses torch's generator. With a probability of 1 nothing is drawn.
        """
        probability = self.probability()
        if probability < 1.0 and torch.rand(()).item() >= probability:
            return batch_inputs, batch_scores.float()
        return self.always(batch_inputs, batch_scores)

    def __call__(self, batch_inputs: Tensor, batch_scores: Tensor) -> tuple[Tensor, Tensor]:
        """Same as :meth:`mix`, in the form that the host calls."""
        return self.mix(batch_inputs, batch_scores)


@BATCH_AUGMENTS.register_module()
class CutMix(Mixing):
    """CutMix; see :func:`agmax_mm.functional.cutmix`.

    Differs from mmpretrain's: it leaves the caller's batch unchanged, and draws from torch's generator only, so that
    one seed fixes it. ``prob`` and the ``probs`` of ``batch_augments=dict(augments=..., probs=...)`` multiply.

    Args:
        alpha: Parameter of the Beta distribution that the ratio is drawn from, above 0.
        prob: Probability of mixing a batch, within ``[0, 1]``; the authors use 0.5 for CIFAR and 1 for ImageNet.
        correct_lam: Weight the labels by the area that was really kept.
        rounding: ``'reference'``, as in the authors' code, or ``'paper'``, as in Algorithm A1.

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(
        self, alpha: float = 1.0, *, prob: float = 1.0, correct_lam: bool = True, rounding: str = 'reference'
    ) -> None:
        super().__init__(alpha, prob=prob)
        if rounding not in ROUNDINGS:
            raise ValueError(
                f'{type(self).__name__}.rounding: expected one of {", ".join(ROUNDINGS)}, got {rounding!r}'
            )
        self.correct_lam = correct_lam
        self.rounding = rounding

    def options(self) -> dict[str, Any]:
        """Return the arguments of :func:`agmax_mm.functional.cutmix`; variants add their own."""
        return {'alpha': self.alpha, 'correct_lam': self.correct_lam, 'rounding': self.rounding}

    def always(self, batch_inputs: Tensor, batch_scores: Tensor) -> tuple[Tensor, Tensor]:
        """Mix images or feature maps ``(N, C, H, W)`` and class probabilities ``(N, K)``, in every call."""
        return cutmix(batch_inputs, batch_scores, **self.options())


@BATCH_AUGMENTS.register_module()
class MixUp(Mixing):
    """MixUp; see :func:`agmax_mm.functional.mixup`.

    Differs from mmpretrain's ``Mixup``: it draws from torch's generator only, so that one seed fixes it. ``prob`` and
    the ``probs`` of ``batch_augments=dict(augments=..., probs=...)`` multiply.

    Args:
        alpha: Parameter of the Beta distribution that the ratio is drawn from, above 0.
        prob: Probability of mixing a batch, within ``[0, 1]``.

    Raises:
        ValueError: If an argument is out of range.
    """

    def always(self, batch_inputs: Tensor, batch_scores: Tensor) -> tuple[Tensor, Tensor]:
        """Mix images or feature maps ``(N, C, H, W)`` and class probabilities ``(N, K)``, in every call."""
        return mixup(batch_inputs, batch_scores, alpha=self.alpha)
