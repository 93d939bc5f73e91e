"""RandAugment as the AgMax authors ran it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agmax_mm.datasets.transforms.image_transform import ImageTransform
from agmax_mm.datasets.transforms.operations import MAX_MAGNITUDE, OPERATIONS, apply_operation
from agmax_mm.datasets.transforms.pixels import Pixels
from agmax_mm.registry import TRANSFORMS

_NAMES = tuple(OPERATIONS)


@TRANSFORMS.register_module()
class RandAugment(ImageTransform):
    """Operations at random, each of a random magnitude, on a random share of the images.

    Operations are drawn uniformly from AutoAugment's 14, with replacement, and run in the order of the draws. The sign
    of a shear, translation or rotation is changed with probability 0.5. This follows the AgMax authors' code. It
    differs from the RandAugment paper: each operation draws its own magnitude from a range, and one draw decides
    whether an image gets all of its operations or none.

    Required and modified key: ``img``, ``uint8`` of shape ``(H, W, 3)`` in BGR order, as the host loads it.

    Args:
        num_ops: Number of operations, at least 1.
        prob: Share of the images that are augmented, within ``[0, 1]``.
        magnitudes: Lowest and highest magnitude, integers within 0 to 10, both possible.

    Raises:
        ValueError: If an argument is out of range, or an image is not one of 8 bits with three channels.

    References:
        E. D. Cubuk et al., "RandAugment", NeurIPS 2020; github.com/roatienza/agmax, ``dataset/auto_augment.py``.
    """

    def __init__(self, num_ops: int = 2, prob: float = 0.5, magnitudes: Sequence[int] = (1, MAX_MAGNITUDE)) -> None:
        if num_ops < 1:
            raise ValueError(f'RandAugment.num_ops: expected at least 1, got {num_ops}')
        if not 0 <= prob <= 1:
            raise ValueError(f'RandAugment.prob: expected a number within [0, 1], got {prob}')
        if len(magnitudes) != 2 or not 0 <= magnitudes[0] <= magnitudes[1] <= MAX_MAGNITUDE:
            raise ValueError(
                f'RandAugment.magnitudes: expected the lowest and the highest within 0 to {MAX_MAGNITUDE}, '
                f'got {magnitudes}'
            )
        self.num_ops = num_ops
        self.prob = prob
        self.magnitudes = tuple(magnitudes)

    def augment(self, image: Pixels) -> Pixels:
        """Run random operations on an image, or leave it as it is."""
        if np.random.rand() >= self.prob:
            return image
        low, high = self.magnitudes
        for index in np.random.randint(len(_NAMES), size=self.num_ops):
            magnitude = np.random.randint(low, high + 1)
            image = apply_operation(image, _NAMES[index], magnitude, mirror=np.random.rand() < 0.5)
        return image

    def __repr__(self) -> str:
        """Return the class and its options."""
        return f'{type(self).__name__}(num_ops={self.num_ops}, prob={self.prob}, magnitudes={self.magnitudes})'
