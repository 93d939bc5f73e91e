"""A real study: two arms, two seeds, a small network on a few images."""

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from agmax_mm.commands import compare
from agmax_mm.engine.config import load_config, prepare_config
from agmax_mm.engine.launch import train
from agmax_mm.experiments.executors import InProcess
from agmax_mm.experiments.study import read_study
from agmax_mm.experiments.study_runs import check_arms, plan_study, run_study
from agmax_mm.results.options import run_settings
from agmax_mm.results.runs import Run, load_run
from agmax_mm.results.tables import score_table

ROOT = Path(__file__).parents[2]

STUDY = f"""
'''Wide networks.'''
base = {str(ROOT / 'configs/baseline/wrn40-2_standard_200e_cifar10.py')!r}
options = {{
    'model.backbone.depth': 10,
    'model.backbone.widen_factor': 1,
    'model.head.in_channels': 64,
    'train_dataloader.num_workers': 0,
    'val_dataloader.num_workers': 0,
    'total_batch_size': 10,
    'train_cfg.max_epochs': 2,
}}
arms = dict(plain={{}}, rate={{'optim_wrapper.optimizer.lr': 0.01}})
seeds = [3, 5]
"""


def _images(root):
    generator = np.random.default_rng(0)
    for split, count in (('train', 2), ('test', 1)):
        for label in range(10):
            folder = root / split / f'c{label}'
            folder.mkdir(parents=True)
            for index in range(count):
                cv2.imwrite(str(folder / f'{index}.png'), generator.integers(0, 256, (32, 32, 3), dtype=np.uint8))


@pytest.fixture(scope='module')
def ran(tmp_path_factory):
    """The study, once through, in this process: its folder, and how many runs were finished at each report."""
    folder = tmp_path_factory.mktemp('study')
    _images(folder / 'data')
    (folder / 'wide.py').write_text(STUDY)
    study = read_study(folder / 'wide.py').part(data_root=str(folder / 'data'))
    counts = []
    run_study(study, folder / 'runs', lambda runs: counts.append(len(runs)), executor=InProcess())
    return study, folder / 'runs', counts


def _weights(folder):
    return torch.load(folder / 'epoch_2.pth', weights_only=False)['state_dict']


def _equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_settings_of_a_real_run_are_those_of_its_config(ran):
    """So that a report can tell whether a run is its recipe."""
    study, runs, *_ = ran
    place = {'train_dataloader.dataset.data_root': study.data_root}
    config = load_config(str(study.base), {**study.options, **place})
    prepare_config(config, world_size=1)
    expected = run_settings(Run.not_run('x.py', None, config.to_dict()))
    assert run_settings(load_run(runs / 'plain' / 'seed_3')) == expected
    assert len(expected) > 50


def test_seeds_take_turns_and_each_run_is_reported(ran):
    study, runs, counts = ran
    titles = [stage.title for stage in plan_study(study, runs)]
    assert titles == ['plain, seed 3', 'rate, seed 3', 'plain, seed 5', 'rate, seed 5']
    assert counts == [0, 1, 2, 3, 4]


def test_a_run_is_the_ordinary_one_whatever_ran_before_it(ran, tmp_path):
    study, runs, _ = ran
    options = {**study.options, **study.arms['rate'], 'train_dataloader.dataset.data_root': study.data_root}
    train(str(study.base), work_dir=str(tmp_path / 'alone'), seed=5, options=options)
    assert _equal(_weights(tmp_path / 'alone'), _weights(runs / 'rate' / 'seed_5'))
    assert not _equal(_weights(runs / 'rate' / 'seed_3'), _weights(runs / 'rate' / 'seed_5'))
    assert not _equal(_weights(runs / 'plain' / 'seed_5'), _weights(runs / 'rate' / 'seed_5'))


