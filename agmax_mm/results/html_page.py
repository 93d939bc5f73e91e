"""A report as one HTML page, which needs no network: only its pictures are other files."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from agmax_mm.results.escape import one_line
from agmax_mm.results.page import Figure, Link, Page, Table, Text

_FOLDER = Path(__file__).parent
# Longer cells may be broken into lines.
_SHORT = 24


def render_html(page: Page) -> str:
    """The page as one HTML document, with its style and its script."""
    style, script = ((_FOLDER / name).read_text(encoding='utf-8') for name in ('page.css', 'page.js'))
    body = [f'<h1>{_escaped(page.title)}</h1>', f'<p class="lead">{_escaped(page.lead)}</p>']
    for section in page.sections:
        body += [f'<h2>{_escaped(section.title)}</h2>', *map(_block, section.blocks)]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{_escaped(page.title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n'
        + '\n'.join(body)
        + f'\n<script>\n{script}</script>\n</body>\n</html>\n'
    )


def _escaped(text: str) -> str:
    return html.escape(one_line(text))


def _block(block: Text | Table | Figure) -> str:
    if isinstance(block, Text):
        return f'<p>{_escaped(block.text)}</p>'
    if isinstance(block, Table):
        head = ''.join(f'<th scope="col">{_escaped(cell)}</th>' for cell in block.header)
        rows = ''.join(_row(block, row) for row in block.rows)
        return f'<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>'
    caption = _escaped(block.caption)
    return f'<figure><img src="{html.escape(block.file)}" alt="{caption}"><figcaption>{caption}</figcaption></figure>'


def _row(table: Table, row: Sequence[str]) -> str:
    cells = []
    for title, cell in zip(table.header, row, strict=True):
        kind = ' class="long"' if len(cell) > _SHORT else ''
        text = _escaped(cell)
        if isinstance(cell, Link):
            text = f'<a href="{html.escape(quote(cell.target))}">{text}</a>'
        cells.append(f'<td{kind} data-label="{_escaped(title)}">{text}</td>')
    return f'<tr>{"".join(cells)}</tr>\n'
