"""Mixing of several views in one step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from agmax_mm.batch_augments.mixing import Mixing

Mix = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def toss(augment: Any, coins: Any) -> Mix | None:
    """Toss the coin of an augmentation for a whole step.

    Args:
        augment: An augmentation, ours or the host's, which has no coin of its own; or None.
        coins: Where the coin comes from, with numpy's ``random_sample``.

    Returns:
        What mixes without a further coin, or None to leave the step unmixed.
    """
    if not isinstance(augment, Mixing):
        return augment
    probability = augment.probability()
    if probability < 1.0 and coins.random_sample() >= probability:
        return None
    return augment.always


def mix_views(
    mix: Mix, images: Tensor, scores: Tensor, sizes: Sequence[int], *, share: bool = False
) -> tuple[Tensor, Tensor]:
    """Mix each view on its own, or all of them alike.

    Args:
        mix: Mixes images ``(N, C, H, W)`` and class probabilities ``(N, K)``.
        images: Images or feature maps of all views, one view after the other, ``sum(sizes)`` of them.
        scores: Class probabilities in the same order.
        sizes: Number of images in each view.
        share: One ratio, the same partners and one box for all views, which must be of one size.

    Returns:
        Images and class probabilities, in the same order.

    Raises:
        ValueError: If views of several sizes shall share.
    """
    if len(sizes) == 1:
        return mix(images, scores)
    if share:
        if len(set(sizes)) > 1:
            raise ValueError(f'share_mix: expected views of one size, got {", ".join(map(str, sizes))} images')
        # As channels of one image and classes of one row: mixing treats all of them alike.
        stacked = (torch.cat(rows.split(sizes[0]), dim=1) for rows in (images, scores))
        mixed, mixed_scores = (torch.cat(rows.chunk(len(sizes), dim=1)) for rows in mix(*stacked))
        return mixed, mixed_scores
    views = [mix(*view) for view in zip(images.split(list(sizes)), scores.split(list(sizes)), strict=True)]
    return torch.cat([view for view, _ in views]), torch.cat([view_scores for _, view_scores in views])
