"""Runs of one recipe with and without options of their own: apart, and without the paper's figure."""

import json
from pathlib import Path

import pytest
from mmengine.config import Config

from agmax_mm.config_text import read_config_text
from agmax_mm.engine.config import load_config, prepare_config
from agmax_mm.engine.hashes import config_hash
from agmax_mm.results.options import _flat, differing_settings, is_its_recipe, other_options
from agmax_mm.results.overview import write_overview
from agmax_mm.results.runs import Run, find_runs, group_names, load_run, repeats
from agmax_mm.results.tables import score_table
from tests.results.records import record

ROOT = Path(__file__).parents[2]
RECIPE = 'configs/cutmix/resnet110_cutmix_300e_cifar100.py'
NAME = 'resnet110_cutmix_300e_cifar100'
AGMAX = {'model.agreement': 'mi'}
MILESTONES = ['param_scheduler.milestones.0', 'param_scheduler.milestones.1']
CORRECT_LAM = 'data_preprocessor.batch_augments.augments.0.correct_lam'


def _write(folder, options=None, seed=0, world_size=1, **changes):
    """What a run of the recipe leaves behind, but for its scores."""
    config = load_config(RECIPE, options)
    prepare_config(config, world_size=world_size)
    config.work_dir, config.experiment_name = str(folder), folder.name
    config.randomness.seed = seed
    made = record(config=f'{NAME}.py', seed=seed, **changes)
    made |= {'config_sha256': config_hash(config), 'paper': config.to_dict()['paper'], 'world_size': world_size}
    folder.mkdir(parents=True)
    (folder / 'result.json').write_text(json.dumps(made))
    config.dump(folder / f'{NAME}.py')
    return made['config_sha256']


def test_the_seed_alone_makes_no_other_run(tmp_path):
    plain = _write(tmp_path / 'a')
    assert _write(tmp_path / 'b', seed=1) == _write(tmp_path / 'c', seed=None) == plain
    others = [AGMAX, {CORRECT_LAM: False}, {'train_cfg.max_epochs': 3}, {'randomness.diff_rank_seed': False}]
    others.append({'train_dataloader.dataset.data_root': 'elsewhere'})
    hashes = {_write(tmp_path / str(place), options) for place, options in enumerate(others)}
    assert len(hashes | {plain}) == 6


def test_runs_with_options_stand_in_a_row_and_a_line_of_their_own(tmp_path):
    """All on data in one other place, which keeps the paper's figure."""
    data = {'train_dataloader.dataset.data_root': '/data'}
    for seed, last in enumerate([78.0, 80.0]):
        _write(tmp_path / 'runs' / 'plain' / str(seed), data, seed, last=last, best=81.0)
        _write(tmp_path / 'runs' / 'agmax' / str(seed), data | AGMAX, seed, last=last + 5, best=90.0)
    _write(tmp_path / 'runs' / 'control', data | {CORRECT_LAM: False}, last=70.0, best=71.0)
    runs = find_runs([tmp_path / 'runs'])
    assert [len(group) for group in repeats(runs)] == [2, 1, 2]
    rows = [(row[0], *row[3:]) for row in score_table(runs).rows if row[2].startswith('top-1')]
    assert rows == [
        (f'{NAME} (runs/agmax)', '–', '16.00 ± 1.41', '10.00 ± 0.00', '2'),
        (f'{NAME} (runs/control)', '–', '30.00', '29.00', '1'),
        (f'{NAME} (runs/plain)', '20.11', '21.00 ± 1.41', '19.00 ± 0.00', '2'),
    ]
    write_overview(runs, tmp_path / 'report', 'x')
    # In the scores and in the comparison.
    assert (tmp_path / 'report' / 'report.md').read_text().count(f'{NAME} (runs/plain) ') == 2


@pytest.mark.parametrize(
    ('options', 'expected'),
    [
        ({}, []),
        ({'train_dataloader.dataset.data_root': '/data', 'train_dataloader.num_workers': 0}, []),
        ({'default_hooks.logger.interval': 7}, []),
        ({CORRECT_LAM: False}, [CORRECT_LAM]),
        # Milestones follow the length.
        ({'train_cfg.max_epochs': 3}, [*MILESTONES, 'train_cfg.max_epochs']),
        ({'train_dataloader.batch_size': 4}, ['total_batch_size']),
        ({'data_preprocessor.batch_augments': None}, None),
        ({'model.init_cfg': []}, ['model.init_cfg']),
    ],
)
def test_options_that_matter(tmp_path, options, expected):
    _write(tmp_path / 'x', options)
    found = other_options(load_run(tmp_path / 'x'))
    if expected is None:  # of a part that is left out each setting is named, and the part
        assert 'data_preprocessor.batch_augments' in found
        assert 'data_preprocessor.batch_augments.probs.0' in found
    else:
        assert found == expected


def test_processes_share_the_recipe_s_batch(tmp_path):
    """Three cannot, but with a batch of their own."""
    _write(tmp_path / 'x', world_size=2)
    assert other_options(load_run(tmp_path / 'x')) == []
    _write(tmp_path / 'y', {'train_dataloader.batch_size': 20}, world_size=3)
    assert other_options(load_run(tmp_path / 'y')) == ['total_batch_size']


