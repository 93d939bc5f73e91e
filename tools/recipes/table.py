"""What the pages about trials have in common."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Mapping, Sequence

from agmax_mm.progress import duration
from tools.recipes.check import STEPS, Outcome, Trial

# The last two columns of every table.
RESULTS = ('built: parameters', f'{STEPS} steps: losses')


def results(outcome: Outcome) -> tuple[str, str]:
    """Whether the model was built, with its parameters, and whether the recipe ran, with its losses."""
    built = 'no' if outcome.parameters is None else f'yes: {outcome.parameters:,}'
    losses = ', '.join('not finite' if loss is None else f'{loss:.3f}' for loss in outcome.losses)
    if outcome.ran:
        return built, f'yes: {losses}'
    return built, f'no: {(outcome.error or losses or "no step").replace("|", "/")}'


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table in Markdown."""
    return [_line(header), _line(['---'] * len(header)), *map(_line, rows)]


def option_table(trials: Sequence[Trial], outcomes: Mapping[str, Outcome]) -> list[str]:
    """The lines of a table of recipes with options, below how many of them ran."""
    rows = []
    for trial in trials:
        options = ' '.join(f'{key}={value}' for key, value in trial.options)
        rows.append((trial.path, options, *results(outcomes[trial.name])))
    ran = share(outcomes[trial.name] for trial in trials)
    return [f'{ran} are built and ran.', '', *table(('config', 'options', *RESULTS), rows)]


def share(outcomes: Iterable[Outcome]) -> str:
    """``'216 of 216'``."""
    found = list(outcomes)
    return f'{sum(outcome.ran for outcome in found)} of {len(found)}'


def where(outcomes: Iterable[Outcome]) -> list[str]:
    """The lines about machine, versions and time; of several machines or versions all."""
    facts: dict[str, set[str]] = {}
    seconds = 0.0
    for outcome in outcomes:
        seconds += outcome.seconds
        for name, value in outcome.environment.items():
            facts.setdefault(name, set()).add(value)
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return [
        '## Where',
        '',
        f'- {today}, {os.cpu_count()} cores, {duration(seconds)} for all trials',
        *(f'- {name} {", ".join(sorted(values))}' for name, values in facts.items()),
    ]


def _line(cells: Sequence[str]) -> str:
    return f'| {" | ".join(cells)} |'
