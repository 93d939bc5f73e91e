"""Training on a GPU through the commands: plain, mixed precision with channels last, compiled, and NCCL processes."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

pytestmark = pytest.mark.gpu

ROOT = Path(__file__).parents[2]
CONFIG = 'configs/agmax/wrn40-2_cutmix_aa_200e_cifar10.py'


@pytest.fixture
def options(tmp_path):
    """The recipe's options for a small network and a few pictures, for one epoch."""
    generator = np.random.default_rng(0)
    for split in ('train', 'test'):
        for label in range(10):
            folder = tmp_path / 'data' / split / f'class{label}'
            folder.mkdir(parents=True)
            for index in range(4):
                cv2.imwrite(str(folder / f'{index}.png'), generator.integers(0, 255, (32, 32, 3), np.uint8))
    loaders = [f'{name}.num_workers=0' for name in ('train_dataloader', 'val_dataloader', 'test_dataloader')]
    small = ['model.backbone.depth=10', 'model.backbone.widen_factor=1', 'model.head.in_channels=64']
    length = ['train_cfg.max_epochs=1', 'total_batch_size=8']
    return [f'train_dataloader.dataset.data_root={tmp_path / "data"}', *loaders, *small, *length]


def record_of(command, options, work_dir):
    """Train and return the run's record."""
    full = [*command, '--work-dir', str(work_dir), '--seed', '0', '--cfg-options', *options]
    settings = {**os.environ, 'PYTHON': sys.executable, 'PYTHONPATH': str(ROOT)}
    done = subprocess.run(full, cwd=ROOT, env=settings, capture_output=True, text=True)
    assert done.returncode == 0, f'{done.stdout[-2000:]}\n{done.stderr[-3000:]}'
    record = json.loads((work_dir / 'result.json').read_text())
    assert record['status'] == 'completed'
    return record


@pytest.mark.parametrize('more', [[], ['amp=bf16'], ['compile=True'], ['amp=bf16', 'compile=True']])
def test_training(options, more, tmp_path):
    command = [sys.executable, 'tools/train.py', CONFIG]
    record = record_of(command, [*options, *more], tmp_path / 'run')
    assert torch.cuda.get_device_name() in json.dumps(record)
    log = next((tmp_path / 'run').glob('*/vis_data/scalars.json')).read_text()
    losses = [json.loads(line)['loss'] for line in log.splitlines() if '"loss"' in line]
    assert all(map(math.isfinite, losses))
    assert losses


@pytest.mark.parametrize('processes', [1, 2])
def test_nccl_processes(options, processes, tmp_path):
    if torch.cuda.device_count() < processes:
        pytest.skip(f'{processes} GPUs are needed')
    record_of(['tools/dist_train.sh', CONFIG, str(processes)], options, tmp_path / 'run')


def test_nccl_reduces_with_gradient():
    script = (
        'import torch, torch.distributed as dist; from agmax_mm.functional import mutual_information; '
        'dist.init_process_group("nccl", init_method="tcp://127.0.0.1:29631", rank=0, world_size=1); '
        'a, b = (torch.randn(8, 5, device="cuda", requires_grad=True) for _ in range(2)); '
        'mutual_information(a, b, group=dist.group.WORLD).backward(); alone = a.grad.clone(); a.grad = None; '
        'mutual_information(a, b).backward(); torch.testing.assert_close(a.grad, alone); dist.destroy_process_group()'
    )
    done = subprocess.run([sys.executable, '-c', script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
