"""Trials on real recipes: what works, what does not, and going on after a stop."""

import dataclasses
import importlib.util
import json
import math
import re
import shutil
import sys
from pathlib import Path

import pytest

from agmax_mm.engine.config import config_hash, load_config
from tools.recipes.check import Outcome, Trial, is_done, read_outcomes
from tools.recipes.families import FAMILIES

ROOT = Path(__file__).parents[2]
AGMAX = 'agmax/wrn40-2_standard_200e_cifar10.py'
BASELINE = 'baseline/wrn40-2_standard_200e_cifar10.py'


@pytest.fixture
def check(tmp_path, monkeypatch):
    """Run the command in this process; returns the exit code, the table's rows and the outcomes."""
    spec = importlib.util.spec_from_file_location('check_recipes', ROOT / 'tools' / 'check_recipes.py')
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)

    def run(*options, paper='agmax'):
        out, state = tmp_path / 'table.md', tmp_path / 'outcomes.json'
        arguments = [paper, '--out', out, '--json', state, *options]
        monkeypatch.setattr(sys, 'argv', ['check_recipes.py', *map(str, arguments)])
        code = tool.main()
        rows = [line.strip('| ').split(' | ') for line in out.read_text().splitlines() if line.startswith('| 2 ')]
        return code, rows, json.loads(state.read_text())

    return run


def test_a_recipe_is_tried_once(check, tmp_path):
    code, rows, outcomes = check('--only', AGMAX)
    assert code == 0
    ((table, row, column, figure, path, built, ran),) = rows
    assert (table, row, column, figure, path) == ('2', 'Standard with AgMax', 'CIFAR-10, WRN-40-2', '95.6', AGMAX)
    assert built == 'yes: 2,246,474'
    assert ran.startswith('yes: ')
    (outcome,) = outcomes.values()
    assert [float(loss) for loss in ran.removeprefix('yes: ').split(', ')] == pytest.approx(outcome['losses'], abs=1e-3)
    # ln 10 at the start, less the mutual information, which is next to nothing then
    assert 1.5 < outcome['losses'][0] < 3.5
    assert 'torch' in outcome['environment']

    outcomes[AGMAX]['seconds'] = 12345.0  # a second trial would write another number
    (tmp_path / 'outcomes.json').write_text(json.dumps(outcomes))
    code, again, kept = check('--only', AGMAX, '--resume')
    assert (code, again, kept) == (0, rows, outcomes)


def test_what_fails_is_a_no_with_its_error(check, tmp_path):
    configs = tmp_path / 'configs'
    shutil.copytree(ROOT / 'configs', configs, ignore=shutil.ignore_patterns('__pycache__'))
    whole = (configs / BASELINE).read_text()
    (configs / BASELINE).write_text(whole + 'model = dict(head=dict(in_channels=7))\n')
    code, ((*_, built, ran),), _ = check('--configs', configs, '--only', BASELINE)
    assert code == 1
    assert built.startswith('yes: ')
    assert ran.startswith('no: RuntimeError')

    (configs / BASELINE).write_text(whole + "model = dict(backbone=dict(type='Nonesuch'))\n")
    code, ((*_, built, ran),), _ = check('--configs', configs, '--only', BASELINE)
    assert (code, built) == (1, 'no')
    assert 'Nonesuch' in ran

    (configs / BASELINE).write_text(whole + 'train_cfg = dict(val_begin=2)\n')
    code, ((*_, built, ran),), outcomes = check('--configs', configs, '--only', BASELINE)
    assert (code, built, ran) == (1, 'yes: 2,246,474', 'no: no evaluation took place')
    assert len(outcomes[BASELINE]['losses']) == 2

    (configs / BASELINE).write_text(whole)  # fixed, it is tried again
    code, ((*_, built, ran),), _ = check('--configs', configs, '--only', BASELINE, '--resume')
    assert (code, built) == (0, 'yes: 2,246,474')


def test_only_a_success_with_the_same_recipe_is_done():
    trial = Trial(BASELINE, 'cifar10')
    recipe = config_hash(load_config(str(ROOT / 'configs' / BASELINE)))
    good = Outcome(recipe, 1000, [1.0, 2.0], None, {}, 2.0)
    assert is_done(trial, {trial.name: good}, ROOT / 'configs')
    for changed in (
        {'config_sha256': 'another'},
        {'error': 'it broke'},
        {'losses': [1.0]},
        {'losses': [1.0, math.nan]},
    ):
        assert not is_done(trial, {trial.name: dataclasses.replace(good, **changed)}, ROOT / 'configs')
    assert not is_done(Trial(BASELINE, 'cifar10', (('model.agreement', 'none'),)), {trial.name: good}, ROOT / 'configs')


