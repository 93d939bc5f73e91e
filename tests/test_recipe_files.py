"""The recipes are found in a checkout and in an installed package, which is built here."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agmax_mm.recipe_files import find_recipes, recipes_folder
from tests.results.records import record

ROOT = Path(__file__).parents[1]
RECIPE = 'resnet50_cutmix_aa_270e.py'


def test_recipes_of_the_checkout():
    assert recipes_folder() == ROOT / 'configs'
    assert find_recipes(RECIPE) == [ROOT / 'configs' / family / RECIPE for family in ('agmax', 'baseline')]
    for name in (
        '',
        '.',
        '..',
        'runtime.py',
        'default_runtime.py',
        f'agmax/{RECIPE}',
        '*.py',
        'resnet50?cutmix_aa_270e.py',
    ):
        assert find_recipes(name) == []


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """What an installation of the package puts into a folder."""
    sources, target = tmp_path_factory.mktemp('sources'), tmp_path_factory.mktemp('site')
    for name in ('agmax_mm', 'configs'):
        shutil.copytree(ROOT / name, sources / name, ignore=shutil.ignore_patterns('__pycache__'))
    for name in ('setup.py', 'pyproject.toml', 'README.md', 'LICENSE'):
        shutil.copy(ROOT / name, sources)
    command = [sys.executable, 'setup.py', '-q', 'build', '--build-lib', str(target)]
    subprocess.run(command, cwd=sources, check=True, capture_output=True)
    shutil.rmtree(sources)
    return target


def _python(code, site, cwd):
    environment = {
        **os.environ,
        'PYTHONPATH': os.pathsep.join([str(site), *os.environ.get('PYTHONPATH', '').split(':')[1:]]),
    }
    done = subprocess.run([sys.executable, '-c', code], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_an_installed_package_tells_recipes_from_changed_runs(installed, tmp_path):
    """As in a checkout: the paper's figure stands beside the recipe alone."""
    # Another package's folder of that name is none of ours.
    (installed / 'configs').mkdir(exist_ok=True)
    for name in ('same', 'changed'):
        (tmp_path / name).mkdir()
    (tmp_path / 'record.json').write_text(json.dumps(record(config=RECIPE)))
    code = f"""
import json
from pathlib import Path
from agmax_mm.engine.config import load_config, prepare_config
from agmax_mm.recipe_files import recipes_folder
from agmax_mm.results.runs import load_run
from agmax_mm.results.tables import score_table
found = [str(recipes_folder())]
for name, options in (('same', {{}}), ('changed', {{'train_cfg.max_epochs': 3}})):
    config = load_config(str(recipes_folder() / 'agmax' / {RECIPE!r}), options)
    prepare_config(config, world_size=1)
    record = json.loads(Path('record.json').read_text())
    Path(name, 'result.json').write_text(json.dumps({{**record, 'paper': config.to_dict()['paper']}}))
    config.dump(Path(name, {RECIPE!r}))
    found += [row[3] for row in score_table([load_run(name)]).rows]
Path('found.json').write_text(json.dumps(found))
"""
    _python(code, installed, tmp_path)
    folder, same, changed = json.loads((tmp_path / 'found.json').read_text())
    assert folder == str(installed / 'agmax_mm' / '.mim' / 'configs')
    assert float(same) > 70
    assert changed == '–'
