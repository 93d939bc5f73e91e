"""A report as data, written as Markdown and as one HTML page from the same source."""

from __future__ import annotations

import html
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agmax_mm.fileio import write_text


@dataclass(frozen=True)
class Text:
    """A paragraph of plain text."""

    text: str


@dataclass(frozen=True)
class Table:
    """A table of plain text. The first column names the row, the others are set to the right."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.header):
                raise ValueError(f'Table: expected {len(self.header)} cells in each row, got {list(row)}')


@dataclass(frozen=True)
class Figure:
    """A picture beside the page, by its file name, with a caption."""

    file: str
    caption: str


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    title: str
    blocks: Sequence[Text | Table | Figure]


@dataclass(frozen=True)
class Page:
    """A titled page of sections; the lead says in a sentence or two what was done."""

    title: str
    lead: str
    sections: Sequence[Section]


_STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --soft: #60646c; --line: #d9d9e0; --paper: #fcfcfd; --band: #f0f0f3;
  --accent: #0d74ce; }
@media (prefers-color-scheme: dark) { :root { --ink: #edeef0; --soft: #b0b4ba; --line: #363a3f; --paper: #111113;
  --band: #1b1c1f; --accent: #70b8ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 2.5rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.25rem; margin: 2.75rem 0 .5rem; padding-top: .75rem; border-top: 2px solid var(--accent); }
.lead { color: var(--soft); font-size: 1.1rem; margin-top: 0; }
p { max-width: 46rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .4rem .9rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
thead th { color: var(--soft); font-weight: 600; }
tbody tr:nth-child(even) { background: var(--band); }
figure { margin: 1.25rem 0; }
img { max-width: 100%; height: auto; display: block; background: #fff; border-radius: 6px; padding: 6px; }
figcaption { color: var(--soft); font-size: .9rem; margin-top: .4rem; max-width: 46rem; }
"""


def render_markdown(page: Page) -> str:
    """The page as GitHub-flavoured Markdown."""
    parts = [f'# {page.title}', page.lead]
    for section in page.sections:
        parts += [f'## {section.title}', *map(_markdown_block, section.blocks)]
    return '\n\n'.join(parts) + '\n'


def render_html(page: Page) -> str:
    """The page as one HTML document; only its pictures are other files."""
    body = [f'<h1>{html.escape(page.title)}</h1>', f'<p class="lead">{html.escape(page.lead)}</p>']
    for section in page.sections:
        body += [f'<h2>{html.escape(section.title)}</h2>', *map(_html_block, section.blocks)]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{html.escape(page.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n'
        + '\n'.join(body)
        + '\n</body>\n</html>\n'
    )


def write_page(page: Page, folder: str | os.PathLike[str]) -> None:
    """Write ``report.md`` and ``index.html`` into a folder that holds the page's pictures.

    Raises:
        ValueError: If a picture is missing.
    """
    folder = Path(folder)
    for section in page.sections:
        for block in section.blocks:
            if isinstance(block, Figure) and not (folder / block.file).is_file():
                raise ValueError(f'page: expected the picture {block.file!r} in {str(folder)!r}, got none')
    write_text(render_markdown(page), folder / 'report.md')
    write_text(render_html(page), folder / 'index.html')


def markdown_table(table: Table) -> str:
    """The table in GitHub's notation, padded so that it also reads well as text."""
    rows = [[cell.replace('|', '\\|') for cell in row] for row in (table.header, *table.rows)]
    widths = [max(2, *(len(row[column]) for row in rows)) for column in range(len(table.header))]
    lines = [
        ' | '.join(_pad(cell, width, column) for column, (cell, width) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]
    rule = ['-' * widths[0], *(f'{"-" * (width - 1)}:' for width in widths[1:])]
    lines.insert(1, ' | '.join(rule))
    return '\n'.join(f'| {line} |' for line in lines)


def _pad(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column == 0 else cell.rjust(width)


def _markdown_block(block: Text | Table | Figure) -> str:
    if isinstance(block, Text):
        return block.text
    if isinstance(block, Table):
        return markdown_table(block)
    return f'![{block.caption}]({block.file})\n\n*{block.caption}*'


def _html_block(block: Text | Table | Figure) -> str:
    if isinstance(block, Text):
        return f'<p>{html.escape(block.text)}</p>'
    if isinstance(block, Table):
        head = ''.join(f'<th scope="col">{html.escape(cell)}</th>' for cell in block.header)
        rows = ''.join(
            '<tr>' + ''.join(f'<td>{html.escape(cell)}</td>' for cell in row) + '</tr>\n' for row in block.rows
        )
        return f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>'
    caption = html.escape(block.caption)
    return f'<figure><img src="{html.escape(block.file)}" alt="{caption}"><figcaption>{caption}</figcaption></figure>'
