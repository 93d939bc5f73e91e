"""Defaults of loaders whose configs leave them open: workers, prefetching, pinned memory."""

from __future__ import annotations

from typing import Any

import torch

from agmax_mm.machine import cores_of_process

# A worker prepares some hundred pairs of ImageNet's views a second; a GPU that trains a ResNet-50 on two views takes
# less than ten of them, and what is prepared ahead takes memory.
_MOST_WORKERS = 16


def complete_loader(loader: dict[str, Any], world_size: int) -> None:
    """Fill in what a loader's config leaves open, in place.

    Args:
        loader: The config. ``num_workers`` 0 or more is kept; without it the number follows from the cores.
        world_size: Number of processes in the run; those of this machine share its cores.
    """
    cuda = torch.cuda.is_available()
    if 'num_workers' not in loader:
        loader['num_workers'] = choose_workers(cores_of_process(world_size), cuda=cuda)
    loader.setdefault('pin_memory', cuda)
    if loader['num_workers'] == 0:
        # torch refuses both where there is nobody to persist or to fetch ahead.
        loader['persistent_workers'] = False
        loader.pop('prefetch_factor', None)
        return
    loader.setdefault('persistent_workers', True)
    # Few workers need more in stock to even out slow images; many have it anyway.
    loader.setdefault('prefetch_factor', 4 if loader['num_workers'] < 8 else 2)


def choose_workers(cores: int, *, cuda: bool) -> int:
    """Number of a loader's workers.

    Beside a GPU all cores but one, which the process itself needs, at most 16. Where the cores do the training, too,
    one for every eight of them: training a network takes far longer than preparing what it is fed.

    Args:
        cores: Cores for this process.
        cuda: Whether the training is done on GPUs.
    """
    return min(max(cores - 1 if cuda else cores // 8, 1), _MOST_WORKERS)
