"""Odd annotation files: each is a small set spoilt in one way, with what reading it must come to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

# What reading a set of four objects must come to: a refusal, all objects as in the set that nobody spoilt, one object
# less that is counted, or either of the first two.
REFUSED, READ, COUNTED, EITHER = 'refused', 'read', 'counted', 'refused or read'
# Three objects, with nothing that would have to be counted.
ONE_LESS = 'one less'


class Odd(NamedTuple):
    """One odd file.

    Attributes:
        kind: What is odd about it.
        spoil: Spoils the set in a folder.
        expected: One of this module's constants.
    """

    kind: str
    spoil: Callable[[Path], object]
    expected: str
