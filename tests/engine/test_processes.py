"""Trainings on two real processes of which one ends or hangs, and what the restarts of torchrun make of them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
HOOKS = """
import os, signal, time
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

@HOOKS.register_module()
class Fault(Hook):
    def __init__(self, what, rank=1, step=5):
        self.what, self.rank, self.step = what, rank, step

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        first = os.environ.get('TORCHELASTIC_RESTART_COUNT', '0') == '0'
        if first and (runner.rank, runner.iter) == (self.rank, self.step):
            if self.what == 'killed':
                os.kill(os.getpid(), signal.SIGKILL)
            if self.what == 'stopped':
                os.kill(os.getpid(), signal.SIGSTOP)
            if self.what == 'asleep':
                time.sleep(600)
            if self.what == 'raises':
                raise ValueError('photo.jpg: expected an image, got text')

@HOOKS.register_module()
class Patient(Hook):
    def before_val(self, runner):
        if runner.rank == 0:
            time.sleep(12)
"""
RECIPE = f"""
_base_ = '{ROOT}/configs/agmax/wrn40-2_standard_200e_cifar10.py'
custom_imports = dict(imports=['faults'])
custom_hooks = [dict(type='Fault', what='none')]
model = dict(backbone=dict(depth=10, widen_factor=1), head=dict(in_channels=64))
train_dataloader = dict(num_workers=0, dataset=dict(data_root='data'))
val_dataloader = dict(num_workers=0, dataset=dict(data_root='data'))
test_dataloader = val_dataloader
total_batch_size = 10
train_cfg = dict(max_epochs=3)
"""


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """A recipe of 3 epochs of 4 steps of 10 images, and a hook that goes wrong in the second epoch."""
    folder = tmp_path_factory.mktemp('processes')
    (folder / 'faults.py').write_text(HOOKS)
    (folder / 'recipe.py').write_text(RECIPE)
    generator = np.random.default_rng(0)
    for split, images in (('train', 4), ('test', 1)):
        for name in 'abcdefghij':
            (folder / 'data' / split / name).mkdir(parents=True)
            for index in range(images):
                path = folder / 'data' / split / name / f'{index}.png'
                cv2.imwrite(str(path), generator.integers(0, 255, (32, 32, 3), dtype=np.uint8))
    return folder


def start(place, work_dir, *options, launcher=('--rdzv-endpoint', 'localhost:0'), processes=2):
    """A training in the background; its output goes to ``<work_dir>.txt``."""
    command = [sys.executable, '-m', 'agmax_mm.launcher', '--nproc-per-node', str(processes), '--rdzv-backend', 'c10d']
    command += [*launcher, str(ROOT / 'tools/train.py'), 'recipe.py', '--launcher', 'pytorch', '--seed', '0']
    command += ['--work-dir', work_dir, *(['--cfg-options', *options] if options else [])]
    with open(place / f'{work_dir}.txt', 'ab') as out:
        environment = {**os.environ, 'PYTHONPATH': f'{ROOT}{os.pathsep}{place}', 'OMP_NUM_THREADS': '1'}
        return subprocess.Popen(command, cwd=place, stdout=out, stderr=subprocess.STDOUT, env=environment)


def errors(place, work_dir):
    lines = (place / f'{work_dir}.txt').read_text().splitlines()
    assert not [line for line in lines if line.startswith(('Traceback', '  File'))]
    return [line for line in lines if line.startswith('error: ')]


def record(place, work_dir):
    return json.loads((place / work_dir / 'result.json').read_text())


@pytest.mark.slow
@pytest.mark.parametrize(
    ('what', 'code', 'line'),
    [
        ('killed', 137, 'error: process 1 was ended by SIGKILL'),
        ('raises', 1, 'error: photo.jpg: expected an image, got text (process 1 of 2)'),
        ('stopped', 1, 'error: process 1 of 2: no sign of life for 10 s, near step 6 of the training'),
        ('asleep', 1, 'error: process 1 of 2: no step for 1'),
    ],
)
def test_one_process_ends_the_other_and_says_why_in_one_line(place, what, code, line):
    process = start(place, what, f'custom_hooks.Fault.what={what}', 'hang_timeout=10')
    assert process.wait(300) == code
    told = errors(place, what)
    assert len(told) == 1
    assert told[0].startswith(line)
    assert (place / what / 'epoch_1.pth').is_file()


@pytest.mark.slow
def test_a_long_validation_of_one_process_is_no_hang(place):
    process = start(place, 'patient', "custom_hooks=[{'type': 'Patient'}]", 'hang_timeout=4', 'epochs=1')
    assert process.wait(300) == 0
    assert record(place, 'patient')['status'] == 'completed'


@pytest.mark.slow
def test_a_restart_goes_on_and_ends_with_the_weights_of_the_uninterrupted_run(place):
    import torch

    launcher = ('--rdzv-endpoint', 'localhost:0', '--max-restarts', '1')
    assert start(place, 'whole').wait(300) == 0
    assert start(place, 'again', 'custom_hooks.Fault.what=killed', launcher=launcher).wait(300) == 0
    assert errors(place, 'again') == []
    assert record(place, 'again')['iterations'] == 12
    assert 'resumed epoch: 1, iter: 4' in (place / 'again.txt').read_text()
    whole, again = (torch.load(place / name / 'epoch_3.pth', weights_only=False) for name in ('whole', 'again'))
    for name, value in whole['state_dict'].items():
        assert torch.equal(value, again['state_dict'][name]), name


@pytest.mark.slow
@pytest.mark.parametrize('batch', ['total', 'per_process'])
def test_a_run_goes_on_with_one_process_of_two(place, batch):
    """Two launchers with a process each, of which one is killed; the other one goes on alone."""
    option = [] if batch == 'total' else ['train_dataloader.batch_size=5']
    port = 29000 + os.getpid() % 900
    launcher = ('--nnodes', '1:2', '--rdzv-id', batch, '--rdzv-endpoint', f'localhost:{port}', '--max-restarts', '3')
    # The first one holds the store, and is the one that stays.
    confs = [f'last_call_timeout=5,join_timeout=120,is_host={int(first)}' for first in (True, False)]
    step = f'custom_hooks.Fault.step={10**6}'
    both = [
        start(place, batch, *option, step, 'epochs=40', launcher=(*launcher, '--rdzv-conf', conf), processes=1)
        for conf in confs
    ]
    limit = time.monotonic() + 200
    while not (place / batch / 'epoch_2.pth').is_file() and time.monotonic() < limit:
        time.sleep(0.05)
    children = subprocess.run(['pgrep', '-P', str(both[1].pid)], capture_output=True, text=True).stdout.split()
    for pid in [str(both[1].pid), *children]:
        os.kill(int(pid), signal.SIGKILL)
    assert both[0].wait(400) == 0
    done = record(place, batch)
    assert done['status'] == 'completed'
    images = {'total': 10, 'per_process': 5}[batch]
    assert [(entry['world_size'], entry['batch']) for entry in done['processes']] == [(2, 10), (1, images)]
    resumed = done['processes'][1]['from_iteration']
    assert resumed >= 8
    assert done['iterations'] == resumed + (160 - resumed) * 10 // images
