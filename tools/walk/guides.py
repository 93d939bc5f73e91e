"""The fenced blocks of the guides. The standard library alone, so that it works before anything is installed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

GUIDES = Path(__file__).resolve().parents[2] / 'docs' / 'guides'
# Later guides go on with what earlier ones made.
ORDER = ('start', 'images', 'checkpoints', 'detector', 'study', 'tasks', 'extend', 'cluster')


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the name of the file that it is, and when it runs."""

    language: str
    title: str
    when: str
    text: str

    def commands(self) -> list[str]:
        """The commands of a block of shell."""
        lines = self.text.replace('\\\n', ' ').splitlines()
        return [line for line in lines if line.strip()]


def blocks(text: str, changes: Mapping[str, str] | None = None) -> list[Block]:
    """The fenced blocks of a page, in order.

    Args:
        text: The page.
        changes: What to put in place of parts of the blocks.

    Raises:
        ValueError: If a fence is not understood.
    """
    fence = r'^(?:<!-- (slow|cluster) -->\n)?```(\w+)(?: title="([^"]+)")?\n(.*?)^```$'
    found = re.findall(fence, text, re.MULTILINE | re.DOTALL)
    if 2 * len(found) != len(re.findall(r'^```', text, re.MULTILINE)):
        raise ValueError('guides: expected ``` and a language alone on a line, got a fence that is not understood')
    for before, after in (changes or {}).items():
        found = [(when, kind, title, body.replace(before, after)) for when, kind, title, body in found]
    return [Block(kind, title, when, body) for when, kind, title, body in found]


def guide(name: str, changes: Mapping[str, str] | None = None) -> list[Block]:
    """The blocks of a guide by its name."""
    return blocks((GUIDES / f'{name}.md').read_text(encoding='utf-8'), changes)
