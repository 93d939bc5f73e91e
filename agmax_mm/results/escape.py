"""Names as they are, in Markdown, LaTeX and pictures."""

from __future__ import annotations

import re
import textwrap

# What Markdown on GitHub would act on. An underscore inside of a word is none of it.
_MARKDOWN = re.compile(r'[\\`*\[\]<>|~$]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)')
_LATEX = {
    '\\': r'\textbackslash{}',
    '~': r'\textasciitilde{}',
    '^': r'\textasciicircum{}',
    '±': r'$\pm$',
    '–': '--',
    '<': r'\textless{}',
    '>': r'\textgreater{}',
    '|': r'\textbar{}',
    **{sign: f'\\{sign}' for sign in '&%$#_{}'},
}
_LONGEST = 180


def markdown_text(text: str) -> str:
    """Text for one line of Markdown in which nothing is markup."""
    return _MARKDOWN.sub(lambda found: f'\\{found[0]}', one_line(text))


def latex_text(text: str) -> str:
    """Text for LaTeX in which nothing is a command."""
    return ''.join(_LATEX.get(letter, letter) for letter in one_line(text))


def one_line(text: str) -> str:
    """Text with single spaces for all white space, and a question mark for each half of a broken character."""
    whole = text.encode('utf-8', 'replace').decode('utf-8')
    return ' '.join(whole.split())


def in_lines(text: str, width: int) -> str:
    """Text in lines of at most ``width`` characters, for pictures; of very long text the beginning and the end."""
    line = one_line(text)
    if len(line) > _LONGEST:
        half = (_LONGEST - 3) // 2
        line = f'{line[:half]} … {line[-half:]}'
    return textwrap.fill(line, width)
