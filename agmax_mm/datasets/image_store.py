"""Decoded images in memory, for data sets of CIFAR's size."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import is_main_process

from agmax_mm.machine import processes_here
from agmax_mm.progress import Bars

_CGROUP = Path('/sys/fs/cgroup')
_PROBES = 32


class ImageStore:
    """Decoded images, of any sizes, in one block of memory.

    Loader workers share the block: forked workers see their parent's memory, and spawned workers get a reference to
    the tensor from torch.

    Args:
        load: Function from an index to its image, ``uint8`` of shape ``(H, W)`` or ``(H, W, C)``.
        count: Number of images.
        owner: Name of the data set, for messages and the progress bar.
        things: What the data set calls its images. Anything of bytes is stored as well.

    Raises:
        ValueError: If the images would take more than half of the memory that is free, or are not of 8 bits.
    """

    def __init__(self, load: Callable[[int], np.ndarray], count: int, owner: str, *, things: str = 'images') -> None:
        # Half: while the block is made, the single images are in memory, too.
        limit = free_memory() // 2
        probes = [load(index).nbytes for index in np.linspace(0, count - 1, min(count, _PROBES), dtype=int)]
        _check_size(round(float(np.mean(probes)) * count), limit, owner)

        images, size = [], 0
        with ExitStack() as stack:
            bars = stack.enter_context(Bars()) if is_main_process() else None
            if bars is not None:
                bars.start(owner, count)
            for index in range(count):
                image = load(index)
                if image.dtype != np.uint8:
                    raise ValueError(f'{owner}: expected images of uint8 to keep in memory, got {image.dtype}')
                images.append(image)
                size += image.nbytes
                _check_size(size, limit, owner)
                if bars is not None:
                    bars.update(owner, index + 1)
            if bars is not None:
                bars.finish(owner, f'{owner}: {count:,} {things}, {size / 1e6:,.0f} MB')
        # A 0 stands for a missing third dimension.
        self._shapes = np.array([image.shape + (0,) * (3 - image.ndim) for image in images])
        self._ends = np.cumsum([image.size for image in images])
        self._pixels = torch.from_numpy(np.concatenate([image.reshape(-1) for image in images]))

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, index: int) -> np.ndarray:
        """Return a copy of an image."""
        shape = self.shape(index)
        end = int(self._ends[index])
        return self._pixels[end - int(np.prod(shape)) : end].numpy().reshape(shape).copy()

    def stacked(self) -> torch.Tensor:
        """Return all images as one tensor ``(N, H, W, C)``, without a copy. They must have one size."""
        assert (self._shapes == self._shapes[0]).all()
        return self._pixels.view(len(self), *self._shapes[0].tolist())

    def shape(self, index: int) -> tuple[int, ...]:
        """Return the shape of an image."""
        return tuple(int(side) for side in self._shapes[index] if side)


def free_memory() -> int:
    """Return the bytes that each process of the run on this machine may still take."""
    try:
        lines = Path('/proc/meminfo').read_text(encoding='utf-8').splitlines()
        free = 1024 * next(int(line.split()[1]) for line in lines if line.startswith('MemAvailable:'))
    except (OSError, StopIteration):
        free = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    return min(free, _left_to_container(free)) // processes_here(1)


def _left_to_container(otherwise: int) -> int:
    try:
        limit = int((_CGROUP / 'memory.max').read_text(encoding='utf-8'))
        used = int((_CGROUP / 'memory.current').read_text(encoding='utf-8'))
        lines = (_CGROUP / 'memory.stat').read_text(encoding='utf-8').splitlines()
    except (OSError, ValueError):  # no container, or one without a limit
        return otherwise
    stat: dict[str, Any] = dict(line.split() for line in lines)
    cached = int(stat['active_file']) + int(stat['inactive_file'])  # the system frees this when memory is needed
    return limit - used + cached


def _check_size(size: int, limit: int, owner: str) -> None:
    if size > limit:
        raise ValueError(
            f'{owner}: expected images of at most {limit / 1e9:.1f} GB once decoded, half of the memory that is free, '
            f'to keep them in memory, got {size / 1e9:.1f} GB or more'
        )
