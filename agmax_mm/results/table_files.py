"""A report written to a folder: as HTML, as Markdown, and its tables one by one as CSV and LaTeX."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from agmax_mm.fileio import write_text
from agmax_mm.results.escape import latex_text, one_line
from agmax_mm.results.html_page import render_html
from agmax_mm.results.page import Figure, Page, Table, render_markdown

FORMATS = ('html', 'markdown', 'csv', 'latex')
PAGES = ('html', 'markdown')


def write_page(
    page: Page, folder: str | os.PathLike[str], formats: Sequence[str] = PAGES, *, name: str | None = None
) -> list[Path]:
    """Write a page into a folder that holds its pictures.

    Args:
        page: The page.
        folder: Where to.
        formats: Some of :data:`FORMATS`: ``index.html``, ``report.md``, and for each table ``<section>.csv`` and
            ``<section>.tex``.
        name: Beginning of the files' names in place of these: ``<name>.html``, ``<name>.md``,
            ``<name>_<section>.csv``.

    Returns:
        The files that were written.

    Raises:
        ValueError: If a picture is missing or a format is unknown.
    """
    folder = Path(folder)
    unknown = [given for given in formats if given not in FORMATS]
    if unknown or not formats:
        raise ValueError(f'format: expected some of {", ".join(FORMATS)}, got {", ".join(unknown) or "none"}')
    for section in page.sections:
        for block in section.blocks:
            if isinstance(block, Figure) and not (folder / block.file).is_file():
                raise ValueError(f'page: expected the picture {block.file!r} in {str(folder)!r}, got none')
    texts = {}
    if 'html' in formats:
        texts[f'{name or "index"}.html'] = render_html(page)
    if 'markdown' in formats:
        texts[f'{name or "report"}.md'] = render_markdown(page)
    renderers: dict[str, tuple[str, Callable[[Table], str]]] = {
        'csv': ('csv', csv_table),
        'latex': ('tex', latex_table),
    }
    prefix = '' if name is None else f'{name}_'
    for form, (ending, render) in renderers.items():
        if form in formats:
            texts |= {f'{prefix}{stem}.{ending}': render(table) for stem, table in _tables(page)}
    for file, text in texts.items():
        write_text(text, folder / file)
    return [folder / file for file in texts]


def csv_table(table: Table) -> str:
    """The table as comma-separated values, with its header."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator='\n')
    writer.writerows([one_line(cell) for cell in row] for row in (table.header, *table.rows))
    return file.getvalue()


def latex_table(table: Table) -> str:
    """The table as a ``tabular`` with the rules of the package booktabs."""
    columns = 'l' + 'r' * (len(table.header) - 1)
    header, *rows = (' & '.join(map(latex_text, row)) + r' \\' for row in (table.header, *table.rows))
    lines = [rf'\begin{{tabular}}{{{columns}}}', r'\toprule', header, r'\midrule', *rows, r'\bottomrule']
    return '\n'.join([*lines, r'\end{tabular}', ''])


def _tables(page: Page) -> Iterator[tuple[str, Table]]:
    """The tables with names for their files: the section's, and a number where it has several."""
    taken: dict[str, int] = {}
    for section in page.sections:
        for block in section.blocks:
            if isinstance(block, Table):
                stem = re.sub(r'[^a-z0-9]+', '_', section.title.lower()).strip('_') or 'table'
                taken[stem] = taken.get(stem, 0) + 1
                yield (stem if taken[stem] == 1 else f'{stem}_{taken[stem]}'), block
