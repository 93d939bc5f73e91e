"""Python's, numpy's and torch's global random generators as a function of where a run is.

Seeded from a key, such as (seed, step), they need no state in a checkpoint: whoever gets to the step draws the same.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

_MASK = 2**64 - 1


def seed_generators(*key: int) -> None:
    """Seed all global generators, those of all GPUs included, from a key of non-negative integers.

    Keys of one length that differ give independent draws, however near they are to each other.
    """
    torch_seed = _seed_host(key)
    # torch.manual_seed takes half a millisecond to go through the devices there might be.
    torch.default_generator.manual_seed(torch_seed)
    if torch.cuda.is_available():
        torch.cuda.manual_seed_all(torch_seed)


@contextmanager
def preserved() -> Iterator[None]:
    """Let the generators of the CPU go on, afterwards, as if nothing had been drawn or seeded in between."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])


@contextmanager
def seeded(*key: int) -> Iterator[None]:
    """Draw from generators seeded from a key of non-negative integers; afterwards they go on as if nothing had been.

    Holds for the generators of the CPU; those of GPUs are left alone, as data loading uses none.
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
    # An array of words as the seed would take numpy six times as long.
    np.random.seed(_mixed(state + 2) >> 32)
    return _mixed(state + 3) >> 1  # torch takes up to 63 bits


def _mixed(state: int) -> int:
    """One step of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): another state, another result, far from it."""
    state = (state + 0x9E3779B97F4A7C15) & _MASK
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
    return state ^ (state >> 31)
