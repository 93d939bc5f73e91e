"""AutoAugment as the AgMax authors ran it."""

from __future__ import annotations

import numpy as np

from agmax_mm.datasets.transforms.image_transform import ImageTransform
from agmax_mm.datasets.transforms.operations import apply_operation
from agmax_mm.datasets.transforms.pixels import Pixels
from agmax_mm.registry import TRANSFORMS

# One sub-policy a line; each operation is a name, a probability and a magnitude of 0 to 9.
_POLICY_TABLES = {
    'cifar': """
        Invert 0.1 7 + Contrast 0.2 6
        Rotate 0.7 2 + TranslateX 0.3 9
        Sharpness 0.8 1 + Sharpness 0.9 3
        ShearY 0.5 8 + TranslateY 0.7 9
        AutoContrast 0.5 8 + Equalize 0.9 2
        ShearY 0.2 7 + Posterize 0.3 7
        Color 0.4 3 + Brightness 0.6 7
        Sharpness 0.3 9 + Brightness 0.7 9
        Equalize 0.6 5 + Equalize 0.5 1
        Contrast 0.6 7 + Sharpness 0.6 5
        Color 0.7 7 + TranslateX 0.5 8
        Equalize 0.3 7 + AutoContrast 0.4 8
        TranslateY 0.4 3 + Sharpness 0.2 6
        Brightness 0.9 6 + Color 0.2 6
        Solarize 0.5 2 + Invert 0 3
        Equalize 0.2 0 + AutoContrast 0.6 0
        Equalize 0.2 8 + Equalize 0.6 4
        Color 0.9 9 + Equalize 0.6 6
        AutoContrast 0.8 4 + Solarize 0.2 8
        Brightness 0.1 3 + Color 0.7 0
        Solarize 0.4 5 + AutoContrast 0.9 3
        TranslateY 0.9 9 + TranslateY 0.7 9
        AutoContrast 0.9 2 + Solarize 0.8 3
        Equalize 0.8 8 + Invert 0.1 3
        TranslateY 0.7 9 + AutoContrast 0.9 1
    """,
    'imagenet': """
        Posterize 0.4 8 + Rotate 0.6 9
        Solarize 0.6 5 + AutoContrast 0.6 5
        Equalize 0.8 8 + Equalize 0.6 3
        Posterize 0.6 7 + Posterize 0.6 6
        Equalize 0.4 7 + Solarize 0.2 4
        Equalize 0.4 4 + Rotate 0.8 8
        Solarize 0.6 3 + Equalize 0.6 7
        Posterize 0.8 5 + Equalize 1 2
        Rotate 0.2 3 + Solarize 0.6 8
        Equalize 0.6 8 + Posterize 0.4 6
        Rotate 0.8 8 + Color 0.4 0
        Rotate 0.4 9 + Equalize 0.6 2
        Equalize 0 7 + Equalize 0.8 8
        Invert 0.6 4 + Equalize 1 8
        Color 0.6 4 + Contrast 1 8
        Rotate 0.8 8 + Color 1 2
        Color 0.8 8 + Solarize 0.8 7
        Sharpness 0.4 7 + Invert 0.6 8
        ShearX 0.6 5 + Equalize 1 9
        Color 0.4 0 + Equalize 0.6 3
        Equalize 0.4 7 + Solarize 0.2 4
        Solarize 0.6 5 + AutoContrast 0.6 5
        Invert 0.6 4 + Equalize 1 8
        Color 0.6 4 + Contrast 1 8
        Equalize 0.8 8 + Equalize 0.6 3
    """,
}


def _parse(table: str) -> list[list[tuple[str, float, int]]]:
    lines = [line.split(' + ') for line in table.strip().splitlines()]
    steps = [[step.split() for step in line] for line in lines]
    return [[(name, float(prob), int(magnitude)) for name, prob, magnitude in line] for line in steps]


POLICIES = {name: _parse(table) for name, table in _POLICY_TABLES.items()}


@TRANSFORMS.register_module()
class AutoAugment(ImageTransform):
    """One of 25 sub-policies at random, its two operations in order, each with its probability.

    Magnitudes are those of the AgMax authors, with nearest-neighbour sampling and black filling. mmpretrain's transform
    of this name has other magnitudes, other fillings and no CIFAR policy. The sign of a shear, translation or rotation
    is changed with probability 0.5.

    Required and modified key: ``img``, ``uint8`` of shape ``(H, W, 3)`` in BGR order, as the host loads it.

    Args:
        policy: ``'cifar'``, for CIFAR-10 and CIFAR-100, or ``'imagenet'``.

    Raises:
        ValueError: If the policy is unknown, or an image is not one of 8 bits with three channels.

    References:
        E. D. Cubuk et al., "AutoAugment", CVPR 2019; github.com/roatienza/agmax, ``dataset/auto_augment.py``.
    """

    def __init__(self, policy: str) -> None:
        if policy not in POLICIES:
            raise ValueError(f'AutoAugment.policy: expected one of {sorted(POLICIES)}, got {policy!r}')
        self.policy = policy

    def augment(self, image: Pixels) -> Pixels:
        """Run a random sub-policy on an image."""
        sub_policies = POLICIES[self.policy]
        for name, prob, magnitude in sub_policies[np.random.randint(len(sub_policies))]:
            if np.random.rand() < prob:
                image = apply_operation(image, name, magnitude, mirror=np.random.rand() < 0.5)
        return image

    def __repr__(self) -> str:
        """Return the class and its policy."""
        return f'{type(self).__name__}(policy={self.policy!r})'
