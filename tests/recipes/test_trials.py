"""Trials on real recipes: what works, what does not, and going on after a stop."""

import dataclasses
import importlib.util
import math
import re
import shutil
import sys
from pathlib import Path

import pytest

from agmax_mm.engine.config import load_config
from agmax_mm.engine.hashes import config_hash
from tools.recipes.page import page
from tools.recipes.trials import Outcome, Trial, is_done, plan, read_outcomes, write_outcomes

ROOT = Path(__file__).parents[2]
AGMAX = 'agmax/wrn40-2_standard_200e_cifar10.py'
BASELINE = 'baseline/wrn40-2_standard_200e_cifar10.py'


@pytest.fixture
def check(tmp_path, monkeypatch):
    """Run the command in this process; returns the exit code and the outcomes."""
    spec = importlib.util.spec_from_file_location('check_recipes', ROOT / 'tools' / 'check_recipes.py')
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)

    def run(*options, paper='agmax'):
        out = tmp_path / 'outcomes.json'
        monkeypatch.setattr(sys, 'argv', ['check_recipes.py', paper, '--out', str(out), *map(str, options)])
        return tool.main(), read_outcomes(out)[1]

    return run


def test_a_recipe_is_tried_once(check, tmp_path):
    code, outcomes = check('--only', AGMAX)
    (outcome,) = outcomes.values()
    assert (code, list(outcomes), outcome.ran, outcome.parameters) == (0, [AGMAX], True, 2_246_474)
    # ln 10 at the start, less the mutual information, which is next to nothing then
    assert 1.5 < outcome.losses[0] < 3.5
    where, _ = read_outcomes(tmp_path / 'outcomes.json')
    assert {'torch', 'device', 'date'} <= where.keys()

    # A second trial would write another number.
    kept = {AGMAX: dataclasses.replace(outcome, seconds=12345.0)}
    write_outcomes(where, kept, tmp_path / 'outcomes.json')
    assert check('--only', AGMAX, '--resume') == (0, kept)
    # With other versions it is tried again.
    write_outcomes({**where, 'torch': '1.0'}, kept, tmp_path / 'outcomes.json')
    code, again = check('--only', AGMAX, '--resume')
    assert (code, again[AGMAX].losses) == (0, outcome.losses)
    assert again[AGMAX].seconds != 12345.0


def test_what_fails_is_told_with_its_error(check, tmp_path):
    configs = tmp_path / 'configs'
    shutil.copytree(ROOT / 'configs', configs, ignore=shutil.ignore_patterns('__pycache__'))
    whole = (configs / BASELINE).read_text()
    for line, error in (
        ('model = dict(head=dict(in_channels=7))', 'mat1 and mat2 shapes cannot be multiplied'),
        ("model = dict(backbone=dict(type='Nonesuch'))", 'Nonesuch'),
        ('train_cfg = dict(val_begin=2)', 'no evaluation took place'),
    ):
        (configs / BASELINE).write_text(f'{whole}{line}\n')
        code, outcomes = check('--configs', configs, '--only', BASELINE)
        assert (code, outcomes[BASELINE].ran) == (1, False)
        assert error in outcomes[BASELINE].error
    assert len(outcomes[BASELINE].losses) == 2

    (configs / BASELINE).write_text(whole)  # fixed, it is tried again
    code, outcomes = check('--configs', configs, '--only', BASELINE, '--resume')
    assert (code, outcomes[BASELINE].ran) == (0, True)


def test_only_a_success_with_the_same_recipe_is_done():
    trial = Trial(BASELINE, 'cifar10')
    recipe = config_hash(load_config(str(ROOT / 'configs' / BASELINE)))
    good = Outcome(recipe, 1000, [1.0, 2.0], None, 2.0)
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


def test_some_recipes_need_a_file_of_their_own(check, monkeypatch):
    spec = importlib.util.spec_from_file_location('check_recipes', ROOT / 'tools' / 'check_recipes.py')
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    monkeypatch.setattr(sys, 'argv', ['check_recipes.py', 'agmax', '--only', AGMAX])
    with pytest.raises(ValueError, match=r'--only: expected --out FILE beside it'):
        tool.main()


def test_damaged_outcomes_are_named(tmp_path):
    for text in ('{"a": {"b": 1}}', '{"environment": {}, "trials": {"a": {"b": 1}}}', '[]', '{'):
        (tmp_path / 'outcomes.json').write_text(text)
        with pytest.raises(ValueError, match=r'expected the outcomes of an earlier run in .*outcomes\.json'):
            read_outcomes(tmp_path / 'outcomes.json')


