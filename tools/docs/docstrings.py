"""Docstrings as Markdown: roles become links, formulas keep their notation."""

from __future__ import annotations

import re
from typing import Any

import griffe

_ROLE = re.compile(r':(?:class|func|mod|data|meth|attr|exc|obj):`(~?)([^`]+)`')
_BLOCK = re.compile(r'^( *)\.\. math::[ \t]*([^\n]*)\n((?:\1[ ]+[^\n]*\n|[ \t]*\n)*)', re.MULTILINE)


def as_markdown(text: str, module: str) -> str:
    """A docstring with the links and formulas of Markdown.

    Args:
        text: The docstring.
        module: Where it stands, for names without a module.
    """
    text = _BLOCK.sub(lambda m: f'{m[1]}$${m[2]} {" ".join(m[3].split())}$$\n\n', text + '\n').rstrip('\n')
    text = re.sub(r':math:`([^`]+)`', r'$\1$', text)

    def link(match: re.Match[str]) -> str:
        name = match[2]
        shown = name.rpartition('.')[2] if match[1] else name
        target = name if '.' in name else f'{module}.{name}'
        return f'<autoref optional identifier="{target}"><code>{shown}</code></autoref>'

    return _ROLE.sub(link, text)


class Docstrings(griffe.Extension):
    """Rewrites the docstrings of what is loaded."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Rewrite all docstrings of a package."""
        self._rewrite(pkg)

    def _rewrite(self, part: Any) -> None:
        if part.is_alias:
            return
        if part.docstring is not None:
            module = part if part.is_module else part.module
            part.docstring.value = as_markdown(part.docstring.value, module.path)
        for member in part.members.values():
            self._rewrite(member)
