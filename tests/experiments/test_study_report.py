"""Runs to a table of means, spreads and paired differences, by hand."""

import dataclasses
import json
import math
import re

import pytest

from agmax_mm.experiments import study_figures
from agmax_mm.experiments.study import read_study
from agmax_mm.experiments.study_report import summarise_study, write_study
from agmax_mm.results.runs import Run

STUDY = """
'''Mixing, small.

What it compares.
'''
base = 'base.py'
arms = dict(plain={}, mixed={'train_cfg.max_epochs': 2})
seeds = [0, 1, 7]
"""


@pytest.fixture(autouse=True)
def base(tmp_path):
    (tmp_path / 'base.py').write_text('')


@pytest.fixture
def study(tmp_path):
    (tmp_path / 'base.py').write_text('')  # test_study_records.py takes this fixture alone
    (tmp_path / 'mixing.py').write_text(STUDY)
    return read_study(tmp_path / 'mixing.py')


def _run(arm, seed, last, best, metric='accuracy/top1'):
    record = {
        'config': f'{arm}.py',
        'status': 'completed',
        'seed': seed,
        'device': 'cpu: test',
        'package_version': '0.1.0',
        'versions': {'torch': '2.12.1'},
        'config_sha256': 'abc',
        'wall_time_s': 60.0 + seed,
        'scores': {'last': {'epoch': 3, metric: last}, 'best': {metric: {'value': best, 'epoch': 2, 'iter': 9}}},
        'history': {'train': [], 'val': []},
    }
    return Run(f'{arm}/seed_{seed}', record)


RUNS = [
    _run('plain', 0, 50.0, 51.0),
    _run('mixed', 0, 53.0, 53.0),
    _run('plain', 1, 54.0, 55.0),
    _run('mixed', 1, 55.0, 57.0),
    # Of the last seed only one arm is there yet.
    _run('plain', 7, 52.0, 59.0),
]


def test_moments_are_of_the_last_epoch_and_differences_of_the_seeds_that_both_have(study):
    summary = summarise_study(study, RUNS)
    plain, mixed = summary['arms']['plain'], summary['arms']['mixed']
    assert plain['last'] == {'n': 3, 'mean': 52.0, 'std': 2.0}
    assert plain['best'] == {'n': 3, 'mean': 55.0, 'std': 4.0}
    assert plain['difference'] is None
    assert mixed['last'] == {'n': 2, 'mean': 54.0, 'std': pytest.approx(2**0.5)}
    # 3 and 1; against all three of the first arm it would be 54 - 52 with another spread.
    # Student's t with one degree of freedom: 2 / (sqrt(2) / sqrt(2)) = 2, and its 97.5 % quantile is 12.7062.
    assert mixed['difference'] == {
        'n': 2,
        'mean': 2.0,
        'std': pytest.approx(2**0.5),
        'values': [3.0, 1.0],
        't_interval': pytest.approx([2 - 12.7062, 2 + 12.7062], abs=1e-3),
        'bootstrap_interval': [1.0, 3.0],
        'p_value': pytest.approx(1 - 2 * math.atan(2) / math.pi),
        'p_holm': pytest.approx(1 - 2 * math.atan(2) / math.pi),
    }
    single = summarise_study(study, RUNS[1:])['arms']['mixed']['difference']
    assert (single['n'], single['mean'], single['std'], single['p_holm']) == (1, 1.0, None, None)
    assert mixed['options'] == {'train_cfg.max_epochs': 2}
    assert mixed['runs']['1'] | {'config_sha256': ''} == {
        'last': 55.0, 'best': 57.0, 'best_epoch': 2, 'wall_time_s': 61.0, 'config_sha256': ''
    }  # fmt: skip


