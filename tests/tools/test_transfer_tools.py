"""The two commands, as a person calls them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torchvision

from agmax_mm.checkpoints.formats import FORMATS
from agmax_mm.transfer.backbone import read_backbone

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize('tool', ['export_backbone.py', 'transfer.py'])
def test_help_shows_an_example_and_needs_no_torch(tool, tmp_path):
    (tmp_path / 'torch.py').write_text('raise ImportError("torch was imported")')
    environment = {**os.environ, 'PYTHONPATH': f'{tmp_path}:{ROOT}'}
    call = [sys.executable, str(ROOT / 'tools' / tool), '--help']
    output = subprocess.run(call, capture_output=True, text=True, env=environment, check=True).stdout
    assert 'example:' in output
    assert f'agmax-mm {tool.partition("_")[0].removesuffix(".py")} ' in output


def test_help_knows_the_formats_there_are(command):
    output = command('export', '--help').stdout
    choices = output.split('--from {')[1].split('}')[0]
    assert choices.split(',') == ['auto', *FORMATS]


def test_export_writes_the_file_and_says_what_is_in_it(command, tmp_path):
    torch.save(torchvision.models.resnet18().state_dict(), tmp_path / 'r.pth')
    done = command('export', tmp_path / 'r.pth', tmp_path / 'b.safetensors')
    assert done.returncode == 0, done.stderr
    assert 'ResNet depth 18, 120 tensors' in done.stdout
    assert 'assumed for this format' in done.stdout
    assert len(read_backbone(tmp_path / 'b.safetensors').tensors) == 120


def test_truncated_checkpoint_ends_in_one_line(command, tmp_path):
    torch.save(torchvision.models.resnet18().state_dict(), tmp_path / 'r.pth')
    (tmp_path / 'r.pth').write_bytes((tmp_path / 'r.pth').read_bytes()[:5000])
    done = command('export', tmp_path / 'r.pth', tmp_path / 'b.safetensors')
    assert done.returncode == 1
    line = done.stderr.splitlines()[-1]
    assert 'Traceback' not in done.stderr
    assert line.startswith('error: checkpoint ')
    assert 'r.pth' in line
    assert sorted(path.name for path in tmp_path.iterdir()) == ['r.pth']


def test_transfer_without_data_ends_in_one_line(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(torchvision.models.resnet18().state_dict(), tmp_path / 'r.pth')
    done = command('transfer', '--backbone', 'r.pth', '--task', 'voc', '--data-root', 'nowhere')
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "error: data root: expected a folder with VOC2007 in it, got 'nowhere'"
    assert 'Traceback' not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ['r.pth']


def test_transfer_from_nothing_is_not_begun_by_forgetting_the_backbone(command):
    done = command('transfer', '--task', 'voc', '--data-root', 'nowhere')
    assert done.returncode == 1
    assert done.stderr == 'error: --backbone: expected checkpoints, or --finetune scratch, got neither\n'
