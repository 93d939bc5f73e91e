"""CutOut on the normalised batch."""

from __future__ import annotations

from torch import Tensor

from agmax_mm.functional import cutout
from agmax_mm.registry import BATCH_AUGMENTS


@BATCH_AUGMENTS.register_module()
class CutOut:
    """Fill a box of each image with the channels' mean, or with its own; see :func:`agmax_mm.functional.cutout`.

    mmpretrain's ``Cutout`` erases before normalisation, and only with probability 0.5. It also moves a box that crosses
    the upper or left border into the image, so that the whole box is erased there.

    Args:
        length: Side of the unclipped box in pixels, at least 2; the papers use 16 for CIFAR and 112 for ImageNet.
        own_mean: Fill with the mean of the image itself, for images that are not normalised: in a spectrogram in
            decibels, 0 is the loudest place.

    Raises:
        ValueError: If the length is below 2; and, once called, if it exceeds the images' smaller side.
    """

    def __init__(self, length: int, *, own_mean: bool = False) -> None:
        if length < 2:
            raise ValueError(f'CutOut.length: expected at least 2 pixels, got {length}')
        self.length = length
        self.own_mean = own_mean

    def __call__(self, images: Tensor, pixel_std: Tensor) -> Tensor:
        """Erase one box per image of ``(N, C, H, W)``; the fill does not depend on ``pixel_std``."""
        fill = images.mean(dim=(1, 2, 3), keepdim=True) if self.own_mean else None
        return cutout(images, length=self.length, fill=fill)
