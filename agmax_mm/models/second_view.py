"""A second view that costs less than the first."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


class SecondView:
    """View B on part of the batch, at lower resolution, or both.

    A step of two views costs twice the plain one. If a share ``q`` of the images has a view B, and its side is ``s``
    times that of view A, a step costs about ``1 + q * s**2``. The cross-entropy is then the mean over all
    ``(1 + q) N`` predictions, and the agreement uses the ``q N`` pairs. Neither paper has this; by default all images
    have a view B of full size.

    Args:
        share: Share of the images with a view B, within ``(0, 1]``. These are the first images of a batch, which is
            shuffled; at least two.
        scale: Side of view B as a share of view A's, within ``(0, 1]``. Below 1 the two views pass one after the other,
            and batch normalisation uses each view's own statistics.

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(self, share: float = 1.0, scale: float = 1.0) -> None:
        for name, value in (('share', share), ('scale', scale)):
            if not 0 < value <= 1:
                raise ValueError(f'second_view.{name}: expected a number above 0 and up to 1, got {value}')
        self.share = share
        self.scale = scale

    def num_second_views(self, num_images: int) -> int:
        """Return how many of ``num_images`` images have a view B."""
        return min(max(round(self.share * num_images), 2), num_images)

    def shrink(self, images: Tensor) -> Tensor:
        """Resize images ``(N, C, H, W)`` to view B's resolution, with antialiasing."""
        height, width = (max(round(self.scale * side), 1) for side in images.shape[-2:])
        return F.interpolate(images, size=(height, width), mode='bilinear', antialias=True)