def test_page_shows_every_arm_with_its_number_of_runs(study, tmp_path):
    write_study(study, RUNS[:3], {'command': 'python x'}, tmp_path / 'out')
    page = (tmp_path / 'out.md').read_text()
    lines = [[cell.strip() for cell in line.strip('|').split('|')] for line in page.splitlines() if line[:1] == '|']
    table = {row[0]: row[1:] for row in lines}
    assert page.startswith('# Mixing, small\n\nWhat it compares.\n')
    assert '3 of 6 runs are finished' in page
    assert table['plain'] == ['–', '2', '52.00 ± 2.83', '–', '–', '–', '–', '53.00 ± 2.83']
    assert table['mixed'] == ['plain', '1', '53.00', '+3.00', '–', '–', '–', '53.00']
    assert table['command'] == ['python x']
    assert table['wall time of all runs'] == ['3 min 01 s']
    assert table['torch'] == ['2.12.1']
    kept = json.loads((tmp_path / 'out.json').read_text())
    assert kept['arms'] == json.loads(json.dumps(summarise_study(study, RUNS[:3])['arms']))
    assert kept['setup']['command'] == 'python x'


GRID = """
'''A grid.'''
base = 'base.py'
grid = dict(
    augmentation=dict(standard={}, cutmix={'a.b': 1}),
    agreement=dict(baseline={}, twice={'c': 2}, mi={'d': 3}),
)
seeds = [0, 1, 2]
"""


def test_each_cell_of_a_grid_is_compared_within_its_row(tmp_path):
    (tmp_path / 'grid.py').write_text(GRID)
    study = read_study(tmp_path / 'grid.py')
    assert list(study.arms)[3:] == ['cutmix-baseline', 'cutmix-twice', 'cutmix-mi']
    assert study.arms['cutmix-mi'] == {'a.b': 1, 'd': 3}
    runs = [
        _run(arm, seed, 10 * place + seed * (place % 3 + 1), 0)
        for place, arm in enumerate(study.arms)
        for seed in (0, 1, 2)
    ]
    arms = summarise_study(study, runs)['arms']
    assert [arms[arm]['reference'] for arm in arms] == [
        None,
        *2 * ['standard-baseline'],
        None,
        *2 * ['cutmix-baseline'],
    ]
    # 50 + 3 s against 30 + s; against the first arm it would be 50 + 2 s.
    assert arms['cutmix-mi']['difference']['values'] == [20.0, 22.0, 24.0]
    part = study.part(arms=['*-mi', 'standard-baseline'])
    assert (list(part.arms), part.references) == (
        ['standard-baseline', 'standard-mi', 'cutmix-mi'],
        {'standard-mi': 'standard-baseline'},
    )


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ("mi={'d': 3}", "mi={'a.b': 3}", 'each option in one factor of the grid, got a.b in two'),
        ('base =', 'arms = dict(a={})\nbase =', 'arms or a grid'),
        ('base =', "references = {'cutmix-mi': 'mi'}\nbase =", 'references between two of .*, got cutmix-mi: mi'),
        ("mi={'d': 3}", "mi=['d']", r'grid.agreement: expected to map'),
    ],
)
def test_mistakes_in_a_grid_are_named(tmp_path, old, new, message):
    assert old in GRID
    (tmp_path / 'grid.py').write_text(GRID.replace(old, new, 1))
    with pytest.raises(ValueError, match=message):
        read_study(tmp_path / 'grid.py')


def test_references_of_the_file_count_more(tmp_path):
    (tmp_path / 'grid.py').write_text(GRID + "references = {'cutmix-baseline': 'standard-baseline'}\n")
    study = read_study(tmp_path / 'grid.py')
    assert study.references == {'cutmix-baseline': 'standard-baseline'}


def test_page_can_be_written_before_the_first_run(study, tmp_path):
    write_study(study, [], {}, tmp_path / 'out')
    assert '0 of 6 runs' in (tmp_path / 'out.md').read_text()
    assert json.loads((tmp_path / 'out.json').read_text())['arms']['mixed']['last'] is None


