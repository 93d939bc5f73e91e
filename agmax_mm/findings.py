"""Findings of checks: the fault, and the command or option that fixes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One thing that a check found.

    Attributes:
        level: ``'error'``, ``'warning'`` or ``'note'``, the worst first.
        problem: What is wrong, in one line.
        fix: The command or option that fixes it; empty for a note.
        explains: Trials of the environment that fail for this reason.
    """

    level: Literal['error', 'warning', 'note']
    problem: str
    fix: str = ''
    explains: tuple[str, ...] = ()
