"""The variants of CutMix in the paper's Table 8, as registered batch augmentations.

All take :class:`agmax_mm.batch_augments.CutMix`'s arguments and stand wherever it does: for one view or several, with
an agreement, and in :class:`agmax_mm.models.FeatureMix`. The paper's runs are of CIFAR, ``prob=0.5`` but for the
scheduled one.
"""

from __future__ import annotations

from typing import Any

from agmax_mm.batch_augments.mixing import CutMix
from agmax_mm.registry import BATCH_AUGMENTS


@BATCH_AUGMENTS.register_module()
class CenterGaussianCutMix(CutMix):
    """CutMix with the box's centre from a Gaussian around the image's centre.

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
        """CutMix's, and the Gaussian's width."""
        return {**super().options(), 'center_sigma': self.sigma}


@BATCH_AUGMENTS.register_module()
class FixedSizeCutMix(CutMix):
    """CutMix with a square box of one size, so that ``alpha`` has no effect.

    Args:
        alpha: Accepted so that recipes can exchange variants.
        size: Side of the box in pixels, at least 1; the paper has 16, a quarter of a CIFAR image.
        inside: Keep the box within the image, so that its share is exactly that of ``size``. Otherwise it is clipped,
            and a CIFAR image keeps 0.8086 on average in place of 0.75; the paper does not say which.
        **options: CutMix's other options. Without ``correct_lam`` labels are weighed by the unclipped box.

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
        """CutMix's, and the box's size."""
        return {**super().options(), 'size': self.size, 'inside': self.inside}


@BATCH_AUGMENTS.register_module()
class OneHotCutMix(CutMix):
    """CutMix whose label is that of the image with the larger share of the area, unmixed.

    Of two halves the image that is pasted into gives the label. ``correct_lam`` decides which ratio is looked at.
    """

    def options(self) -> dict[str, Any]:
        """CutMix's, and the label's kind."""
        return {**super().options(), 'label': 'one_hot'}


@BATCH_AUGMENTS.register_module()
class CompleteLabelCutMix(CutMix):
    """CutMix whose label is half of each image's, whatever the area, even where nothing is pasted.

    So ``correct_lam`` has no effect.
    """

    def options(self) -> dict[str, Any]:
        """CutMix's, and the label's kind."""
        return {**super().options(), 'label': 'complete'}


@BATCH_AUGMENTS.register_module()
class ScheduledCutMix(CutMix):
    """CutMix whose probability grows linearly over training, from 0 in the first step to ``prob`` at the end.

    :class:`agmax_mm.engine.hooks.SetProgressHook` says how far training is.

    Raises:
        ValueError: If an argument is out of range; and, once asked to mix, if nobody said how far training is.
    """

    _progress: float | None = None

    def set_progress(self, fraction: float) -> None:
        """Say how much of training is done, within ``[0, 1]``."""
        self._progress = fraction

    def probability(self) -> float:
        """Probability of mixing the next batch."""
        if self._progress is None:
            raise ValueError(
                'ScheduledCutMix: expected to be told how far training is, got nothing; add '
                "dict(type='agmax_mm.SetProgressHook') to custom_hooks"
            )
        return self.prob * self._progress
