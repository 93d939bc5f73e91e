"""The documents at the top, and the table of recipes, are about this tree."""

import re
from pathlib import Path

import pytest

from agmax_mm.recipes.cells import recipe_of
from agmax_mm.recipes.paper import figures

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