def test_plan_covers_all_recipes_and_each_network_s_variants():
    """156 recipes; a control and the authors' form for 9 pairs of network and data set.

    ResNet-50's form differs with MSE, and at 270 epochs.
    """
    trials = plan('agmax')
    names = [trial.name for trial in trials]
    assert len(names) == len(set(names)) == 156 + 2 * 9 + 2
    assert sum(not trial.options for trial in trials) == 156
    assert sum(trial.options == (('model.agreement', 'none'),) for trial in trials) == 9


def test_plan_of_the_cutmix_paper():
    """54 recipes, and each of the tables' 21 methods once with agreement."""
    trials = plan('cutmix')
    names = [trial.name for trial in trials]
    assert len(names) == len(set(names)) == 54 + 21
    methods = [re.match(r'cutmix/[a-z]+\d+_(.+)_300e', trial.path)[1] for trial in trials if trial.options]
    assert len(methods) == len(set(methods)) == 21


def test_a_recipe_of_the_cutmix_paper(check):
    """ResNet-110 of bottleneck blocks has 1.17 M parameters, which the paper's 1.1 M are."""
    recipe = 'cutmix/resnet110_cutmix_300e_cifar100.py'
    code, outcomes = check('--only', recipe, paper='cutmix')
    assert (code, outcomes[recipe].parameters) == (0, 1_170_868)
    assert 3.5 < outcomes[recipe].losses[0] < 6.5  # ln 100 at the start


def rows_of(text):
    lines = [line.strip('| ').split(' | ') for line in text.splitlines() if line.startswith('| [')]
    return [[cell.strip() for cell in line] for line in lines]


def test_page_of_the_agmax_paper():
    """One row for each recipe, and a trial that lost a loss on the way is no success."""
    trials = plan('agmax')
    good = Outcome('hash', 25_557_032, [1.0, 2.0], None, 2.0)
    outcomes = {trial.name: good for trial in trials}
    outcomes[trials[0].name] = dataclasses.replace(good, losses=[1.0, None])
    text = page(
        'agmax',
        {'date': '2026-01-02', 'device': 'cpu: X'},
        outcomes,
        {'agmax/resnet50_mixup_90e.py': '77.50 ± 0.10 (n = 3)'},
    )
    rows = {row[0]: row[1:] for row in rows_of(text)}
    assert len(rows) == 156
    # 270 epochs of 1,281,167 images in two views: 691.8 million.
    assert rows['[agmax/resnet50_cutmix_aa_270e](../configs/agmax/resnet50_cutmix_aa_270e.py)'] == [
        'ResNet-50', 'ImageNet-1k', '79.1 / 94.4 (Table 2)', 'not run', '25.6 M', '270 × 2', '692 M',
    ]  # fmt: skip
    assert rows['[agmax/resnet50_mixup_90e](../configs/agmax/resnet50_mixup_90e.py)'][2] == (
        '77.6 (Table 1); 77.6 / 93.7 (Table 2); 77.5 (Table 8)'
    )
    assert rows['[agmax/resnet50_mixup_90e](../configs/agmax/resnet50_mixup_90e.py)'][3] == '77.50 ± 0.10 (n = 3)'
    assert rows['[baseline/wrn40-2_aa_200e_cifar10](../configs/baseline/wrn40-2_aa_200e_cifar10.py)'][-1] == '10 M'
    assert '175 of 176 trials ran: 156 recipes as they are, and 20 with options.' in text
    assert '[trials/agmax.json](trials/agmax.json) (2026-01-02, cpu: X)' in text


def test_page_of_the_cutmix_paper():
    text = page('cutmix', {}, {}, {})
    rows = {row[0].partition(']')[0][1:]: row[1:] for row in rows_of(text)}
    assert len(rows) == 54
    assert rows['cutmix/pyramidnet200_cutmix_300e_cifar100'][2:5] == [
        '14.47 / 2.97 (Tables 5 and 8); (Figure 3)', 'not run', '–',
    ]  # fmt: skip
    assert rows['cutmix/resnet50_feature-cutmix_300e'][2] == '21.80 / 6.06 (Table 3)'
    assert rows['cutmix/resnet152_cutmix_300e'][2] == '19.20 (release page)'
    assert 'from others, and they have no recipe: ResNet-101 + SE (20.94), ' in text
    assert '0 of 0 trials ran' in text
    assert 'Not tried: cutmix/resnet50_baseline_300e, ' in text
