"""A report as data, and its Markdown; the other forms are in :mod:`html_page` and :mod:`table_files`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from agmax_mm.results.escape import markdown_text


@dataclass(frozen=True)
class Text:
    """A paragraph of plain text."""

    text: str


class Link(str):
    """The text of a cell that leads to a file beside the page, or to another page."""

    target: str

    def __new__(cls, text: str, target: str) -> Link:
        """Make the text, with where it leads."""
        link = super().__new__(cls, text)
        link.target = target
        return link


@dataclass(frozen=True)
class Table:
    """A table of plain text and links. The first column names the row, the others are set to the right."""

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


def render_markdown(page: Page) -> str:
    """The page as GitHub-flavoured Markdown."""
    parts = [f'# {markdown_text(page.title)}', _paragraph(page.lead)]
    for section in page.sections:
        parts += [f'## {markdown_text(section.title)}', *map(_markdown_block, section.blocks)]
    return '\n\n'.join(parts) + '\n'


def markdown_table(table: Table) -> str:
    """The table in GitHub's notation, padded so that it also reads well as text. Nothing in a cell is markup."""
    rows = [[_markdown_cell(cell) for cell in row] for row in (table.header, *table.rows)]
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


def _markdown_cell(cell: str) -> str:
    text = markdown_text(cell)
    return f'[{text}]({quote(cell.target)})' if isinstance(cell, Link) else text


def _markdown_block(block: Text | Table | Figure) -> str:
    if isinstance(block, Text):
        return _paragraph(block.text)
    if isinstance(block, Table):
        return markdown_table(block)
    caption = markdown_text(block.caption)
    return f'![{caption}]({block.file})\n\n*{caption}*'


def _paragraph(text: str) -> str:
    """A paragraph, whose author may have marked code; HTML it must not hold."""
    return re.sub(r'<(?=[\w/!?])', r'\\<', text)
