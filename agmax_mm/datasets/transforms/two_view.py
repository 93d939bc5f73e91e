"""Several independent augmentations of one decoded image."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image

from agmax_mm.registry import TRANSFORMS


@TRANSFORMS.register_module()
class TwoView(BaseTransform):
    """Run the same transforms ``num_views`` times, each with its own randomness, on one decoded image.

    Differs from mmpretrain's ``MultiView`` in taking one list of transforms, in keeping what the first view's
    transforms write besides the image (size, flip, ...), and in being transparent with one view, so that a recipe and
    its twin with agreement differ in a number.

    Required key: ``img``. Modified keys: ``img``, a list of ``num_views`` images where that is above 1, and what the
    transforms modify.

    Args:
        transforms: The random part of the training pipeline, as configs or callables.
        num_views: Number of views, at least 1.

    Raises:
        ValueError: If ``num_views`` is below 1, or a transform drops a sample.
    """

    def __init__(self, transforms: Sequence[Any], num_views: int = 2) -> None:
        if num_views < 1:
            raise ValueError(f'TwoView.num_views: expected at least 1, got {num_views}')
        self.num_views = num_views
        self.transforms = [TRANSFORMS.build(step) if isinstance(step, dict) else step for step in transforms]

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Replace the image by its views."""
        views = [self._augment(_fork(results)) for _ in range(self.num_views - 1)]
        views.append(self._augment(results))
        first = views[0]
        if self.num_views > 1:
            first['img'] = [view['img'] for view in views]
        return first

    def _augment(self, results: dict[str, Any]) -> dict[str, Any]:
        for step in self.transforms:
            results = step(results)
            if results is None:
                raise ValueError(f'TwoView: expected every transform to return a sample, got None from {step}')
        return results

    def __repr__(self) -> str:
        """The views and their transforms."""
        return f'{type(self).__name__}(num_views={self.num_views}, transforms={self.transforms})'


def _fork(results: dict[str, Any]) -> dict[str, Any]:
    """Copy whatever a transform could change in place, so that no view sees another's changes."""
    return {
        key: value.copy() if isinstance(value, np.ndarray | Image.Image) else copy.deepcopy(value)
        for key, value in results.items()
    }
