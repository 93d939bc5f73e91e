"""The table of all cells of the paper's pre-training tables: recipe, built or not, ran or not."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Mapping, Sequence

from agmax_mm.recipes.cells import recipe_of
from agmax_mm.recipes.check import BATCH, STEPS, Outcome, Trial
from agmax_mm.recipes.paper import Figure, figures
from agmax_mm.report.results import METRICS
from agmax_mm.report.tables import duration

_CELL_HEADER = ('table', 'row', 'column', 'paper', 'config', 'built: parameters', f'{STEPS} steps: losses')
_VARIANT_HEADER = ('config', 'options', 'built: parameters', f'{STEPS} steps: losses')


def render_table(trials: Sequence[Trial], outcomes: Mapping[str, Outcome]) -> str:
    """A Markdown page with one row for each cell whose recipe was tried, and one for each variant.

    Args:
        trials: What was tried.
        outcomes: What came of it, by the trials' names.
    """
    tried = {trial.recipe: outcomes[trial.name] for trial in trials if not trial.options}
    cells = [(figure, tried[recipe_of(figure)]) for figure in figures() if recipe_of(figure) in tried]
    variants = [trial for trial in trials if trial.options]
    tried_all = [outcomes[trial.name] for trial in trials]
    lines = [
        '# Recipes',
        '',
        "One row for each cell of the AgMax paper's Tables 1, 2, 7, 8 and 9: the recipe that stands for it, whether",
        f'its model was built, and whether it made {STEPS} training steps of {BATCH} images and an evaluation. This',
        "shows that the recipes work, not what they reach: the images are a few digits, at the recipe's own image",
        'size. Rows that the paper quotes from others are left out.',
        '',
        f'{_share([outcome for _, outcome in cells])} cells and {_share(tried.values())} recipes are built and ran.',
        '',
        *_table(_CELL_HEADER, (_cell_row(figure, outcome) for figure, outcome in cells)),
    ]
    if variants:
        lines += [
            '',
            '## Control and reference form',
            '',
            'Two views without agreement, and the form of the released code, once for each model and data set: with',
            'CutMix and AutoAugment, which stand for the other augmentations.',
            '',
            f'{_share(outcomes[trial.name] for trial in variants)} are built and ran.',
            '',
            *_table(_VARIANT_HEADER, (_variant_row(trial, outcomes[trial.name]) for trial in variants)),
        ]
    return '\n'.join([*lines, '', '## Where', '', *_where(tried_all), ''])


def _cell_row(figure: Figure, outcome: Outcome) -> tuple[str, ...]:
    column = figure.column
    if figure.metric == 'accuracy/top5':
        column += f', {METRICS[figure.metric].removesuffix(" (%)")}'
    return (str(figure.table), figure.row, column, str(figure.value), recipe_of(figure).path, *_results(outcome))


def _variant_row(trial: Trial, outcome: Outcome) -> tuple[str, ...]:
    options = ' '.join(f'{key}={value}' for key, value in trial.options)
    return (trial.recipe.path, options, *_results(outcome))


def _results(outcome: Outcome) -> tuple[str, str]:
    built = 'no' if outcome.parameters is None else f'yes: {outcome.parameters:,}'
    losses = ', '.join('not finite' if loss is None else f'{loss:.3f}' for loss in outcome.losses)
    if outcome.ran:
        return built, f'yes: {losses}'
    return built, f'no: {(outcome.error or losses or "no step").replace("|", "/")}'


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [_line(header), _line(['---'] * len(header)), *map(_line, rows)]


def _line(cells: Sequence[str]) -> str:
    return f'| {" | ".join(cells)} |'


def _share(outcomes: Iterable[Outcome]) -> str:
    """``'216 of 216'``."""
    found = list(outcomes)
    return f'{sum(outcome.ran for outcome in found)} of {len(found)}'


def _where(outcomes: Sequence[Outcome]) -> list[str]:
    """Machine, versions and time; of several machines or versions all."""
    facts: dict[str, set[str]] = {}
    for outcome in outcomes:
        for name, value in outcome.environment.items():
            facts.setdefault(name, set()).add(value)
    took = duration(sum(outcome.seconds for outcome in outcomes))
    return [
        f'- {datetime.datetime.now(datetime.UTC).date().isoformat()}, {os.cpu_count()} cores, {took} for all trials',
        *(f'- {name} {", ".join(sorted(values))}' for name, values in facts.items()),
    ]
