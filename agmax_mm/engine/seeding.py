"""Samples whose augmentation depends on their place in the run alone: not on workers, prefetching or interruptions."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

from torch.utils.data import DataLoader, Sampler

from agmax_mm.randomness import preserved, seed_cpu_generators

# Keeps the draws of samples apart from those of steps, see RandomStateHook.
SAMPLES, STEPS = 0, 1


class Draw(int):
    """Index of a sample, with the key that its random generators are seeded from."""

    key: tuple[int, ...]

    def __new__(cls, index: int, key: tuple[int, ...]) -> Draw:
        """An index that carries ``key``."""
        draw = super().__new__(cls, index)
        draw.key = key
        return draw

    def __getnewargs__(self) -> tuple[int, tuple[int, ...]]:  # type: ignore[override]
        """Return the values from which a worker makes it anew."""
        return int(self), self.key


def seed_samples(loader: DataLoader, seed: int) -> bool:
    """Let every sample of a loader be drawn with generators seeded from (``seed``, epoch, place in the epoch).

    The loader's workers then draw the same whether they are many or none, persist or start anew with each epoch, and
    however far they were ahead when a run was interrupted. The order of the samples follows ``seed``, too. Works for
    any sampler of indices below a batch sampler, and any dataset of the map style. Call it before the first iteration.

    Args:
        loader: Changed in place: its sampler gives indices that carry a key, its dataset seeds by them.
        seed: The same on all processes, not negative.

    Returns:
        Whether that was possible: a batch sampler of its own kind may have no sampler of indices, and a plain list as
        data set has no place for the protocol.
    """
    sampler = getattr(loader.batch_sampler, 'sampler', None)
    if not isinstance(sampler, Sampler) or not hasattr(loader.dataset, '__dict__'):
        return False
    if hasattr(sampler, 'seed'):
        sampler.seed = seed
    # A class of its own, not a wrapper: whoever asks for the sampler's type or attributes gets what was there before.
    sampler.__class__ = _numbering(type(sampler), seed)
    # The protocol by which torch's fetcher asks for a batch. On the instance, for the same reason.
    loader.dataset.__getitems__ = functools.partial(_seeded_items, loader.dataset)  # type: ignore[attr-defined]
    return True


def _numbering(kind: type[Any], seed: int) -> type[Any]:
    """A kind of sampler whose indices carry keys."""

    class Numbering(kind):
        _epoch = 0
        _skipped = 0

        def __iter__(self) -> Iterator[Draw]:
            world_size, rank = getattr(self, 'world_size', 1), getattr(self, 'rank', 0)
            for place, index in enumerate(super().__iter__(), self._skipped):
                # The place among the samples of all processes.
                yield Draw(index, (SAMPLES, seed, self._epoch, place * world_size + rank))

        def set_epoch(self, epoch: int) -> None:
            self._epoch = epoch
            if hasattr(kind, 'set_epoch'):
                super().set_epoch(epoch)

    class Skipping(Numbering):
        def skip(self, num_samples: int) -> None:
            self._skipped = num_samples
            super().skip(num_samples)

    # The host asks whether a sampler can skip.
    return Skipping if hasattr(kind, 'skip') else Numbering


def _seeded_items(dataset: Any, indices: Sequence[int]) -> list[Any]:
    if not all(isinstance(index, Draw) for index in indices):
        return [dataset[index] for index in indices]
    items = []
    # Saving the generators' states takes several times as long as seeding them: once a batch is enough.
    with preserved():
        for index in indices:
            seed_cpu_generators(*index.key)  # type: ignore[attr-defined]
            items.append(dataset[index])
    return items
