"""Several independent augmentations of one decoded image."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform
from numpy.typing import NDArray
from torch import Tensor

from agmax_mm.datasets.encoded_image import EncodedImage
from agmax_mm.datasets.transforms.crops import RandomResizedCrop
from agmax_mm.datasets.transforms.image_transform import ImageTransform, as_pixels
from agmax_mm.datasets.transforms.pixels import Pixels
from agmax_mm.registry import TRANSFORMS

_IMMUTABLE = (str, int, float, bytes, type(None))


@TRANSFORMS.register_module()
class TwoView(BaseTransform):
    """Run the same transforms ``num_views`` times, each with its own randomness, on one decoded image.

    Differs from mmpretrain's ``MultiView``:

    - It takes one list of transforms.
    - It keeps the other entries that the transforms write for the first view (size, flip, ...).
    - With one view it changes nothing, so a recipe and its twin with agreement differ in one number.

    Required key: ``img``, an array, or bytes from :class:`agmax_mm.datasets.LoadImage`. Modified keys: ``img``, a list
    if ``num_views`` is above 1, and the keys that the transforms modify. If the last transform is one of this package,
    the images are ``uint8`` tensors ``(C, H, W)``, ready to be collated.

    Args:
        transforms: The random part of the training pipeline, as configs or callables.
        num_views: Number of views, at least 1.

    Raises:
        ValueError: If ``num_views`` is below 1 or a transform drops a sample.
        OSError: If bytes are no image.
    """

    def __init__(self, transforms: Sequence[Any], num_views: int = 2) -> None:
        if num_views < 1:
            raise ValueError(f'TwoView.num_views: expected at least 1, got {num_views}')
        self.num_views = num_views
        self.transforms = [TRANSFORMS.build(step) if isinstance(step, dict) else step for step in transforms]
        # Our own transforms never write to the image they are given.
        self._shares_image = all(isinstance(step, ImageTransform) for step in self.transforms)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Replace the image by its views."""
        images, steps = self._begin(results)
        views = [_fork(results) for _ in images[1:]]
        views = [_augment(view, image, steps) for view, image in zip([*views, results], images, strict=True)]
        first = views[0]
        if self.num_views > 1:
            first['img'] = [view['img'] for view in views]
        return first

    def _begin(self, results: dict[str, Any]) -> tuple[list[Any], Sequence[Any]]:
        """Return the image that each view starts from, and the remaining transforms."""
        image = results.pop('img')
        crop = self.transforms[0] if self.transforms else None
        encoded = isinstance(image, EncodedImage)
        # Pillow images, for the transforms of another package, have no shape.
        shape = getattr(image, 'shape', None)
        if isinstance(crop, RandomResizedCrop) and shape is not None:
            boxes = [crop.draw(*shape[:2]) for _ in range(self.num_views)]
            if encoded:
                results['ori_shape'] = shape
                image, boxes = image.decode_for(boxes, crop.size)
            results['img_shape'] = (crop.size, crop.size)
            pixels = as_pixels(image, type(crop).__name__)
            return [crop.cut(pixels, box) for box in boxes], self.transforms[1:]
        if encoded:
            image = image.decode()
            results['ori_shape'] = results['img_shape'] = image.shape[:2]
        if self._shares_image:
            return [image] * self.num_views, self.transforms
        return [image.copy() for _ in range(self.num_views - 1)] + [image], self.transforms

    def __repr__(self) -> str:
        """Return the class, the number of views and the transforms."""
        return f'{type(self).__name__}(num_views={self.num_views}, transforms={self.transforms})'


def _augment(results: dict[str, Any], image: Any, steps: Sequence[Any]) -> dict[str, Any]:
    """Run the transforms. Between two transforms of this package, images stay :class:`Pixels`."""
    for step in steps:
        if isinstance(step, ImageTransform):
            image = step.augment(image if isinstance(image, Pixels) else as_pixels(image, type(step).__name__))
            continue
        results['img'] = image.array if isinstance(image, Pixels) else image
        results = step(results)
        if results is None:
            raise ValueError(f'TwoView: expected every transform to return a sample, got None from {step}')
        image = results['img']
    if isinstance(image, Pixels):
        results['img_shape'] = image.size
        image = planes(image.array)
    results['img'] = image
    return results


def planes(array: NDArray[np.uint8]) -> Tensor:
    """Convert an image ``(H, W, C)`` to a tensor ``(C, H, W)``."""
    channels = np.empty((array.shape[2], *array.shape[:2]), np.uint8)
    cv2.split(array, list(channels))
    return torch.from_numpy(channels)


def _fork(results: dict[str, Any]) -> dict[str, Any]:
    """Copy all values that a transform could change in place, so that views do not share changes."""
    return {key: value if isinstance(value, _IMMUTABLE) else copy.deepcopy(value) for key, value in results.items()}
