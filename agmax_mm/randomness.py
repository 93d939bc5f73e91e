"""Seeds of the global random generators of Python, numpy and torch, as a function of the place in a run.

The generators are seeded from a key, such as (seed, step). A checkpoint needs no state of them: a resumed run draws the
same numbers at the same step.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

_MASK = 2**64 - 1


def seed_generators(*key: int) -> None:
    """Seed all global generators, also those of all GPUs, from a key of non-negative integers.

    Different keys of one length give independent draws, even if their numbers are close.
    """
    torch_seed = _seed_host(key)
    # torch.manual_seed needs half a millisecond to go through all possible devices.
    torch.default_generator.manual_seed(torch_seed)
    if torch.cuda.is_available():
        torch.cuda.manual_seed_all(torch_seed)


@contextmanager
def preserved() -> Iterator[None]:
    """Restore the generators of the CPU after the block, as if nothing had been drawn or seeded in it."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])


@contextmanager
def seeded(*key: int) -> Iterator[None]:
    """Seed the generators of the CPU from a key of non-negative integers, and restore them after the block.

    The generators of GPUs are not touched, because data loading does not use them.
    """
    with preserved():
        seed_cpu_generators(*key)
        yield


def seed_cpu_generators(*key: int) -> None:
    """Same as :func:`seed_generators`, without those of GPUs."""
    torch.default_generator.manual_seed(_seed_host(key))


def _seed_host(key: tuple[int, ...]) -> int:
    """Seed python's and numpy's generators; return the seed for torch's."""
    state = 0
    for word in key:
        state = _mixed(state ^ word)
    random.seed(_mixed(state + 1))
    # An array of words as the seed would take six times as long in numpy.
    np.random.seed(_mixed(state + 2) >> 32)
    return _mixed(state + 3) >> 1  # torch takes up to 63 bits


def _mixed(state: int) -> int:
    """Make one step of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), which maps close states to far results."""
    state = (state + 0x9E3779B97F4A7C15) & _MASK
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
    return state ^ (state >> 31)
