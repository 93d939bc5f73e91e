"""Common parts of the suites: their options, their results, and the files of the results."""

from __future__ import annotations

import datetime
import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from agmax_mm import __version__
from agmax_mm.fileio import write_json, write_text
from agmax_mm.machine import device_name, library_versions, usable_cores
from agmax_mm.results.page import Figure, Page, Section, Table, Text, render_markdown


@dataclass(frozen=True)
class Options:
    """Options of a suite.

    Attributes:
        rounds: Timed rounds; ``None`` is the suite's own number.
        threads: Threads of torch in this process.
        images: Folder of JPEG files to measure on, or ``None`` for the photographs inside scikit-image.
        recordings: Folder of recordings to measure on, or ``None`` for noise.
        say: Takes a line of progress.
    """

    rounds: int | None = None
    threads: int = 1
    images: Path | None = None
    recordings: Path | None = None
    say: Callable[[str], None] = print


@dataclass(frozen=True)
class Outcome:
    """Results of a suite.

    Attributes:
        title: Title of its page.
        lead: What was measured, in a sentence or two.
        sections: Tables, text and pictures.
        values: All measured values, for programs.
        pictures: Files to write beside the page: the name and what writes it to a path.
    """

    title: str
    lead: str
    sections: Sequence[Section]
    values: Mapping[str, Any]
    pictures: Mapping[str, Callable[[Path], None]] = field(default_factory=dict)


def run_suite(name: str, options: Options, command: str) -> tuple[Outcome, dict[str, Any]]:
    """Run ``benchmarks.suites.<name>.run(options)`` and note on what.

    Args:
        name: The suite.
        options: Its options.
        command: The command that does the same.

    Returns:
        The outcome and the setup: command, date, processor, cores, threads, load by other programs, versions.
    """
    torch.set_num_threads(options.threads)
    load = os.getloadavg()[0]
    outcome: Outcome = importlib.import_module(f'benchmarks.suites.{name}').run(options)
    setup = {
        'command': command,
        'date': datetime.datetime.now(datetime.UTC).date().isoformat(),
        'device': device_name(),
        'capability': torch.backends.cpu.get_cpu_capability(),
        'cores': usable_cores(),
        'threads': options.threads,
        'load_before': round(load, 1),
        'load_after': round(os.getloadavg()[0], 1),
        'agmax_mm': __version__,
        **library_versions(),
    }
    return outcome, setup


def write_outcome(outcome: Outcome, setup: Mapping[str, Any], name: str, folder: Path) -> None:
    """Write ``<name>.json``, ``<name>.md`` and the pictures into a folder."""
    for file, draw in outcome.pictures.items():
        draw(folder / file)
    write_json({'setup': dict(setup), 'values': dict(outcome.values)}, folder / f'{name}.json')
    rows = [(key.replace('_', ' '), str(value)) for key, value in setup.items()]
    page = Page(outcome.title, outcome.lead, [*outcome.sections, Section('Setup', [Table(('what', 'value'), rows)])])
    write_text(render_markdown(page), folder / f'{name}.md')


__all__ = ['Figure', 'Options', 'Outcome', 'Section', 'Table', 'Text', 'run_suite', 'write_outcome']
