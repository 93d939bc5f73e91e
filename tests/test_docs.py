"""The documents at the top, and the table of recipes, are about this tree."""

import re
from pathlib import Path

import pytest

from tools.recipes.agmax.cells import recipe_of
from tools.recipes.agmax.paper import figures
from tools.recipes.cutmix.cells import recipe_of as recipe_of_row
from tools.recipes.cutmix.paper import rows as cutmix_rows

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(('file', 'title'), [('README.md', '# agmax_mm'), ('CHANGELOG.md', '# Changelog')])
def test_titles(file, title):
    assert (ROOT / file).read_text(encoding='utf-8').startswith(f'{title}\n')


def test_links_lead_to_files():
    for document in (ROOT / 'README.md', ROOT / 'CHANGELOG.md', *(ROOT / 'configs').glob('**/README.md')):
        for target in re.findall(r'\]\(([^)#:]+)\)', document.read_text(encoding='utf-8')):
            assert (document.parent / target).exists(), f'{document}: {target}'


def test_named_files_exist():
    text = (ROOT / 'README.md').read_text(encoding='utf-8')
    for name in re.findall(r'(?<![\w/.])((?:tools|configs|docs)/[\w./-]+\.(?:py|sh|md))', text):
        assert (ROOT / name).is_file(), name


def test_the_table_of_recipes_has_a_row_for_each_cell_and_every_file():
    rows = [line.split(' | ') for line in (ROOT / 'docs/recipes.md').read_text(encoding='utf-8').splitlines()]
    cells = [row for row in rows if re.fullmatch(r'\| \d', row[0])]
    assert [row[4] for row in cells] == [recipe_of(figure).path for figure in figures()]
    assert all(row[5].startswith('yes') and row[6].startswith('yes') for row in cells)
    named = {name for row in rows for name in row if re.fullmatch(r'(?:\| )?(?:agmax|baseline)/\S+\.py', name)}
    assert len(named) > 150
    assert all((ROOT / 'configs' / name.removeprefix('| ')).is_file() for name in named)


def test_the_table_of_the_cutmix_paper_has_every_row_trained_or_quoted():
    lines = (ROOT / 'docs/recipes_cutmix.md').read_text(encoding='utf-8').splitlines()
    rows = [line.strip('| ').split(' | ') for line in lines if re.match(r'\| (Table|Figure|release)', line)]
    expected = [(row.place, row.name, recipe_of_row(row)) for row in cutmix_rows()]
    paths = [recipe.path if recipe else 'quoted from others' for *_, recipe in expected]
    assert [(row[0], row[1], row[5]) for row in rows] == [
        (place, name, path) for (place, name, _), path in zip(expected, paths, strict=True)
    ]
    for row, printed in zip(rows, cutmix_rows(), strict=True):
        errors = dict(printed.errors)
        figures = (errors.get('error/top1'), errors.get('error/top5'))
        assert row[2] == ('–' if printed.params is None else f'{printed.params:.1f} M')
        assert row[3:5] == ['–' if figure is None else f'{figure:.2f}' for figure in figures]
        assert row[6:] == ['–', '–'] if row[5] == 'quoted from others' else all(x.startswith('yes') for x in row[6:])
    # The methods with agreement, too.
    tried = [line for line in lines if re.match(r'\| cutmix/', line)]
    assert len(tried) == 21
    assert all(line.count(' | yes: ') == 2 for line in tried)
    assert all((ROOT / 'configs' / path).is_file() for path in paths if path.startswith('cutmix/'))
