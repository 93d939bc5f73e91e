"""What transforms of PIL images share."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image


class ImageTransform(BaseTransform):
    """A transform that works on RGB PIL images, whatever the pipeline holds.

    Required and modified key: ``img``, ``uint8`` of shape ``(H, W, 3)`` in BGR order, as the host loads it, or an RGB
    PIL image; the result is of the same kind.
    """

    def augment(self, image: Image.Image) -> Image.Image:
        """Change an RGB image of 8 bits; its size stays."""
        raise NotImplementedError

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Augment the image.

        Raises:
            ValueError: If the image is not one of 8 bits with three channels.
        """
        image = results['img']
        if isinstance(image, Image.Image):
            if image.mode != 'RGB':
                raise ValueError(f'{type(self).__name__}: expected an RGB image, got one of mode {image.mode!r}')
            results['img'] = self.augment(image)
            return results
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise ValueError(
                f'{type(self).__name__}: expected an image of uint8 and shape (H, W, 3), '
                f'got {image.dtype} and {image.shape}'
            )
        rgb = Image.fromarray(np.ascontiguousarray(image[..., ::-1]))
        results['img'] = np.asarray(self.augment(rgb))[..., ::-1]
        return results
