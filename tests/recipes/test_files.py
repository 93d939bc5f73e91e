"""The files in configs/ are what the generator writes, and it says so when they are not."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.recipes.files import compare, expected_files, write

ROOT = Path(__file__).parents[2]
BASELINE = 'baseline/resnet50_cutmix_90e.py'
AGMAX = 'agmax/resnet50_cutmix_90e.py'
FOLDERS = ('baseline', 'agmax', 'cutmix')


@pytest.fixture
def configs(tmp_path):
    for folder in FOLDERS:
        shutil.copytree(ROOT / 'configs' / folder, tmp_path / folder, ignore=shutil.ignore_patterns('__pycache__'))
    return tmp_path


def test_files_are_what_is_generated():
    assert compare(ROOT / 'configs') == {}
    expected = expected_files()
    assert len(expected) == 156 + 54
    assert {path for folder in FOLDERS for path in (ROOT / 'configs' / folder).glob('*.py')} == {
        ROOT / 'configs' / path for path in expected
    }


def test_missing_changed_and_stale_files_are_mended(configs):
    (configs / BASELINE).unlink()
    (configs / AGMAX).write_text((configs / AGMAX).read_text() + '\n')
    stale, foreign = configs / 'agmax' / 'resnet50_gone_90e.py', configs / 'agmax' / 'mine.py'
    stale.write_text(expected_files()[AGMAX])
    foreign.write_text("_base_ = './resnet50_cutmix_90e.py'\n")
    assert compare(configs) == {
        BASELINE: 'missing',
        AGMAX: 'changed',
        'agmax/resnet50_gone_90e.py': 'stale',
    }
    assert write(configs) == {
        BASELINE: 'written',
        AGMAX: 'written',
        'agmax/resnet50_gone_90e.py': 'removed',
    }
    assert compare(configs) == {}
    assert foreign.is_file()
    assert write(configs) == {}


def test_command_names_the_files_that_differ(configs):
    (configs / BASELINE).unlink()
    command = [sys.executable, 'tools/make_recipes.py', '--configs', configs]
    check = subprocess.run([*command, '--check'], cwd=ROOT, capture_output=True, text=True)
    assert (check.returncode, check.stdout) == (1, '')
    assert check.stderr == f'missing: {configs / BASELINE}\n'
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f'written {configs / BASELINE}\n')


@pytest.mark.parametrize('path', expected_files())
def test_text_says_what_the_recipe_is(path):
    text = expected_files()[path]
    docstring = text.split('"""')[1]
    for label in ('Paper:', 'Ours:', 'Run:', 'Made by:'):
        assert f'\n{label} ' in docstring
    assert f' configs/{path}' in docstring
    assert ('\nControl: ' in docstring) == path.startswith('agmax/')
    assert ('\nAgMax: ' in docstring) == path.startswith('cutmix/')
    assert max(map(len, text.splitlines())) <= 120
