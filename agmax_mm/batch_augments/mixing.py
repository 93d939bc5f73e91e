"""CutMix and MixUp as registered batch augmentations."""

from __future__ import annotations

from torch import Tensor

from agmax_mm.functional import cutmix, mixup
from agmax_mm.registry import BATCH_AUGMENTS


class _Mixing:
    """What the mixing augmentations share: the ratio's distribution, and how the host calls them."""

    def __init__(self, alpha: float = 1.0) -> None:
        if not alpha > 0:
            raise ValueError(f'{type(self).__name__}.alpha: expected a number above 0, got {alpha}')
        self.alpha = alpha

    def mix(self, batch_inputs: Tensor, batch_scores: Tensor) -> tuple[Tensor, Tensor]:
        """Mix images ``(N, C, H, W)`` and class probabilities ``(N, K)``."""
        raise NotImplementedError

    def __call__(self, batch_inputs: Tensor, batch_scores: Tensor) -> tuple[Tensor, Tensor]:
        """Same as :meth:`mix`; the host calls augmentations so."""
        return self.mix(batch_inputs, batch_scores)


@BATCH_AUGMENTS.register_module()
class CutMix(_Mixing):
    """CutMix; see :func:`agmax_mm.functional.cutmix`.

    Differs from mmpretrain's in leaving the caller's batch unchanged and drawing from torch's generator alone, so that
    one seed fixes it. The chance of applying it belongs to ``batch_augments=dict(augments=..., probs=...)``.

    Args:
        alpha: Parameter of the Beta distribution that the ratio is drawn from, above 0.
        correct_lam: Weigh the labels by the area that was really kept.

    Raises:
        ValueError: If ``alpha`` is not above 0.
    """

    def __init__(self, alpha: float = 1.0, *, correct_lam: bool = True) -> None:
        super().__init__(alpha)
        self.correct_lam = correct_lam

    def mix(self, batch_inputs: Tensor, batch_scores: Tensor) -> tuple[Tensor, Tensor]:
        """Mix images ``(N, C, H, W)`` and class probabilities ``(N, K)``."""
        return cutmix(batch_inputs, batch_scores, alpha=self.alpha, correct_lam=self.correct_lam)


@BATCH_AUGMENTS.register_module()
class MixUp(_Mixing):
    """MixUp; see :func:`agmax_mm.functional.mixup`.

    Differs from mmpretrain's ``Mixup`` in drawing from torch's generator alone, so that one seed fixes it. The chance
    of applying it belongs to ``batch_augments=dict(augments=..., probs=...)``.

    Args:
        alpha: Parameter of the Beta distribution that the ratio is drawn from, above 0.

    Raises:
        ValueError: If ``alpha`` is not above 0.
    """

    def mix(self, batch_inputs: Tensor, batch_scores: Tensor) -> tuple[Tensor, Tensor]:
        """Mix images ``(N, C, H, W)`` and class probabilities ``(N, K)``."""
        return mixup(batch_inputs, batch_scores, alpha=self.alpha)