def test_finished_runs_are_kept_and_an_interrupted_one_goes_on(ran):
    study, runs, _ = ran
    before = {path: path.stat().st_mtime_ns for path in runs.rglob('result.json')}
    broken = runs / 'plain' / 'seed_5'
    weights, first = _weights(broken), (broken / 'epoch_1.pth').stat().st_mtime_ns
    # As it would be after a kill in the second epoch.
    record = json.loads((broken / 'result.json').read_text())
    (broken / 'result.json').write_text(json.dumps({**record, 'status': 'running'}))
    (broken / 'epoch_2.pth').unlink()
    (broken / 'last_checkpoint').write_text(str(broken / 'epoch_1.pth'))
    counts = []
    finished = run_study(study, runs, lambda runs: counts.append(len(runs)))  # by default a process of its own
    assert counts == [3, 4]
    assert [run.name for run in finished] == ['plain/seed_3', 'rate/seed_3', 'plain/seed_5', 'rate/seed_5']
    assert _equal(_weights(broken), weights)
    assert (broken / 'epoch_1.pth').stat().st_mtime_ns == first
    record = json.loads((broken / 'result.json').read_text())
    assert [point['epoch'] for point in record['history']['val']] == [1, 2]
    changed = {path for path in before if path.stat().st_mtime_ns != before[path]}
    assert changed == {broken / 'result.json'}
    # The general report takes the seeds of an arm together, too.
    assert [(row[0], row[-1]) for row in score_table(finished).rows[::2]] == [('plain', '2'), ('rate', '2')]


def test_another_setup_is_refused_before_anything_runs(ran):
    study, runs, _ = ran
    changed = replace(study, arms={**study.arms, 'rate': {'optim_wrapper.optimizer.lr': 0.02}})
    with pytest.raises(ValueError, match=r'rate: expected the setup .*lr=0\.01.*got .*lr=0\.02'):
        run_study(changed, runs, lambda runs: None)


def _call(*arguments, cwd):
    environment = {**os.environ, 'PYTHONPATH': f'{ROOT}:{os.environ.get("PYTHONPATH", "")}', 'OMP_NUM_THREADS': '1'}
    command = [sys.executable, str(ROOT / 'tools' / 'compare.py'), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=cwd)


def test_command_writes_the_table_of_finished_runs(ran):
    runs = ran[1]
    folder = runs.parent
    out = folder / 'out' / 'table.md'
    done = _call('wide.py', '--data-root', folder / 'data', '--work-dir', runs, '--out', out, cwd=folder)
    assert done.returncode == 0, done.stderr
    files = (out.with_suffix(ending) for ending in ('.html', '.md', '.json'))
    assert done.stdout.splitlines()[-1] == f'wrote {", ".join(map(str, files))}'
    page = out.read_text()
    assert '4 of 4 runs are finished' in page
    assert 'agmax-mm compare wide.py --data-root DIR' in page
    table = json.loads(out.with_suffix('.json').read_text())
    assert str(folder) not in page + json.dumps(table)
    record = json.loads((runs / 'rate' / 'seed_3' / 'result.json').read_text())
    assert table['arms']['rate']['runs']['3']['last'] == record['scores']['last']['accuracy/top1']


def test_mistakes_in_all_arms_are_named_before_anything_runs(ran, tmp_path):
    study = ran[0]
    arms = {
        **study.arms,
        'key': {'optim_wraper.optimizer.lr': 0.01},
        'network': {'model.backbone.depth': 11},
        'hook': {'default_hooks.logger.intervall': 1},
        'optimizer': {'optim_wrapper.optimizer.momentun': 0.9},
        'schedule': {'param_scheduler.T_maks': 2},
        'data': {'val_dataloader.dataset.split': 'vall'},
    }
    with pytest.raises(ValueError, match='key: ') as caught:
        check_arms(replace(study, arms=arms))
    message = str(caught.value)
    for arm, word in zip(list(arms)[2:], ('wraper', 'depth', 'intervall', 'momentun', 'T_maks', 'vall'), strict=True):
        (part,) = [part for part in message.split('; ') if part.startswith(f'{arm}: ')]
        assert word in part
    assert 'plain' not in message


