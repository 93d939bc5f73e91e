"""Mixing of several views in one step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from agmax_mm.batch_augments.mixing import Mixing

Mix = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def drawn_mix(augment: Any, generator: Any) -> Mix | None:
    """Draw whether an augmentation mixes this step.

    Args:
        augment: Augmentation of this package; or one of the host, which always mixes; or None.
        generator: Source of the draw, with numpy's ``random_sample``.

    Returns:
        A function that mixes without a further draw, or None if the step stays unmixed.
    """
    if not isinstance(augment, Mixing):
        return augment
    probability = augment.probability()
    if probability < 1.0 and generator.random_sample() >= probability:
        return None
    return augment.always


def mix_views(
    mix: Mix, images: Tensor, scores: Tensor, sizes: Sequence[int], *, alike: bool = False
) -> tuple[Tensor, Tensor]:
    """Mix each view with draws of its own, or all views with the same draws.

    Args:
        mix: Function that mixes images ``(N, C, H, W)`` and class probabilities ``(N, K)``.
        images: Images or feature maps of all views, one view after the other, ``sum(sizes)`` of them.
        scores: Class probabilities in the same order.
        sizes: Number of images in each view.
        alike: Use one ratio, the same partners and one box for all views. The views must have one size then.

    Returns:
        Images and class probabilities, in the same order.

    Raises:
        ValueError: If ``alike`` is set and the views differ in size.
    """
    if len(sizes) == 1:
        return mix(images, scores)
    if alike:
        if len(set(sizes)) > 1:
            raise ValueError(f'share_mix: expected views of one size, got {", ".join(map(str, sizes))} images')
        # Views become channels of one image and classes of one row: mixing treats all of them alike.
        stacked = (torch.cat(rows.split(sizes[0]), dim=1) for rows in (images, scores))
        mixed, mixed_scores = (torch.cat(rows.chunk(len(sizes), dim=1)) for rows in mix(*stacked))
        return mixed, mixed_scores
    views = [mix(*view) for view in zip(images.split(list(sizes)), scores.split(list(sizes)), strict=True)]
    return torch.cat([view for view, _ in views]), torch.cat([view_scores for _, view_scores in views])
