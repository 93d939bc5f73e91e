"""The documents at the top, and the table of recipes, are about this tree."""

import re
from pathlib import Path

import pytest

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


def test_links_of_the_pages_about_recipes_lead_to_files():
    for page in ('recipes.md', 'recipes_cutmix.md'):
        targets = re.findall(r'\]\(([^)#:]+)\)', (ROOT / 'docs' / page).read_text(encoding='utf-8'))
        assert len(targets) > 50
        assert [target for target in targets if not (ROOT / 'docs' / target).exists()] == []
