"""The variants of CutMix in the paper's Table 8, as registered batch augmentations.

All take the arguments of :class:`agmax_mm.batch_augments.CutMix` and can replace it everywhere: for one view or
several, with an agreement, and in :class:`agmax_mm.models.FeatureMix`. The paper's runs are on CIFAR, with ``prob=0.5``
except for the scheduled variant.
"""

from __future__ import annotations

from typing import Any

from agmax_mm.batch_augments.mixing import CutMix
from agmax_mm.registry import BATCH_AUGMENTS


@BATCH_AUGMENTS.register_module()
class CenterGaussianCutMix(CutMix):
    """CutMix with a Gaussian distribution of the box's centre around the image's centre.

    Args:
        alpha: As in CutMix.
        sigma: Standard deviation as a share of each side of the image, above 0. The paper does not give it.
        **options: CutMix's other options.

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(self, alpha: float = 1.0, *, sigma: float = 0.25, **options: Any) -> None:
        super().__init__(alpha, **options)
        if not 0 < sigma < float('inf'):
            raise ValueError(f'CenterGaussianCutMix.sigma: expected a number above 0, got {sigma}')
        self.sigma = sigma

    def options(self) -> dict[str, Any]:
        """Return CutMix's arguments and the Gaussian's width."""
        return {**super().options(), 'center_sigma': self.sigma}


@BATCH_AUGMENTS.register_module()
class FixedSizeCutMix(CutMix):
    """CutMix with a square box of one size, so that ``alpha`` has no effect.

    Args:
        alpha: Accepted so that recipes can exchange variants.
        size: Side of the box in pixels, at least 1; the paper has 16, a quarter of a CIFAR image.
        inside: Keep the box within the image. Its area is then always ``size**2``. Otherwise it is clipped, and a CIFAR
            image keeps 0.8086 of its area on average, not 0.75. The paper does not say which of these it uses.
        **options: CutMix's other options. Without ``correct_lam`` labels have the weights of the unclipped box.

    Raises:
        ValueError: If an argument is out of range; and, once called, if ``size`` exceeds the images' smaller side.
    """

    def __init__(self, alpha: float = 1.0, *, size: int = 16, inside: bool = False, **options: Any) -> None:
        super().__init__(alpha, **options)
        if not isinstance(size, int) or size < 1:
            raise ValueError(f'FixedSizeCutMix.size: expected a whole number of pixels, at least 1, got {size}')
        self.size = size
        self.inside = inside

    def options(self) -> dict[str, Any]:
        """Return CutMix's arguments and the box's size."""
        return {**super().options(), 'size': self.size, 'inside': self.inside}


@BATCH_AUGMENTS.register_module()
class OneHotCutMix(CutMix):
    """CutMix with the unmixed label of the image that has the larger share of the area.

    If both shares are equal, the label is that of the image that gets the box. ``correct_lam`` decides which ratio is
    used.
    """

    def options(self) -> dict[str, Any]:
        """Return CutMix's arguments and the kind of the label."""
        return {**super().options(), 'label': 'one_hot'}


@BATCH_AUGMENTS.register_module()
class CompleteLabelCutMix(CutMix):
    """CutMix with half of each image's label, for any area of the box, even an empty one.

    ``correct_lam`` has no effect.
    """

    def options(self) -> dict[str, Any]:
        """Return CutMix's arguments and the kind of the label."""
        return {**super().options(), 'label': 'complete'}


@BATCH_AUGMENTS.register_module()
class ScheduledCutMix(CutMix):
    """CutMix with a probability that grows linearly over training, from 0 in the first step to ``prob`` at the end.

    :class:`agmax_mm.engine.hooks.SetProgressHook` says how far training is.

    Raises:
        ValueError: If an argument is out of range; and, when it shall mix, if no hook told how much of training is
            done.
    """

    _progress: float | None = None

    def set_progress(self, fraction: float) -> None:
        """Set how much of training is done, within ``[0, 1]``."""
        self._progress = fraction

    def probability(self) -> float:
        """Return the probability of mixing the next batch."""
        if self._progress is None:
            raise ValueError(
                'ScheduledCutMix: expected to be told how far training is, got nothing; add '
                "dict(type='agmax_mm.SetProgressHook') to custom_hooks"
            )
        return self.prob * self._progress