def test_scores_of_detection_are_in_percent(study):
    runs = [_run('plain', 0, 0.25, 0.5, metric='pascal_voc/mAP')]
    assert summarise_study(study, runs)['arms']['plain']['last']['mean'] == 25.0


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ("'''Mixing, small.\n\nWhat it compares.\n'''", '', 'docstring'),
        ("base = 'base.py'", '', 'expected base, seeds, arms or a grid, .*got arms, seeds'),
        ("base = 'base.py'", "base = 'base.py'\nrepeats = 3", 'repeats'),
        ('seeds = [0, 1, 7]', 'seeds = [0, 0]', 'different ones'),
        ('seeds = [0, 1, 7]', 'seeds = 3', 'list of integers'),
        ('plain={}', 'plain=1', 'arms'),
        ('dict(plain={}', "dict({'a/b': {}}", "'a/b'"),
        ('seeds = [', 'seeds = [[', 'mmengine can read'),
        ("base = 'base.py'", 'base = 1 / 0', 'mixing.py.*mmengine can read, got division by zero'),
        ("base = 'base.py'", "base = '\0'", 'mixing.py.*mmengine can read, got .*null'),
        ("base = 'base.py'", 'base = 5', 'base to be the path of a config, got 5'),
        (
            "base = 'base.py'",
            "base = 'base.py'\noptions = [1]",
            r'options to map keys of the config to values, got \[1\]',
        ),
        ('dict(plain={}', 'dict({5: {}}', 'names of letters.*got 5'),
        (
            'seeds = [',
            "references = {'mixed': ['plain']}\nseeds = [",
            'references to map names of arms to names of arms',
        ),
    ],
)
def test_mistakes_in_a_study_are_named(tmp_path, old, new, message):
    assert old in STUDY
    (tmp_path / 'mixing.py').write_text(STUDY.replace(old, new))
    with pytest.raises(ValueError, match=message):
        read_study(tmp_path / 'mixing.py')


def test_part_of_a_study(study):
    part = study.part(arms=['mixed'], seeds=[4], data_root='D')
    assert part.arms == {'mixed': {'train_cfg.max_epochs': 2}}
    assert part.seeds == (4,)
    assert part.data_root == 'D'
    assert part.options == study.options
    with pytest.raises(ValueError, match='expected some of plain, mixed, got mix'):
        study.part(arms=['mix'])


def test_a_study_chooses_its_metrics_and_the_others_have_a_table(study, tmp_path):
    study = dataclasses.replace(study, metrics=('accuracy/top5', 'accuracy/top1'))
    runs = [_run('plain', seed, value, value) for seed, value in ((0, 50.0), (1, 54.0))]
    for run, value in zip(runs, (80.0, 81.0), strict=True):
        run.record['scores']['last']['accuracy/top5'] = value
        run.record['scores']['best']['accuracy/top5'] = {'value': value, 'epoch': 3, 'iter': 9}
    summary = summarise_study(study, runs)
    assert summary['metric'] == 'accuracy/top5'
    assert summary['arms']['plain']['last']['mean'] == 80.5
    assert summary['arms']['plain']['others'] == {'accuracy/top1': {'n': 2, 'mean': 52.0, 'std': math.sqrt(8)}}
    assert summary['arms']['mixed']['others'] == {'accuracy/top1': None}
    write_study(study, runs, {}, tmp_path / 'out')
    text = (tmp_path / 'out.md').read_text()
    assert '## Other metrics' in text
    assert re.search(r'\| plain +\| +52\.00 ± 2\.83 \|', text)
    del runs[0].record['scores']['last']['accuracy/top1']
    with pytest.raises(ValueError, match='plain/seed_0: expected accuracy/top1 of its validations'):
        summarise_study(study, runs)


def test_a_fine_tuning_has_metrics_of_its_own(study, tmp_path):
    study = dataclasses.replace(
        study,
        metrics=('accuracy/top1',),
        transfers={
            'fruit': {'task': 'coco'},
            'masks': {'task': 'coco', 'metrics': ['coco/segm_mAP']},
            'later': {'task': 'voc'},
        },
    )
    tuned = [_run('plain', seed, value, value, metric='coco/bbox_mAP') for seed, value in ((0, 0.25), (1, 0.75))]
    for run, value in zip(tuned, (0.125, 0.375), strict=True):
        run.record['scores']['last']['coco/segm_mAP'] = value
        run.record['scores']['best']['coco/segm_mAP'] = {'value': value, 'epoch': 3, 'iter': 9}
    write_study(study, RUNS, {}, tmp_path / 'out', {'fruit': tuned, 'masks': tuned, 'later': []})
    kept = json.loads((tmp_path / 'out.json').read_text())
    assert kept['metric'] == 'accuracy/top1'
    named = {name: one['metric'] for name, one in kept['transfers'].items()}
    assert named == {'fruit': 'coco/bbox_mAP', 'masks': 'coco/segm_mAP', 'later': 'pascal_voc/mAP'}
    boxes, masks = (kept['transfers'][name]['arms']['plain'] for name in ('fruit', 'masks'))
    assert boxes['last']['mean'] == 50.0
    assert boxes['others'] == {'coco/segm_mAP': {'n': 2, 'mean': 25.0, 'std': pytest.approx(12.5 * math.sqrt(2))}}
    assert (masks['last']['mean'], masks['others']) == (25.0, {})
    _, first, second, _ = (tmp_path / 'out.md').read_text().split('## Fine-tuned: ')
    assert re.search(r'\| box AP \(%\), last \|', first)
    assert re.search(r'\| arm +\| +mask AP \(%\) \|\n.*\n\| plain +\| +25\.00 ± 17\.68 \|', first)
    assert 'Other metrics' not in second
    # A detector without masks has measured none.
    del tuned[0].record['scores']['last']['coco/segm_mAP']
    write_study(study, RUNS, {}, tmp_path / 'out', {'fruit': tuned})
    assert json.loads((tmp_path / 'out.json').read_text())['transfers']['fruit']['arms']['plain']['others'] == {}