def test_unknown_pattern(check):
    with pytest.raises(ValueError, match=r"--only: expected a pattern.*got 'nothing'"):
        check('--only', 'nothing')


def test_damaged_outcomes_are_named(tmp_path):
    (tmp_path / 'outcomes.json').write_text('{"a": {"b": 1}}')
    with pytest.raises(ValueError, match=r'expected the outcomes of an earlier run in .*outcomes\.json'):
        read_outcomes(tmp_path / 'outcomes.json')


def test_plan_covers_all_recipes_and_each_network_s_variants():
    """156 recipes; a control and the authors' form for 9 pairs of network and data set, ResNet-50's also with MSE."""
    trials = FAMILIES['agmax'].plan()
    names = [trial.name for trial in trials]
    assert len(names) == len(set(names)) == 156 + 2 * 9 + 1
    assert sum(not trial.options for trial in trials) == 156
    assert sum(trial.options == (('model.agreement', 'none'),) for trial in trials) == 9


def test_table_of_all_cells():
    """One row each, and a trial that lost its losses on the way is no success."""
    trials = FAMILIES['agmax'].plan()
    good = Outcome('hash', 1000, [1.0, 2.0], None, {'device': 'cpu'}, 2.0)
    bad = Outcome('hash', 1000, [1.0, None], None, {'device': 'cpu'}, 2.0)
    outcomes = {trial.name: good for trial in trials}
    outcomes[trials[0].name] = bad
    lines = FAMILIES['agmax'].page(trials, outcomes).splitlines()
    cells = [line for line in lines if line[:4] in ('| 1 ', '| 2 ', '| 7 ', '| 8 ', '| 9 ')]
    assert len(cells) == 216
    recipe = trials[0].path
    failed = [line for line in cells if line.endswith('| no: 1.000, not finite |')]
    assert failed == [line for line in cells if f' {recipe} ' in line]
    assert len(failed) == 3  # in Table 1 and twice in Table 2
    assert '213 of 216 cells and 155 of 156 recipes are built and ran.' in lines
    assert '19 of 19 are built and ran.' in lines


def test_a_row_of_the_cutmix_paper(check, tmp_path):
    """ResNet-110 of bottleneck blocks has 1.17 M parameters, which the paper's 1.1 M are."""
    recipe = 'cutmix/resnet110_cutmix_300e_cifar100.py'
    code, _, outcomes = check('--only', recipe, paper='cutmix')
    page = (tmp_path / 'table.md').read_text()
    (row,) = [line for line in page.splitlines() if line.startswith('| Table 6 ')]
    assert row.startswith(f'| Table 6 | ResNet-110 + CutMix | 1.1 M | 20.11 | 4.43 | {recipe} | yes: 1,170,868 | yes: ')
    # ln 100 at the start
    assert 3.5 < outcomes[recipe]['losses'][0] < 6.5
    assert code == 0


def test_plan_and_page_of_the_cutmix_paper():
    """54 recipes, and each of the tables' 21 methods once with agreement."""
    family = FAMILIES['cutmix']
    trials = family.plan()
    names = [trial.name for trial in trials]
    assert len(names) == len(set(names)) == 54 + 21
    methods = [re.match(r'cutmix/[a-z]+\d+_(.+)_300e', trial.path)[1] for trial in trials if trial.options]
    assert len(methods) == len(set(methods)) == 21
    good = Outcome('hash', 1000, [1.0, 2.0], None, {'device': 'cpu'}, 2.0)
    outcomes = {trial.name: good for trial in trials}
    outcomes['cutmix/pyramidnet200_cutmix_300e_cifar100.py'] = dataclasses.replace(good, losses=[1.0])
    lines = family.page(trials, outcomes).splitlines()
    rows = [line for line in lines if line.startswith(('| Table ', '| Figure ', '| release '))]
    assert len(rows) == 62
    assert rows[0] == '| Table 3 | ResNet-152 | 60.3 M | 21.69 | 5.94 | quoted from others | – | – |'
    assert sum('| quoted from others |' in row for row in rows) == 6
    assert '| Table 3 | ResNet-50 + Feature CutMix | 25.6 M | 21.80 | 6.06 | cutmix/resnet50_feature-' in rows[11]
    assert rows[-2].startswith('| Figure 3 | Feature CutMix, layer 4 | – | – | – | ')
    # In Table 5, Table 8 and Figure 3.
    assert sum(row.endswith('| no: 1.000 |') for row in rows) == 3
    assert '53 of 56 trained rows and 53 of 54 recipes are built and ran.' in lines
    assert '21 of 21 are built and ran.' in lines
