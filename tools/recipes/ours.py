"""Our figures for the recipes: those of whole runs, whose records lie in ``docs/runs/<family>/<recipe>/<seed>/``.

A record is the ``result.json`` of a run's folder, and beside it the config of the recipe's name from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from agmax_mm.results.options import is_its_recipe
from agmax_mm.results.runs import find_runs
from agmax_mm.results.statistics import moments_text
from tools.recipes.papers import figures

FOLDER = Path('docs', 'runs')


def our_figures(paper: str, root: Path) -> Mapping[str, str]:
    """Mean, sample standard deviation and number of the runs of each recipe at the last epoch, by the recipe's path.

    Args:
        paper: ``'agmax'`` or ``'cutmix'``, which says what is shown: accuracy or error.
        root: The checkout.

    Raises:
        ValueError: If a run did not end, or is not proven to be the recipe of its folder.
    """
    metrics = {figure.recipe: figure.metric for figure in reversed(figures(paper)) if figure.recipe is not None}
    found = {}
    for recipe, metric in metrics.items():
        folder = root / FOLDER / recipe
        if not folder.is_dir():
            continue
        runs = find_runs([folder])
        for run in runs:
            if run.status != 'completed' or not is_its_recipe(run):
                raise ValueError(f'{run.folder}: expected a whole run of the recipe {recipe} as it is, got another')
        values = [run.printed(metric, value) for run in runs if (value := run.last(metric)) is not None]
        found[f'{recipe}.py'] = f'{moments_text(values)} (n = {len(values)})'
    return found
