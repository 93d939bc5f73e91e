"""The page about a paper's recipes: recipe, the paper's figures, ours, and what a run costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agmax_mm.results.page import Link, Table, markdown_table
from tools.recipes.papers import Figure, figures, places
from tools.recipes.recipe import DATASETS, MODELS, Recipe, recipes
from tools.recipes.text import listed
from tools.recipes.trials import BATCH, STEPS, Outcome, plan

_TITLES = {'agmax': 'Recipes of the AgMax paper', 'cutmix': 'Recipes of the CutMix paper'}
_FIGURES = {'agmax': 'accuracies', 'cutmix': 'errors'}
_IMAGES = {'imagenet': 1_281_167, 'cifar10': 50_000, 'cifar100': 50_000}
_HEADER = ('recipe', 'network', 'data', 'paper', 'ours', 'parameters', 'epochs × views', 'images through the network')


def page(paper: str, where: Mapping[str, str], outcomes: Mapping[str, Outcome], ours: Mapping[str, str]) -> str:
    """The page in Markdown.

    Args:
        paper: ``'agmax'`` or ``'cutmix'``.
        where: Environment of the trials.
        outcomes: Outcomes of the trials by their names.
        ours: Our figures by the paths of the recipes, see :mod:`tools.recipes.ours`.
    """
    known = recipes(paper)
    quoted = [figure for figure in figures(paper) if figure.recipe is None and figure.metric == 'error/top1']
    tried = [trial for trial in plan(paper) if trial.name in outcomes]
    ran = sum(outcomes[trial.name].ran for trial in tried)
    plain = sum(not trial.options for trial in tried)
    untried = [recipe.name for recipe in known if recipe.path not in outcomes]
    lines = [
        f'# {_TITLES[paper]}',
        '',
        f"One row for each recipe. The paper's figures are {_FIGURES[paper]} in percent: top-1, then top-5 after a",
        'stroke. Ours are of the last epoch; "not run": nobody has trained the recipe at its full length with this',
        'code. The cost counts the images of all epochs and views; the time depends on your machine. In the pages that',
        '`make docs` builds, a click on a column sorts the table, and a field above it filters.',
        '',
        markdown_table(Table(_HEADER, [_row(recipe, of, outcomes, ours) for recipe, of in known.items()])),
    ]
    if quoted:
        names = listed([f'{figure.row} ({figure.value:.2f})' for figure in quoted])
        lines += ['', f'The paper quotes these rows from others, and they have no recipe: {names}.']
    lines += [
        '',
        '## Trials',
        '',
        f'{ran} of {len(tried)} trials ran: {plain} recipes as they are, and {len(tried) - plain} with options.',
        f'A trial builds the recipe, trains it for {STEPS} steps of {BATCH} images of its own size and evaluates it.',
        'This shows that the recipes work, not what they reach: the images are a few digits. Losses and versions:',
        f'[trials/{paper}.json](trials/{paper}.json) ({where.get("date", "never")}, {where.get("device", "–")});',
        f'`python tools/check_recipes.py {paper}` renews them.',
        *([f'Not tried: {listed(untried)}.'] if untried else []),
    ]
    return '\n'.join([*lines, ''])


def _row(
    recipe: Recipe, stands_for: Sequence[Figure], outcomes: Mapping[str, Outcome], ours: Mapping[str, str]
) -> tuple[str, ...]:
    outcome = outcomes.get(recipe.path)
    parameters = f'{outcome.parameters / 1e6:.1f} M' if outcome and outcome.parameters else '–'
    views = 1 if recipe.agreement is None else 2
    images = _IMAGES[recipe.dataset] * recipe.epochs * views
    return (
        Link(recipe.name, f'../configs/{recipe.path}'),
        MODELS[recipe.model],
        DATASETS[recipe.dataset],
        _printed(stands_for),
        ours.get(recipe.path, 'not run'),
        parameters,
        f'{recipe.epochs} × {views}',
        f'{images / 1e6:,.0f} M',
    )


def _printed(stands_for: Sequence[Figure]) -> str:
    """``'76.9 / 93.5 (Table 2); 76.9 (Table 1)'``: the figures of each table, equal ones together."""
    found: dict[str, list[Figure]] = {}
    for table in {figure.table: None for figure in stands_for}:
        of = [figure for figure in stands_for if figure.table == table]
        digits = 2 if of[0].paper == 'cutmix' else 1
        values = ' / '.join(f'{figure.value:.{digits}f}' for figure in of if figure.value is not None)
        found.setdefault(values, []).extend(of)
    return '; '.join(f'{values} ({places(of)})'.strip() for values, of in found.items())
