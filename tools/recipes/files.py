"""The files that the papers' tables are made into: configs and pages, written and compared."""

from __future__ import annotations

from pathlib import Path

from agmax_mm.fileio import write_text
from tools.recipes.captioning import captioning_files
from tools.recipes.localization import localization_files
from tools.recipes.modern import modern_files
from tools.recipes.ours import our_figures
from tools.recipes.page import page
from tools.recipes.recipe import recipes
from tools.recipes.render import render
from tools.recipes.speech import speech_files
from tools.recipes.text import MADE_BY
from tools.recipes.trials import read_outcomes

PAGES = {'agmax': 'docs/recipes.md', 'cutmix': 'docs/recipes_cutmix.md'}


def trials_file(paper: str, root: Path) -> Path:
    """Return the file with the outcomes of a paper's trials, in a checkout."""
    return root / 'docs' / 'trials' / f'{paper}.json'


def expected_files(root: Path) -> dict[str, str]:
    """The text of every recipe and page by its path in the checkout ``root``, whose trials the pages tell of."""
    configs = {f'configs/{recipe.path}': render(recipe) for paper in PAGES for recipe in recipes(paper)}
    configs |= captioning_files() | localization_files() | modern_files() | speech_files()
    pages = {
        path: page(paper, *read_outcomes(trials_file(paper, root)), our_figures(paper, root))
        for paper, path in PAGES.items()
    }
    return configs | pages


def compare(root: Path) -> dict[str, str]:
    """The files that differ from :func:`expected_files`: ``'missing'``, ``'changed'`` or ``'stale'`` by path."""
    expected = expected_files(root)
    differing = {}
    for path, text in expected.items():
        if not (root / path).is_file():
            differing[path] = 'missing'
        elif (root / path).read_text(encoding='utf-8') != text:
            differing[path] = 'changed'
    for folder in sorted({Path(path).parent for path in expected if path.endswith('.py')}):
        for file in sorted((root / folder).glob('*.py')):
            path = f'{folder.as_posix()}/{file.name}'
            if path not in expected and MADE_BY in file.read_text(encoding='utf-8'):
                differing[path] = 'stale'
    return differing


def write(root: Path) -> dict[str, str]:
    """Make the files of a checkout what they should be.

    Returns:
        ``'written'`` or ``'removed'`` by path, for the files that were not so before.
    """
    expected = expected_files(root)
    done = {}
    for path, what in compare(root).items():
        if what == 'stale':
            (root / path).unlink()
            done[path] = 'removed'
        else:
            write_text(expected[path], root / path)
            done[path] = 'written'
    return done
