"""The documents at the top, and the table of recipes, are about this tree."""

import re
from pathlib import Path

import pytest

import agmax_mm
from tests.test_layers import ROWS

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(('file', 'title'), [('README.md', '# agmax_mm'), ('CHANGELOG.md', '# Changelog')])
def test_titles(file, title):
    assert (ROOT / file).read_text(encoding='utf-8').startswith(f'{title}\n')


def test_links_lead_to_files():
    documents = [*ROOT.glob('*.md'), *(ROOT / 'configs').glob('**/README.md'), *(ROOT / 'docs').glob('**/*.md')]
    assert [
        f'{document}: {target}'
        for document in documents
        for target in re.findall(r'\]\(([^)#:]+)[)#]', document.read_text(encoding='utf-8'))
        if not (document.parent / target).exists()
    ] == []


def test_the_readme_is_read_in_one_sitting():
    assert len((ROOT / 'README.md').read_text(encoding='utf-8').splitlines()) <= 120


def test_the_map_of_rooms_is_that_of_the_layers():
    """Row by row, as the test of the layers has it; of the single files that all share, the map names a few."""
    text = (ROOT / 'CONTRIBUTING.md').read_text(encoding='utf-8')
    rows = text.split('<!-- map -->')[1].split('<!-- end of map -->')[0].strip().splitlines()[2:]
    mapped = [set(re.findall(r'`(\w+)`', row.split(' | ')[0])) for row in rows]
    layers = [set(row) for row in ROWS]
    assert len(mapped) == len(layers)
    for named, row in zip(mapped, layers, strict=True):
        assert named <= row if 'cli' in row else named == row


def test_the_versions_are_one():
    """Those of the package, of the citation and of the newest release in the changelog."""
    cited = re.search(r'^version: (\S+)$', (ROOT / 'CITATION.cff').read_text(encoding='utf-8'), re.MULTILINE)
    released = re.search(r'^## \[(\d\S*)\]', (ROOT / 'CHANGELOG.md').read_text(encoding='utf-8'), re.MULTILINE)
    assert cited[1] == agmax_mm.__version__
    assert released is None or released[1] == agmax_mm.__version__


def test_named_files_exist():
    text = (ROOT / 'README.md').read_text(encoding='utf-8')
    for name in re.findall(r'(?<![\w/.])((?:tools|configs|docs)/[\w./-]+\.(?:py|sh|md))', text):
        assert (ROOT / name).is_file(), name


def test_links_of_the_pages_about_recipes_lead_to_files():
    for page in ('recipes.md', 'recipes_cutmix.md'):
        targets = re.findall(r'\]\(([^)#:]+)\)', (ROOT / 'docs' / page).read_text(encoding='utf-8'))
        assert len(targets) > 50
        assert [target for target in targets if not (ROOT / 'docs' / target).exists()] == []
