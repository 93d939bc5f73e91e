"""AutoAugment as the AgMax authors ran it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image, ImageEnhance, ImageOps

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


def _affine(image: Image.Image, coefficients: tuple[float, ...]) -> Image.Image:
    """Nearest neighbour, black outside the image; maps output to input coordinates."""
    return image.transform(image.size, Image.Transform.AFFINE, coefficients, Image.Resampling.NEAREST)


# Each takes the image and a value within the range given below.
_OPERATIONS: dict[str, Callable[[Image.Image, float], Image.Image]] = {
    'ShearX': lambda image, value: _affine(image, (1, value, 0, 0, 1, 0)),
    'ShearY': lambda image, value: _affine(image, (1, 0, 0, value, 1, 0)),
    'TranslateX': lambda image, value: _affine(image, (1, 0, value * image.size[0], 0, 1, 0)),
    'TranslateY': lambda image, value: _affine(image, (1, 0, 0, 0, 1, value * image.size[1])),
    'Rotate': lambda image, value: image.rotate(value),
    'AutoContrast': lambda image, _: ImageOps.autocontrast(image),
    'Invert': lambda image, _: ImageOps.invert(image),
    'Equalize': lambda image, _: ImageOps.equalize(image),
    'Solarize': lambda image, value: ImageOps.solarize(image, math.ceil(value)),
    'Posterize': lambda image, value: ImageOps.posterize(image, int(value)),
    'Contrast': lambda image, value: ImageEnhance.Contrast(image).enhance(value),
    'Color': lambda image, value: ImageEnhance.Color(image).enhance(value),
    'Brightness': lambda image, value: ImageEnhance.Brightness(image).enhance(value),
    'Sharpness': lambda image, value: ImageEnhance.Sharpness(image).enhance(value),
}
# Value at magnitude 0 and at magnitude 10, which no policy reaches: shear as a slope, translation as a share of the
# side, rotation in degrees, solarisation as the lowest inverted grey value, posterisation in bits, enhancement as a
# factor.
_RANGES = {
    'ShearX': (0.0, 0.3),
    'ShearY': (0.0, 0.3),
    'TranslateX': (0.0, 0.45),
    'TranslateY': (0.0, 0.45),
    'Rotate': (0.0, 30.0),
    'Solarize': (0.0, 256.0),
    'Posterize': (4.0, 8.0),
    'Contrast': (0.1, 1.9),
    'Color': (0.1, 1.9),
    'Brightness': (0.1, 1.9),
    'Sharpness': (0.1, 1.9),
}
_MIRRORED = {'ShearX', 'ShearY', 'TranslateX', 'TranslateY', 'Rotate'}


def apply_operation(image: Image.Image, name: str, magnitude: int, *, mirror: bool = False) -> Image.Image:
    """Apply one operation of the policies.

    Args:
        image: RGB image of 8 bits.
        name: Operation, such as ``'ShearX'``.
        magnitude: 0 to 9. For ``Solarize`` and ``Posterize`` more is weaker; 5 leaves the enhancements without effect.
        mirror: Turn the sign of a shear, translation or rotation.
    """
    low, high = _RANGES.get(name, (0.0, 0.0))
    value = low + (high - low) * magnitude / 10
    return _OPERATIONS[name](image, -value if mirror and name in _MIRRORED else value)


@TRANSFORMS.register_module()
class AutoAugment(BaseTransform):
    """One of 25 sub-policies at random, its two operations in order, each with its probability.

    mmpretrain's transform of this name has other magnitudes, other fillings and no CIFAR policy; these are those of the
    AgMax authors, on PIL images with nearest-neighbour sampling and black filling. The sign of a shear, translation or
    rotation is turned half of the time.

    Required and modified key: ``img``, ``uint8`` of shape ``(H, W, 3)`` in BGR order, as the host loads it, or an RGB
    PIL image.

    Args:
        policy: ``'cifar'``, for CIFAR-10 and CIFAR-100, or ``'imagenet'``.

    Raises:
        ValueError: If the policy is unknown.

    References:
        E. D. Cubuk et al., "AutoAugment", CVPR 2019; github.com/roatienza/agmax, ``dataset/auto_augment.py``.
    """

    def __init__(self, policy: str) -> None:
        if policy not in POLICIES:
            raise ValueError(f'AutoAugment.policy: expected one of {sorted(POLICIES)}, got {policy!r}')
        self.policy = policy

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Augment the image."""
        image = results['img']
        as_array = isinstance(image, np.ndarray)
        if as_array:
            image = Image.fromarray(np.ascontiguousarray(image[..., ::-1]))
        sub_policies = POLICIES[self.policy]
        for name, prob, magnitude in sub_policies[np.random.randint(len(sub_policies))]:
            if np.random.rand() < prob:
                image = apply_operation(image, name, magnitude, mirror=np.random.rand() < 0.5)
        results['img'] = np.asarray(image)[..., ::-1] if as_array else image
        return results

    def __repr__(self) -> str:
        """The policy."""
        return f'{type(self).__name__}(policy={self.policy!r})'
