"""Scenes: several digits on one background, with the exact mask and box of each."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agmax_mm.demo.digits.source import DigitPool

# Shapes: H, W = scene height and width in pixels; h, w = those of one rendered digit.

_MAX_TRIES = 40
_LUMA_BGR = np.array([0.114, 0.587, 0.299])
# Ink is brighter than what lies beneath by at least this (0-255). Always brighter: a network that must also learn that
# dark on bright means the same needs several times as many steps.
_MIN_CONTRAST = 70.0
_MAX_TILT_DEGREES = 15.0


@dataclass(frozen=True)
class SceneDigit:
    """One digit of a scene.

    Attributes:
        label: The digit, ``0..9``.
        digit_id: Row of the scanned digit in the full set.
        mask: Its visible pixels, bool, shape ``(H, W)``.
        box: Tight half-open box around the mask, ``(x1, y1, x2, y2)`` in whole pixels.
    """

    label: int
    digit_id: int
    mask: NDArray[np.bool_]
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class Scene:
    """A BGR image, uint8, shape ``(H, W, 3)``, and its digits, the lowest first."""

    image: NDArray[np.uint8]
    digits: tuple[SceneDigit, ...]


def compose_scene(
    background: NDArray[np.uint8],
    digits: DigitPool,
    rng: np.random.Generator,
    *,
    heights: tuple[int, int] = (20, 60),
    max_overlap: float = 0.05,
) -> Scene:
    """Place digits on a background at random sizes, tilts, places and colours.

    A digit for which no free place is found is left out, so a scene may hold fewer digits than it was given, but
    never fewer than one.

    Args:
        background: BGR image, uint8, shape ``(H, W, 3)``; it is not changed.
        digits: The digits to place.
        rng: Source of all randomness.
        heights: Least and greatest height of a digit's solid ink in pixels, both included.
        max_overlap: Greatest share of the smaller of two digit boxes that the other may cover, ``0..1``.

    Returns:
        The scene. Masks hold visible pixels only: where digits overlap, the pixel belongs to the later one.

    Raises:
        ValueError: If there is no digit to place, or the greatest height does not fit the background.
    """
    height, width = background.shape[:2]
    if len(digits) == 0:
        raise ValueError('compose_scene: expected at least one digit, got none')
    if not 4 <= heights[0] <= heights[1] <= min(height, width):
        raise ValueError(f'compose_scene: expected heights within 4..{min(height, width)} pixels, got {heights}')

    image = background.astype(np.float32)
    masks: list[NDArray[np.bool_]] = []
    boxes: list[tuple[int, int, int, int]] = []
    placed: list[int] = []
    for row in range(len(digits)):
        spot = _free_spot(digits.images[row], (height, width), boxes, rng, heights, max_overlap)
        if spot is None:
            continue
        alpha, (x, y) = spot
        window = (slice(y, y + alpha.shape[0]), slice(x, x + alpha.shape[1]))
        ink = alpha >= 0.5
        colour = _visible_colour(image[window][ink], rng)
        image[window] += alpha[..., None] * (colour - image[window])
        mask = np.zeros((height, width), np.bool_)
        mask[window] = ink
        masks = [earlier & ~mask for earlier in masks] + [mask]
        boxes.append((x, y, x + alpha.shape[1], y + alpha.shape[0]))
        placed.append(row)

    scene_digits = tuple(
        SceneDigit(int(digits.labels[row]), int(digits.ids[row]), mask, tight_box(mask))
        for row, mask in zip(placed, masks, strict=True)
    )
    return Scene(np.clip(image, 0, 255).astype(np.uint8), scene_digits)


def tight_box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """The smallest half-open box ``(x1, y1, x2, y2)`` that holds every true pixel of a mask of shape ``(H, W)``."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0:
        raise ValueError('tight_box: expected a mask with at least one true pixel, got an empty one')
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _free_spot(
    digit: NDArray[np.uint8],
    scene_size: tuple[int, int],
    taken: list[tuple[int, int, int, int]],
    rng: np.random.Generator,
    heights: tuple[int, int],
    max_overlap: float,
) -> tuple[NDArray[np.float32], tuple[int, int]] | None:
    for _ in range(_MAX_TRIES):
        alpha = _render(digit, int(rng.integers(heights[0], heights[1] + 1)), rng)
        room_y, room_x = scene_size[0] - alpha.shape[0], scene_size[1] - alpha.shape[1]
        if room_y < 0 or room_x < 0:
            continue
        x, y = int(rng.integers(room_x + 1)), int(rng.integers(room_y + 1))
        box = (x, y, x + alpha.shape[1], y + alpha.shape[0])
        if all(_covered_share(box, other) <= max_overlap for other in taken):
            return alpha, (x, y)
    return None


def _render(digit: NDArray[np.uint8], height: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Opacity of the digit, in [0, 1], shape ``(h, w)``; solid ink of about the given height within a soft edge."""
    tilt = cv2.getRotationMatrix2D((14.0, 14.0), rng.uniform(-_MAX_TILT_DEGREES, _MAX_TILT_DEGREES), 1.0)
    tilt[:, 2] += 14.0  # a margin, so that tilting cuts nothing off
    tilted = cv2.warpAffine(digit.astype(np.float32) / 255, tilt, (56, 56), flags=cv2.INTER_LINEAR)
    x1, y1, x2, y2 = tight_box(tilted >= 0.5)
    # One pixel around the solid ink keeps its soft edge.
    crop = tilted[y1 - 1 : y2 + 1, x1 - 1 : x2 + 1]
    scale = height / (y2 - y1)
    size = (round(crop.shape[1] * scale * rng.uniform(0.85, 1.2)), round(crop.shape[0] * scale))
    return np.clip(cv2.resize(crop, size, interpolation=cv2.INTER_CUBIC), 0, 1)


def _covered_share(box: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> float:
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    smaller = min((b[2] - b[0]) * (b[3] - b[1]) for b in (box, other))
    return max(width, 0) * max(height, 0) / smaller


def _visible_colour(beneath: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float64]:
    """A random BGR colour that is clearly brighter than the pixels beneath, of shape ``(pixels, 3)``."""
    brightness = float(beneath.mean(axis=0) @ _LUMA_BGR)
    for _ in range(_MAX_TRIES):
        colour = rng.uniform(0, 255, size=3)
        if float(colour @ _LUMA_BGR) >= brightness + _MIN_CONTRAST:
            return colour
    return np.full(3, 255.0)