def test_where_it_cannot_be_told_there_is_no_figure(tmp_path):
    _write(tmp_path / 'x')
    run, config = load_run(tmp_path / 'x'), tmp_path / 'x' / f'{NAME}.py'
    assert score_table([run]).rows[0][3] == '20.11'
    unknown = [Run('x', run.record), Run('x', {**run.record, 'paper': None}, run.folder)]
    unknown += [Run('x', {**run.record, 'config': name}, run.folder) for name in ('', '..', 'x/../y.py', '*.py')]
    for other in unknown:
        assert not is_its_recipe(other)
    for text in ('model = (', f'model = open({str(tmp_path / "ran")!r}, "w")'):
        config.write_text(text)
        assert not is_its_recipe(run)
    assert not (tmp_path / 'ran').exists()
    config.unlink()
    assert not is_its_recipe(run)
    assert score_table([run]).rows[0][3] == '–'
    assert is_its_recipe(Run.not_run(f'{NAME}.py', run.record['paper']))


def test_a_network_of_one_s_own_that_inherits_a_recipe_shows_no_figure_of_the_paper(tmp_path):
    """Under another name, and under the recipe's own."""
    recipe = ROOT / 'configs' / 'baseline' / 'resnet50_standard_270e.py'
    figure = load_config(str(recipe)).paper
    for name in ('photographs.py', recipe.name):
        own = tmp_path / name
        own.write_text(
            f'_base_ = {str(recipe)!r}\n'
            'model = dict(backbone=dict(depth=18), head=dict(num_classes=3, in_channels=512))\n'
        )
        config = load_config(str(own))
        assert config.paper == figure
        prepare_config(config, world_size=1)
        folder = tmp_path / own.stem
        folder.mkdir()
        (folder / 'result.json').write_text(json.dumps({**record(config=name), 'paper': figure}))
        config.dump(folder / name)
        run = load_run(folder)
        assert not is_its_recipe(run)
        assert score_table([run]).rows == [(own.stem, '–', 'top-1 (%)', '–', '90.00', '91.50', '1')]


@pytest.mark.parametrize(
    'recipe',
    [
        'agmax/wrn40-2_cutmix_aa_200e_cifar10',
        'cutmix/resnet50_cutmix_300e',
        'detection/mask-rcnn_r50_fpn_1x_coco',
        'demo/pretrain_agmax',
    ],
)
def test_every_kind_of_recipe_is_itself(tmp_path, recipe):
    """With another seed, other workers and the data elsewhere, on several processes."""
    path = ROOT / 'configs' / f'{recipe}.py'
    config = load_config(str(path), {'train_dataloader.num_workers': 1})
    prepare_config(config, world_size=2)
    config.randomness = dict(config.get('randomness', {}), seed=7)
    config.work_dir, config.resume = str(tmp_path), True
    config.load_from = str(tmp_path / 'epoch_1.pth')
    config.dump(tmp_path / path.name)
    run = Run('x', {**record(config=path.name), 'paper': config.to_dict().get('paper')}, tmp_path)
    assert other_options(run) == []
    config.resume = False
    config.dump(tmp_path / path.name)
    assert other_options(run) == ['load_from']


def test_settings_that_differ_between_runs(tmp_path):
    """Whatever the recipe is."""
    _write(tmp_path / 'a')
    _write(tmp_path / 'b', {CORRECT_LAM: False, 'train_cfg.max_epochs': 3}, seed=5)
    runs = [load_run(tmp_path / name) for name in 'ab'] + [Run('c', record())]
    assert differing_settings(runs) == {
        CORRECT_LAM: ['–', 'False', '?'],
        'train_cfg.max_epochs': ['300', '3', '?'],
        MILESTONES[0]: ['150', '2', '?'],
        MILESTONES[1]: ['225', '2', '?'],
    }


def test_records_without_a_hash_go_by_their_name():
    first, second = Run('a', record()), Run('b', record(seed=1))
    assert repeats([first, second]) == [[first, second]]
    second.record['config_sha256'] = 'another'
    assert group_names(repeats([first, second])) == ['wrn (a)', 'wrn (b)']


def test_names_of_groups_differ(tmp_path):
    """By the folder that runs share, the first run, or where on the disk that is."""
    groups = [[Run('w/a', record()), Run('w/b', record())], [Run('w/c', record())], [Run('v', record(config='v.py'))]]
    assert group_names(groups) == ['wrn (w)', 'wrn (w/c)', 'v']
    groups[1] = [Run('w/c', record()), Run('w/d', record())]
    assert group_names(groups) == ['wrn (w/a)', 'wrn (w/c)', 'v']
    twins = [[Run('a', record(), tmp_path / name)] for name in 'xy']
    assert group_names(twins) == [f'wrn ({tmp_path / "x"})', f'wrn ({tmp_path / "y"})']


def test_dumped_configs_are_read_as_they_are(tmp_path):
    """Against the host, which runs them."""
    _write(tmp_path / 'x', AGMAX)
    path = tmp_path / 'x' / f'{NAME}.py'
    assert _flat(read_config_text(path.read_text(), 'here')) == _flat(Config.fromfile(path).to_dict())
    assert len(_flat(read_config_text(path.read_text(), 'here'))) > 50
