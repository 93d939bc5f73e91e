"""Python's, numpy's and torch's global random generators as a function of where a run is.

Seeded from a key, such as (seed, step), they need no state in a checkpoint: whoever gets to the step draws the same.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


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
def seeded(*key: int) -> Iterator[None]:
    """Draw from generators seeded from a key of non-negative integers; afterwards they go on as if nothing had been.

    Holds for the generators of the CPU; those of GPUs are left alone, as data loading uses none.
    """
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        torch.default_generator.manual_seed(_seed_host(key))
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])


def _seed_host(key: tuple[int, ...]) -> int:
    """Seed python's and numpy's generators; return the seed for torch's."""
    words = np.random.SeedSequence(key).generate_state(3, np.uint64)
    random.seed(int(words[0]))
    np.random.seed(words[1:2].view(np.uint32))
    return int(words[2]) >> 1  # torch takes up to 63 bits
