"""Procedural backgrounds: noise in octaves, stripes and gradients, coloured and mixed at random."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# A field is a float32 array of shape (size, size) with values in [0, 1].
Field = NDArray[np.float32]


def octave_noise(size: int, rng: np.random.Generator) -> Field:
    """Smooth noise: random grids of 2, 4, 8, ... cells a side, each half as strong as the one before."""
    field = np.zeros((size, size), np.float32)
    # A steep fall gives clouds, a slow one gives grain.
    fall = rng.uniform(0.4, 0.8)
    for octave in range(1, int(np.log2(size)) - 1):
        cells = rng.random((2**octave + 1, 2**octave + 1), dtype=np.float32)
        field += fall**octave * cv2.resize(cells, (size, size), interpolation=cv2.INTER_CUBIC)
    return _stretch(field)


def stripes(size: int, rng: np.random.Generator) -> Field:
    """Parallel stripes of random direction, width and sharpness, slightly bent by noise."""
    angle = rng.uniform(0, np.pi)
    wavelength = rng.uniform(7, 40)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    distance = x * np.cos(angle) + y * np.sin(angle) + rng.uniform(0, 12) * octave_noise(size, rng)
    wave = np.sin(2 * np.pi * distance / wavelength)
    sharpness = rng.uniform(1, 6)
    return _stretch(np.tanh(sharpness * wave).astype(np.float32))


def gradient(size: int, rng: np.random.Generator) -> Field:
    """A linear or a round gradient from a random place."""
    y, x = np.mgrid[:size, :size].astype(np.float32) / size
    if rng.random() < 0.5:
        angle = rng.uniform(0, 2 * np.pi)
        return _stretch(x * np.cos(angle) + y * np.sin(angle))
    centre_x, centre_y = rng.random(2)
    return _stretch(np.hypot(x - centre_x, y - centre_y))


TEXTURES = (octave_noise, stripes, gradient)

# Backgrounds stay below this in every channel (0-255), which leaves room for ink that is brighter.
BRIGHTEST = 140.0


def textured_background(size: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A square colour image without any object in it.

    Args:
        size: Side in pixels, at least 16.
        rng: Source of all randomness.

    Returns:
        BGR image, uint8, shape ``(size, size, 3)``.
    """
    first, second = (TEXTURES[i] for i in rng.integers(len(TEXTURES), size=2))
    share = rng.uniform(0.5, 1.0)
    field = share * first(size, rng) + (1 - share) * second(size, rng)
    low, high = rng.uniform(10, BRIGHTEST, size=(2, 3))
    image = low + field[..., None] * (high - low)
    image += rng.normal(0, rng.uniform(2, 9), size=image.shape)
    return np.clip(image, 0, 255).astype(np.uint8)


def _stretch(field: NDArray[np.float32]) -> Field:
    low, high = float(field.min()), float(field.max())
    return ((field - low) / max(high - low, 1e-6)).astype(np.float32)
