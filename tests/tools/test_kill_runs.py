"""Runs that are killed, stopped or out of disk end as if they had not been: some places of tools/kill_runs.py."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agmax_mm.fileio import RESULT_FILE
from agmax_mm.signals import EXIT_RESUME
from tools.kills.page import read_outcomes, write_page
from tools.kills.places import Places, choose, kind_of
from tools.kills.sameness import differences
from tools.kills.subjects import SUBJECTS, write_data
from tools.kills.trials import Trials

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def trials(tmp_path_factory):
    root = tmp_path_factory.mktemp('kills')
    write_data(root)
    return Trials(SUBJECTS['classification'], root, 'classification')


def test_killed_between_the_last_checkpoint_and_the_end_of_its_validation(trials):
    assert trials.run(trials.kill(trials.last('after metrics')))['differences'] == []
    # The comparison sees what earlier versions left: no last score, and an earlier epoch as the best.
    stopped, whole = (trials.root / f'classification {which}' for which in ('stopped', 'whole'))
    record = json.loads((stopped / RESULT_FILE).read_text())
    assert [point['epoch'] for point in record['history']['val']] == [1, 2, 3, 4]
    record['history']['val'].pop()
    (stopped / RESULT_FILE).write_text(json.dumps(record))
    (stopped / 'best_accuracy_top1_epoch_1.pth').touch()
    (stopped / '.epoch_2.9217.tmp.pth').touch()
    found = differences(stopped, whole)
    assert any('history.val has 3 entries and not 4' in line for line in found)
    assert {line.partition(':')[0] for line in found} >= {'best_accuracy_top1_epoch_1.pth', '.epoch_2.9217.tmp.pth'}


def test_disk_full_where_the_best_checkpoint_is_written(trials):
    assert trials.run(trials.fill_disk('rename to best'))['differences'] == []


def test_stopped_within_an_epoch_with_the_next_step_as_it_would_have_been(trials):
    assert trials.run(trials.stop('SIGUSR1', 'after step'))['differences'] == []
    log = (trials.root / 'classification stopped.log').read_text()
    assert 'SIGUSR1: stopped at step 11; --resume goes on from stopped_iter_11.pth' in log


@pytest.mark.slow
@pytest.mark.parametrize('name', list(SUBJECTS))
def test_at_every_kind_of_place(name, tmp_path):
    write_data(tmp_path)
    trials = Trials(SUBJECTS[name], tmp_path, name)
    outcomes = [trials.run(trial) for trial in trials.all(12)]
    assert [outcome for outcome in outcomes if outcome['differences']] == []


def _launch(root, folder, *options):
    """A training on two processes."""
    command = [sys.executable, '-m', 'agmax_mm.launcher', '--nproc-per-node', '2', '--rdzv-backend', 'c10d']
    command += ['--rdzv-endpoint', 'localhost:0', 'tools/train.py', str(ROOT / 'configs/demo/pretrain_agmax.py')]
    command += ['--launcher', 'pytorch', '--work-dir', str(root / folder), '--seed', '1', '--resume', '--cfg-options']
    command += [f'{key}={value}' for key, value in SUBJECTS['classification'].options.items()]
    command += [f'{split}_dataloader.dataset.data_root={root}/data/digits' for split in ('train', 'val', 'test')]
    with (root / f'{folder}.log').open('a') as log:
        environment = {**os.environ, 'OMP_NUM_THREADS': '1'}
        return subprocess.Popen([*command, *options], cwd=ROOT, env=environment, stdout=log, stderr=log)


@pytest.mark.slow
def test_two_processes_stop_at_the_same_step_and_go_on(tmp_path):
    """Slurm's warning to one of them, then SIGTERM to the launcher: the code says so, and nothing else is different."""
    write_data(tmp_path)
    longer = ('train_dataloader.num_workers=1', 'train_cfg.max_epochs=8')
    assert _launch(tmp_path, 'whole', *longer).wait() == 0
    for epoch, number in ((2, signal.SIGUSR1), (5, signal.SIGTERM)):
        process = _launch(tmp_path, 'stopped', *longer)
        limit = time.monotonic() + 240
        while not (tmp_path / f'stopped/epoch_{epoch}.pth').exists() and time.monotonic() < limit:
            time.sleep(0.01)
        children = Path(f'/proc/{process.pid}/task/{process.pid}/children').read_text().split()
        os.kill(int(children[-1]) if epoch == 2 else process.pid, number)
        assert process.wait() == EXIT_RESUME, (tmp_path / 'stopped.log').read_text()[-2000:]
        assert json.loads((tmp_path / 'stopped' / RESULT_FILE).read_text())['status'] == 'interrupted'
    log = (tmp_path / 'stopped.log').read_text()
    # The first process tells.
    assert [log.count(f'{name}: stopped at step') for name in ('SIGUSR1', 'SIGTERM')] == [1, 1]
    assert _launch(tmp_path, 'stopped', *longer).wait() == 0
    assert differences(tmp_path / 'stopped', tmp_path / 'whole') == []


def test_the_page_counts_what_is_the_same(tmp_path):
    kill = {'subject': 'a', 'kind': 'kill', 'place': 'before step', 'what': 'killed before step #1', 'differences': []}
    outcomes = [kill, {**kill, 'what': 'killed before step #2', 'differences': ['result.json: .status']}]
    write_page(outcomes, tmp_path / 'kills.json')
    assert read_outcomes(tmp_path / 'kills.json') == outcomes
    page = (tmp_path / 'kills.md').read_text()
    assert '| killed (SIGKILL) | 1 of 2 | 1 of 2 |' in page
    assert '- a, killed before step #2: result.json: .status' in page
    assert read_outcomes(tmp_path / 'none.json') == []


def test_places_are_of_every_kind_and_spread():
    places = [f'before step #{n}' for n in range(20)] + [f'after rename to epoch_{n}.pth #0' for n in (1, 2)]
    assert kind_of(places[-1]) == 'after rename to epoch_N.pth'
    assert choose(places, 2) == ['before step #10', 'after rename to epoch_2.pth #0']
    assert choose(places, 4)[-1] == 'after rename to epoch_2.pth #0'
    assert len(choose(places, 9)) == 9
    assert choose(places, 99) == places
    seen = Places()
    for name in ('a', 'b', 'a'):
        seen.at(name)
    assert seen.passed == ['a #0', 'b #0', 'a #1']
