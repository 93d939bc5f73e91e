"""Letters of all scripts in pictures: in a font of this machine that has them, or spelled out."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

_NAMES = ('noto sans', 'cjk', 'wqy', 'droid', 'unifont', 'arial unicode', 'freesans', 'symbola')


def make_texts_drawable(figure: Any) -> None:
    """Let every text of a figure show what it says.

    Dollar signs are dollar signs. Letters that matplotlib's own font lacks come from a font of this machine that has
    them; where there is none they are written as their code, as Python does, instead of as an empty box.
    """
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)
        content = text.get_text()
        lacking = {letter for letter in content if letter not in '\n' and ord(letter) not in _letters(_own_font())}
        if not lacking:
            continue
        family, found = _family_with(frozenset(lacking))
        if family:
            text.set_fontfamily([*text.get_fontfamily(), family])
        spelled = {letter: _code(letter) for letter in lacking - found}
        text.set_text(''.join(spelled.get(letter, letter) for letter in content))


def _code(letter: str) -> str:
    return letter.encode('unicode_escape').decode('ascii')


@lru_cache(maxsize=1)
def _own_font() -> str:
    from matplotlib.font_manager import FontProperties, findfont

    return str(findfont(FontProperties()))


@lru_cache(maxsize=64)
def _letters(path: str) -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(path).get_charmap())


@lru_cache(maxsize=256)
def _family_with(letters: frozenset[str]) -> tuple[str | None, frozenset[str]]:
    """The family among this machine's fonts that has most of some letters, and which it has."""
    from matplotlib.font_manager import fontManager

    codes = {ord(letter): letter for letter in letters}
    best: tuple[str | None, frozenset[str]] = (None, frozenset())
    # Those for many scripts first: looking into all fonts of a machine takes long.
    fonts = sorted(fontManager.ttflist, key=lambda font: not any(name in font.name.lower() for name in _NAMES))
    # The last resort has a box for each block of letters.
    seen = set()
    for font in fonts:
        if font.name in seen or font.style != 'normal' or font.name.startswith('Last Resort'):
            continue
        seen.add(font.name)
        try:
            found = frozenset(letter for code, letter in codes.items() if code in _letters(font.fname))
        except (RuntimeError, OSError):  # a damaged font file
            continue
        if len(found) > len(best[1]):
            best = (font.name, found)
        if len(found) == len(letters):
            break
    return best
