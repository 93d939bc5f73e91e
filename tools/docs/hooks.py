"""What `make docs` adds to mkdocs: files of the repository that pages link to, commands, tables and formulas."""

from __future__ import annotations

import argparse
import html
import json
import posixpath
import re
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.structure.files import File, Files

from agmax_mm.cli import make_parser
from agmax_mm.commands import COMMANDS
from agmax_mm.commands.console import command_module, overview

ROOT = Path(__file__).resolve().parents[2]
_LINK = re.compile(r'(\]\()([^)#:\s]+)((?:#[^)\s]*)?\))')
_ELSEWHERE = 'repository'


def on_config(config: Any) -> None:
    """Put the pages that the menu does not name at the end of its part for pages."""
    (pages,) = (part['Pages'] for part in config.nav if 'Pages' in part)
    named = json.dumps(config.nav)
    pages += [path.name for path in sorted((ROOT / 'docs').glob('*.md')) if f'"{path.name}"' not in named]


def on_files(files: Files, config: Any) -> Files:
    """Take up the files outside of docs/ that pages link to, and what these link to; and the script of the tables."""
    script = (ROOT / 'agmax_mm/results/page.js').read_text(encoding='utf-8')
    few, more = 'rows.length > 5', 'rows.length > 20'  # tables of these pages are seldom long
    if few not in script:
        raise ValueError(f'page.js: expected {few!r}, got none')
    files.append(File.generated(config, 'assets/tables.js', content=script.replace(few, more)))
    waiting = [file.src_uri for file in files.documentation_pages()]
    while waiting:
        page = waiting.pop()
        text = (ROOT / _in_repository(page)).read_text(encoding='utf-8')
        for _, target, _ in _LINK.findall(text):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(_in_repository(page)), target))
            if path.startswith('docs/') or not (ROOT / path).is_file():
                continue
            uri = _on_site(path)
            if files.get_file_from_path(uri) is None:
                files.append(File.generated(config, uri, abs_src_path=str(ROOT / path)))
                waiting += [uri] if uri.endswith('.md') else []
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Lead links to where the files are on the site; folders are none. Fill in the commands."""
    here = _in_repository(page.file.src_uri)
    if page.file.src_uri.startswith('recipes'):
        page.meta['hide'] = ['toc']  # the tables are wide

    def led(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(here), match[2]))
        if (ROOT / path).is_dir():
            return f'{match[1]}{posixpath.relpath("index.md", posixpath.dirname(page.file.src_uri))}{match[3]}'
        return f'{match[1]}{posixpath.relpath(_on_site(path), posixpath.dirname(page.file.src_uri))}{match[3]}'

    markdown = _LINK.sub(led, markdown)
    return markdown.replace('<!-- commands -->', _commands()) if '<!-- commands -->' in markdown else markdown


def on_page_content(html: str, **_: Any) -> str:
    """Set formulas as MathML, which browsers draw without a script."""
    return re.sub(r'\\\((.+?)\\\)|\\\[(.+?)\\\]', _formula, html, flags=re.DOTALL)


def _formula(match: re.Match[str]) -> str:
    display = 'inline' if match[1] else 'block'
    return convert(html.unescape(match[1] or match[2]).strip(), display=display)


def _in_repository(uri: str) -> str:
    return uri.removeprefix(f'{_ELSEWHERE}/') if uri.startswith(f'{_ELSEWHERE}/') else f'docs/{uri}'


def _on_site(path: str) -> str:
    return path.removeprefix('docs/') if path.startswith('docs/') else f'{_ELSEWHERE}/{path}'


def _commands() -> str:
    """The help of all commands, as they print it."""
    parts = [f'```text\n{overview()}\n```']
    for name in COMMANDS:
        module = command_module(name)
        parser = make_parser(module.__doc__, module.EXAMPLE, prog=f'agmax-mm {name}')
        parser.formatter_class = lambda prog: argparse.RawDescriptionHelpFormatter(prog, width=100)
        module.add_arguments(parser)
        parts.append(f'## {name}\n\n```text\n{parser.format_help()}\n```')
    return '\n\n'.join(parts)
