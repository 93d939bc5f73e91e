"""What is tried of the CutMix paper's recipes, and the page about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agmax_mm.results.tables import NONE
from tools.recipes.check import BATCH, STEPS, Outcome, Trial
from tools.recipes.cutmix.cells import Recipe, agreement_options, recipe_of, recipes
from tools.recipes.cutmix.paper import METRICS, Row, rows
from tools.recipes.table import RESULTS, option_table, results, share, table, where

_HEADER = ('place', 'row', 'parameters', 'top-1 error', 'top-5 error', 'config', *RESULTS)


def plan() -> list[Trial]:
    """All trials: every recipe, then each method of the tables once with two views and AgMax's agreement."""
    known = recipes()
    first: dict[str, Recipe] = {}
    for recipe, stands_for in known.items():
        # The figure's other points differ from these in a number.
        if stands_for[0].place != 'Figure 3':
            first.setdefault(recipe.method, recipe)
    return [
        *(Trial(recipe.path, recipe.dataset) for recipe in known),
        *(Trial(recipe.path, recipe.dataset, tuple(agreement_options(recipe).items())) for recipe in first.values()),
    ]


def page(trials: Sequence[Trial], outcomes: Mapping[str, Outcome]) -> str:
    """A Markdown page with one row for each row of the paper, and one for each method with agreement.

    Args:
        trials: What was tried; trained rows whose recipes are not among it are left out.
        outcomes: What came of it, by the trials' names.
    """
    tried = {trial.path: outcomes[trial.name] for trial in trials if not trial.options}
    agreeing = [trial for trial in trials if trial.options]
    shown = [(row, recipe.path if (recipe := recipe_of(row)) else None) for row in rows()]
    shown = [(row, path) for row, path in shown if path is None or path in tried]
    trained = [tried[path] for _, path in shown if path is not None]
    lines = [
        '# Recipes of the CutMix paper',
        '',
        "One row for each row of the CutMix paper's Tables 3 to 8 and each point of its Figure 3: the recipe that",
        f'stands for it, whether its model was built, and whether it made {STEPS} training steps of {BATCH} images and',
        'an evaluation. This shows that the recipes work, not what they reach: the images are a few digits, at the',
        "recipe's own image size. Parameters and errors, in percent, are as printed; rows that the paper quotes from",
        "others have no recipe, and the figure's points no number. The last row is from the release page of the",
        "authors' code.",
        '',
        f'{share(trained)} trained rows and {share(tried.values())} recipes are built and ran.',
        '',
        *table(_HEADER, (_line(row, path, tried) for row, path in shown)),
    ]
    if agreeing:
        lines += [
            '',
            '## With two views and agreement',
            '',
            "Each method of the tables once with AgMax's mutual information, which neither paper did.",
            '',
            *option_table(agreeing, outcomes),
        ]
    return '\n'.join([*lines, '', *where(outcomes[trial.name] for trial in trials), ''])


def _line(row: Row, path: str | None, tried: Mapping[str, Outcome]) -> tuple[str, ...]:
    errors = dict(row.errors)
    params = NONE if row.params is None else f'{row.params} M'
    printed = [f'{errors[metric]:.2f}' if metric in errors else NONE for metric in METRICS.values()]
    ran = ('quoted from others', NONE, NONE) if path is None else (path, *results(tried[path]))
    return (row.place, row.name, params, *printed, *ran)
