"""Random crops and flips."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from agmax_mm.datasets.encoded_image import Box
from agmax_mm.datasets.transforms import geometry
from agmax_mm.datasets.transforms.image_transform import ImageTransform
from agmax_mm.datasets.transforms.pixels import Pixels
from agmax_mm.registry import TRANSFORMS

_ATTEMPTS = 10


@TRANSFORMS.register_module()
class RandomResizedCrop(ImageTransform):
    """A box of random area and aspect ratio, resized to a square with antialiasing.

    The result equals that of torchvision on Pillow images within 1 level. As the first transform of
    :class:`agmax_mm.datasets.TwoView`, after :class:`agmax_mm.datasets.LoadImage`, it lets large JPEG files be decoded
    at 1/2, 1/4 or 1/8 of their sides, if the boxes of all views still have enough pixels. This averages pixels in
    another way, and may move a box by half a pixel of the reduced picture. Such views differ from those of the whole
    picture by 2 to 5 levels on average, and by more at edges.

    Required and modified key: ``img``, ``uint8`` of shape ``(H, W, 3)`` in BGR order.

    Args:
        size: Side of the result in pixels, at least 1.
        scale: Range of the box's area as a share of the image's.
        ratio: Range of width over height, drawn uniformly on a logarithmic scale.

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(
        self, size: int, scale: Sequence[float] = (0.08, 1.0), ratio: Sequence[float] = (3 / 4, 4 / 3)
    ) -> None:
        if size < 1:
            raise ValueError(f'RandomResizedCrop.size: expected at least 1 pixel, got {size}')
        if len(scale) != 2 or not 0 < scale[0] <= scale[1] <= 1:
            raise ValueError(f'RandomResizedCrop.scale: expected the least and the greatest share, got {scale}')
        if len(ratio) != 2 or not 0 < ratio[0] <= ratio[1]:
            raise ValueError(f'RandomResizedCrop.ratio: expected the least and the greatest ratio, got {ratio}')
        self.size = size
        self.scale = (scale[0], scale[1])
        self.ratio = (ratio[0], ratio[1])

    def draw(self, height: int, width: int) -> Box:
        """Draw a box in an image of this size. If ten draws do not fit, return the largest box in the centre."""
        low, high = math.log(self.ratio[0]), math.log(self.ratio[1])
        for _ in range(_ATTEMPTS):
            # What numpy's uniform computes, in a fifth of its time.
            area = height * width * (self.scale[0] + (self.scale[1] - self.scale[0]) * np.random.random_sample())
            ratio = math.exp(low + (high - low) * np.random.random_sample())
            box_width, box_height = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if 0 < box_width <= width and 0 < box_height <= height:
                top = np.random.randint(height - box_height + 1)
                left = np.random.randint(width - box_width + 1)
                return Box(top, left, box_height, box_width)
        box_height = min(height, round(width / self.ratio[0]))
        box_width = min(width, round(height * self.ratio[1]))
        return Box((height - box_height) // 2, (width - box_width) // 2, box_height, box_width)

    def cut(self, image: Pixels, box: Box) -> Pixels:
        """Cut a box out of an image, and resize it."""
        return Pixels(geometry.resized_crop(image.array, box, self.size))

    def augment(self, image: Pixels) -> Pixels:
        """Cut a random box out of an image, and resize it."""
        return self.cut(image, self.draw(*image.size))

    def __repr__(self) -> str:
        """Return the class and its options."""
        return f'{type(self).__name__}(size={self.size}, scale={self.scale}, ratio={self.ratio})'


@TRANSFORMS.register_module()
class RandomPaddedCrop(ImageTransform):
    """Crop of the image's size at a random place, after padding with ``padding`` black pixels on each side.

    Required and modified key: ``img``, ``uint8`` of shape ``(H, W, 3)`` in BGR order.

    Args:
        padding: Width of the border in pixels, at least 0; the papers use 4 for CIFAR.

    Raises:
        ValueError: If the padding is negative.
    """

    def __init__(self, padding: int) -> None:
        if padding < 0:
            raise ValueError(f'RandomPaddedCrop.padding: expected at least 0 pixels, got {padding}')
        self.padding = padding

    def augment(self, image: Pixels) -> Pixels:
        """Move the image by a random offset."""
        # Here numpy's randint would take as long as the move itself.
        down, right = (int(np.random.rand() * (2 * self.padding + 1)) - self.padding for _ in range(2))
        return Pixels(geometry.translate(image.array, down, right))

    def __repr__(self) -> str:
        """Return the class and its padding."""
        return f'{type(self).__name__}(padding={self.padding})'


@TRANSFORMS.register_module()
class RandomMirror(ImageTransform):
    """Flip of left and right, at random.

    Required and modified key: ``img``, ``uint8`` of shape ``(H, W, 3)`` in BGR order.

    Args:
        prob: Share of the images that are mirrored, within ``[0, 1]``.

    Raises:
        ValueError: If the probability is out of range.
    """

    def __init__(self, prob: float = 0.5) -> None:
        if not 0 <= prob <= 1:
            raise ValueError(f'RandomMirror.prob: expected a number within [0, 1], got {prob}')
        self.prob = prob

    def augment(self, image: Pixels) -> Pixels:
        """Flip an image, or leave it as it is."""
        return geometry.flip(image) if np.random.rand() < self.prob else image

    def __repr__(self) -> str:
        """Return the class and its probability."""
        return f'{type(self).__name__}(prob={self.prob})'