def test_dry_run_of_a_grid_says_what_would_be_run_and_writes_nothing(ran, tmp_path, monkeypatch, capsys):
    """Two depths and two rates: each rate is compared with the first one of its own depth."""
    text = STUDY.replace(
        "arms = dict(plain={}, rate={'optim_wrapper.optimizer.lr': 0.01})",
        "grid = dict(depth=dict(d10={}, d16={'model.backbone.depth': 16}),\n"
        "            rate=dict(usual={}, low={'optim_wrapper.optimizer.lr': 0.01}))",
    )
    (tmp_path / 'grid.py').write_text(text)
    monkeypatch.chdir(tmp_path)
    parser = argparse.ArgumentParser()
    compare.add_arguments(parser)
    compare.main(parser.parse_args(['grid.py', '--data-root', str(ran[1].parent / 'data'), '--dry-run']))
    lines = capsys.readouterr().out.splitlines()[-5:]
    assert [line.split(': ')[0] for line in lines[:4]] == ['d10-usual', 'd10-low', 'd16-usual', 'd16-low']
    compared = [line.partition('compared with ')[2] for line in lines[:4]]
    assert compared == ['', 'd10-usual', '', 'd16-usual']
    counts = [int(line.split()[1].replace(',', '')) for line in lines[:4]]
    assert counts[0] == counts[1] < counts[2] == counts[3]
    assert lines[-1] == '4 arms x 2 seeds = 8 runs'
    assert [path.name for path in tmp_path.iterdir()] == ['grid.py']


def test_help_shows_an_example_and_needs_no_torch(tmp_path):
    (tmp_path / 'torch.py').write_text('raise ImportError("torch was imported")')
    environment = {**os.environ, 'PYTHONPATH': f'{tmp_path}:{ROOT}'}
    command = [sys.executable, str(ROOT / 'tools' / 'compare.py'), '--help']
    output = subprocess.run(command, capture_output=True, text=True, env=environment, check=True).stdout
    assert 'agmax-mm compare benchmarks/studies/mixing.py' in output


def _compare(*arguments):
    parser = argparse.ArgumentParser()
    compare.add_arguments(parser)
    compare.main(parser.parse_args([*map(str, arguments), '--executor', 'same-process']))


@pytest.fixture
def recorded(ran, tmp_path):
    """The finished study's table and records, elsewhere, and its data at another place; no folders of runs."""
    folder = ran[1].parent
    shutil.copytree(folder / 'data', tmp_path / 'elsewhere')
    shutil.copy(folder / 'wide.py', tmp_path)
    _compare(folder / 'wide.py', '--data-root', folder / 'data', '--work-dir', ran[1], '--out', tmp_path / 'first/wide')
    shutil.copytree(tmp_path / 'first', tmp_path / 'second')
    return tmp_path


def _again(folder, *arguments):
    place = ['--data-root', folder / 'elsewhere', '--work-dir', folder / 'runs', '--out', folder / 'second' / 'wide.md']
    _compare(folder / 'wide.py', *place, *arguments)
    return json.loads((folder / 'second' / 'wide.json').read_text())


def _trained(folder):
    return sorted(str(path.parent.relative_to(folder / 'runs')) for path in (folder / 'runs').rglob('result.json'))


def test_a_study_goes_on_from_its_records_alone(recorded, capsys):
    first = json.loads((recorded / 'first' / 'wide.json').read_text())
    records = (recorded / 'first' / 'wide.runs.jsonl').read_text()
    assert _again(recorded) == first
    assert '4 of 4 finished runs are taken from' in capsys.readouterr().out
    assert (recorded / 'second' / 'wide.runs.jsonl').read_text() == records
    assert _trained(recorded) == []
    # Another seed is trained; what is there stays.
    assert list(_again(recorded, '--seeds', '5', '6', '--arms', 'plain')['arms']['plain']['runs']) == ['5', '6']
    assert _trained(recorded) == ['plain/seed_6']
    kept = [json.loads(line)['run'] for line in (recorded / 'second' / 'wide.runs.jsonl').read_text().splitlines()]
    assert kept == ['plain/seed_3', 'plain/seed_5', 'plain/seed_6', 'rate/seed_3', 'rate/seed_5']


def test_records_of_another_setup_are_not_taken(recorded, capsys):
    """Neither of another option of one arm, nor of other data at the place of the first."""
    (recorded / 'wide.py').write_text((recorded / 'wide.py').read_text().replace('0.01', '0.02'))
    table = _again(recorded, '--no-train')
    assert [len(arm['runs']) for arm in table['arms'].values()] == [2, 0]
    _again(recorded, '--seeds', '3')
    assert _trained(recorded) == ['rate/seed_3']
    (recorded / 'elsewhere' / 'train' / 'c3' / '1.png').unlink()
    table = _again(recorded, '--no-train', '--work-dir', recorded / 'others')
    assert [len(arm['runs']) for arm in table['arms'].values()] == [0, 0]
    assert 'taken from' not in capsys.readouterr().out.splitlines()[-2]
