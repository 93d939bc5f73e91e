"""Trainings on two processes from archives and from folders, stopped within an epoch and resumed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.datasets import archive_files

ROOT = Path(__file__).parents[2]
STOP = """
import os, signal
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

@HOOKS.register_module()
class Stop(Hook):
    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter + 1 == int(os.environ.get('STOP', 0)):
            os.kill(os.getpid(), signal.SIGTERM)
"""
RECIPE = f"""
_base_ = '{ROOT}/configs/agmax/regnetx-200mf_cutmix_aa_100e.py'
custom_imports = dict(imports=['stop'])
custom_hooks = [dict(type='Stop')]
model = dict(backbone=dict(_delete_=True, type='agmax_mm.WideResNet', depth=10, widen_factor=1),
             head=dict(in_channels=64, num_classes=3))
image_size = 32
epochs = 2
total_batch_size = 8
train_dataloader = dict(num_workers=1)
val_dataloader = dict(num_workers=0)
"""


def _train(folder, data, work_dir, *options, code=0, stop=0):
    command = [sys.executable, '-m', 'agmax_mm.launcher', '--nproc-per-node', '2', '--rdzv-backend', 'c10d']
    command += ['--rdzv-endpoint', 'localhost:0', str(ROOT / 'tools/train.py'), 'recipe.py', '--launcher', 'pytorch']
    command += ['--seed', '0', '--data', str(data), '--work-dir', work_dir, *options]
    environment = {'PYTHONPATH': f'{ROOT}{os.pathsep}{folder}', 'OMP_NUM_THREADS': '1', 'STOP': str(stop)}
    done = subprocess.run(command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True)
    assert done.returncode == code, f'{done.stdout[-3000:]}{done.stderr[-3000:]}'
    checkpoint = folder / work_dir / 'epoch_2.pth'
    return None if code else torch.load(checkpoint, weights_only=False)['state_dict']


@pytest.mark.slow
def test_a_stopped_run_from_an_archive_ends_with_the_weights_of_the_folder_s(tmp_path):
    """Epochs of 5 steps; the run from the archive is stopped behind the second one."""
    (tmp_path / 'stop.py').write_text(STOP)
    (tmp_path / 'recipe.py').write_text(RECIPE)
    photos = archive_files.write_folder(tmp_path / 'photos', images=11)
    expected = _train(tmp_path, photos, 'folder')
    (tmp_path / 'packed').mkdir()
    for form in (archive_files.named_tar, archive_files.shards):
        packed = form(photos, tmp_path / 'packed')
        work_dir = form.__name__
        _train(tmp_path, packed, work_dir, code=75, stop=2)
        (stopped,) = (tmp_path / work_dir).glob('stopped_iter_*.pth')
        assert stopped.stem in ('stopped_iter_2', 'stopped_iter_3')  # the processes agree on a step
        weights = _train(tmp_path, packed, work_dir, '--resume')
        assert weights.keys() == expected.keys()
        for name, value in expected.items():
            assert torch.equal(weights[name], value), name
