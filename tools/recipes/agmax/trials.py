"""What is tried of the AgMax paper's recipes, and the page about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agmax_mm.metrics import TOP5
from tools.recipes.agmax.cells import recipe_of, recipes, reference_options
from tools.recipes.agmax.paper import Figure, figures
from tools.recipes.check import BATCH, STEPS, Outcome, Trial
from tools.recipes.table import RESULTS, option_table, results, share, table, where

_HEADER = ('table', 'row', 'column', 'paper', 'config', *RESULTS)


def plan() -> list[Trial]:
    """All trials: every recipe, then the control and the authors' form once for each model and data set."""
    known = recipes()
    variants: dict[tuple[str, str, tuple[tuple[str, Any], ...]], Trial] = {}
    for recipe in known:
        # The augmentation with the most parts stands for the others.
        if recipe.agreement is None or recipe.augmentation != 'CutMix+AA':
            continue
        for options in ({'model.agreement': 'none'}, reference_options(recipe)):
            key = (recipe.model, recipe.dataset, tuple(options.items()))
            if options:
                variants.setdefault(key, Trial(recipe.path, recipe.dataset, tuple(options.items())))
    return [*(Trial(recipe.path, recipe.dataset) for recipe in known), *variants.values()]


def page(trials: Sequence[Trial], outcomes: Mapping[str, Outcome]) -> str:
    """A Markdown page with one row for each cell whose recipe was tried, and one for each variant.

    Args:
        trials: What was tried.
        outcomes: What came of it, by the trials' names.
    """
    tried = {trial.path: outcomes[trial.name] for trial in trials if not trial.options}
    cells = [(figure, recipe_of(figure).path) for figure in figures() if recipe_of(figure).path in tried]
    variants = [trial for trial in trials if trial.options]
    rows = [(*_place(figure), str(figure.value), path, *results(tried[path])) for figure, path in cells]
    lines = [
        '# Recipes',
        '',
        "One row for each cell of the AgMax paper's Tables 1, 2, 7, 8 and 9: the recipe that stands for it, whether",
        f'its model was built, and whether it made {STEPS} training steps of {BATCH} images and an evaluation. This',
        "shows that the recipes work, not what they reach: the images are a few digits, at the recipe's own image",
        'size. Rows that the paper quotes from others are left out.',
        '',
        f'{share(tried[path] for _, path in cells)} cells and {share(tried.values())} recipes are built and ran.',
        '',
        *table(_HEADER, rows),
    ]
    if variants:
        lines += [
            '',
            '## Control and reference form',
            '',
            'Two views without agreement, and the form of the released code, once for each model and data set: with',
            'CutMix and AutoAugment, which stand for the other augmentations.',
            '',
            *option_table(variants, outcomes),
        ]
    return '\n'.join([*lines, '', *where(outcomes[trial.name] for trial in trials), ''])


def _place(figure: Figure) -> tuple[str, str, str]:
    column = figure.column
    if figure.metric == TOP5.name:
        column += f', {TOP5.title}'
    return str(figure.table), figure.row, column