@pytest.mark.parametrize(
    ('line', 'where'),
    [
        ("metrics = ['a', 'a']", "mixing.py'"),
        ("transfers = dict(fruit=dict(task='coco', metrics=['a', 'a']))", 'transfers.fruit'),
    ],
)
def test_metrics_of_a_study_are_different_names(tmp_path, line, where):
    (tmp_path / 'mixing.py').write_text(f'{STUDY}{line}\n')
    message = rf"{where}: expected metrics to be a list of different names, got \['a', 'a'\]"
    with pytest.raises(ValueError, match=message):
        read_study(tmp_path / 'mixing.py')


def _with_history(arm, seed, last):
    run = _run(arm, seed, last, last)
    train = [{'iter': step, 'epoch': 1 + step // 4, 'loss': 9.0, 'loss_cls': 1 / (step + 1)} for step in range(9)]
    run.record['history'] = {'train': train, 'val': [{'iter': 9, 'epoch': 3, 'accuracy/top1': last}]}
    return run


def test_a_page_in_all_formats_with_its_drawings(study, tmp_path):
    runs = [_with_history(arm, seed, 50.0 + seed) for seed in (0, 1) for arm in ('plain', 'mixed')]
    runs[-1].record['scores']['last']['accuracy/top1'] = 52.0
    formats = ('html', 'markdown', 'csv', 'latex')
    written = write_study(study, runs, {}, tmp_path / 'v1.2', formats=formats, pictures=True)
    assert [path.name for path in written] == [
        *('v1.2.html', 'v1.2.md', 'v1.2_scores.csv', 'v1.2_setup.csv', 'v1.2_scores.tex', 'v1.2_setup.tex'),
        'v1.2.json',
    ]
    for page in written[:2]:
        text = page.read_text()
        for file in ('v1.2_figures/differences.svg', 'v1.2_figures/curves_1.png'):
            assert file in text
            assert (tmp_path / file).is_file()
    assert '+0.50 (-5.85 to +6.85), n = 2' in (tmp_path / 'v1.2_figures/differences.svg').read_text()
    row = (tmp_path / 'v1.2_scores.csv').read_text().splitlines()[2].split(',')
    assert row[:4] == ['mixed', 'plain', '2', '51.00 ± 1.41']


def test_curves_are_of_the_cross_entropy_and_of_scores_with_several_validations(study, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(study_figures, 'learning_curves', lambda groups, path, keys: drawn.append((groups, keys)))
    runs = [_with_history('plain', 0, 50.0), _with_history('mixed', 0, 51.0)]
    study_figures.curve_section(study, runs, 'accuracy/top1', tmp_path / 'figures')
    runs[1].record['history']['val'].append({'iter': 10, 'epoch': 4, 'accuracy/top1': 3.0})
    study_figures.curve_section(study, runs, 'accuracy/top1', tmp_path / 'figures')
    assert [list(groups) for groups, _ in drawn] == [['plain', 'mixed']] * 2
    assert [keys for _, keys in drawn] == [
        [('train', 'loss_cls')],
        [('train', 'loss_cls'), ('val', 'accuracy/top1')],
    ]
