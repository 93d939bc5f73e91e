"""Base class of the transforms of 8-bit images."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from numpy.typing import NDArray

from agmax_mm.datasets.transforms.pixels import Pixels


class ImageTransform(BaseTransform):
    """A transform that needs only the pixels.

    Within :class:`agmax_mm.datasets.TwoView`, several of them in a row share their passes over the image. Elsewhere
    it works like any other transform.

    Required and modified key: ``img``, ``uint8`` of shape ``(H, W, 3)`` in BGR order, as the host loads it.
    """

    @abstractmethod
    def augment(self, image: Pixels) -> Pixels:
        """Return the changed image."""

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Change the image of a sample.

        Raises:
            ValueError: If the image is not one of 8 bits with three channels.
        """
        results['img'] = self.augment(as_pixels(results['img'], type(self).__name__)).array
        results['img_shape'] = results['img'].shape[:2]
        return results


def as_pixels(image: NDArray[np.uint8], owner: str) -> Pixels:
    """Wrap an array as an image.

    Raises:
        ValueError: If it is not ``uint8`` of shape ``(H, W, 3)``; the message begins with ``owner``.
    """
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        got = f'{image.dtype} and {image.shape}' if isinstance(image, np.ndarray) else type(image).__name__
        raise ValueError(f'{owner}: expected an image of uint8 and shape (H, W, 3), got {got}')
    return Pixels(np.ascontiguousarray(image))
