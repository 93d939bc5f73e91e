"""CutMix and MixUp as registered batch augmentations."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from agmax_mm.functional import cutmix, mixup
from agmax_mm.functional.boxes import ROUNDINGS
from agmax_mm.registry import BATCH_AUGMENTS


class Mixing:
    """What the mixing augmentations share: the ratio's distribution, the coin, and how the host calls them.

    The host calls an augmentation like a function; it then tosses its own coin. Who tosses for several views at once
    asks for :meth:`probability` and calls :meth:`always`.

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
        """Probability of mixing the next batch."""
        return self.prob

    def always(self, batch_inputs: Tensor, batch_scores: Tensor) -> tuple[Tensor, Tensor]:
        """Mix images or feature maps ``(N, C, H, W)`` and class probabilities ``(N, K)``, without a coin."""
        raise NotImplementedError

    def mix(self, batch_inputs: Tensor, batch_scores: Tensor) -> tuple[Tensor, Tensor]:
        """Mix images ``(N, C, H, W)`` and class probabilities ``(N, K)``, or return both as they are.

        The coin is of torch's generator and not tossed where it cannot matter.
        """
        probability = self.probability()
        if probability < 1.0 and torch.rand(()).item() >= probability:
            return batch_inputs, batch_scores.float()
        return self.always(batch_inputs, batch_scores)

    def __call__(self, batch_inputs: Tensor, batch_scores: Tensor) -> tuple[Tensor, Tensor]:
        """Same as :meth:`mix`; the host calls augmentations so."""
        return self.mix(batch_inputs, batch_scores)


@BATCH_AUGMENTS.register_module()
class CutMix(Mixing):
    """CutMix; see :func:`agmax_mm.functional.cutmix`.

    Differs from mmpretrain's in leaving the caller's batch unchanged and drawing from torch's generator alone, so that
    one seed fixes it. ``prob`` and the ``probs`` of ``batch_augments=dict(augments=..., probs=...)`` multiply.

    Args:
        alpha: Parameter of the Beta distribution that the ratio is drawn from, above 0.
        prob: Probability of mixing a batch, within ``[0, 1]``; the authors use 0.5 for CIFAR and 1 for ImageNet.
        correct_lam: Weigh the labels by the area that was really kept.
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
        """What :func:`agmax_mm.functional.cutmix` is called with; variants add theirs."""
        return {'alpha': self.alpha, 'correct_lam': self.correct_lam, 'rounding': self.rounding}

    def always(self, batch_inputs: Tensor, batch_scores: Tensor) -> tuple[Tensor, Tensor]:
        """Mix images or feature maps ``(N, C, H, W)`` and class probabilities ``(N, K)``, without a coin."""
        return cutmix(batch_inputs, batch_scores, **self.options())


@BATCH_AUGMENTS.register_module()
class MixUp(Mixing):
    """MixUp; see :func:`agmax_mm.functional.mixup`.

    Differs from mmpretrain's ``Mixup`` in drawing from torch's generator alone, so that one seed fixes it. ``prob`` and
    the ``probs`` of ``batch_augments=dict(augments=..., probs=...)`` multiply.

    Args:
        alpha: Parameter of the Beta distribution that the ratio is drawn from, above 0.
        prob: Probability of mixing a batch, within ``[0, 1]``.

    Raises:
        ValueError: If an argument is out of range.
    """

    def always(self, batch_inputs: Tensor, batch_scores: Tensor) -> tuple[Tensor, Tensor]:
        """Mix images or feature maps ``(N, C, H, W)`` and class probabilities ``(N, K)``, without a coin."""
        return mixup(batch_inputs, batch_scores, alpha=self.alpha)
