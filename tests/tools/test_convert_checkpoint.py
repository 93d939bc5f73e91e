"""The command, as a person calls it, and what it calls."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from agmax_mm.checkpoints.authors import to_agmax_mm
from agmax_mm.checkpoints.convert import convert_file
from agmax_mm.fileio import load_checkpoint_file
from agmax_mm.transfer.backbone import read_backbone
from tests.checkpoints import authors_reference as reference
from tests.checkpoints.states import flat_state

ROOT = Path(__file__).parents[2]


@pytest.fixture
def state(generator):
    return reference.authors_state('WideResNet40-2', generator, hidden=6)


def test_help_shows_an_example_and_needs_no_torch(tmp_path):
    (tmp_path / 'torch.py').write_text('raise ImportError("torch was imported")')
    environment = {**os.environ, 'PYTHONPATH': f'{tmp_path}:{ROOT}'}
    call = [sys.executable, str(ROOT / 'tools/convert_checkpoint.py'), '--help']
    done = subprocess.run(call, capture_output=True, text=True, env=environment, check=True)
    assert 'example:\n  agmax-mm convert ' in done.stdout


def test_there_and_back(state, command, tmp_path):
    torch.save(reference.authors_checkpoint(state), tmp_path / 'their.pth')
    done = command('convert', tmp_path / 'their.pth', tmp_path / 'own.pth')
    assert done.returncode == 0, done.stderr
    assert done.stdout == f'wrote {tmp_path}/own.pth: {len(state)} tensors, with pair head\n'
    own = load_checkpoint_file(tmp_path / 'own.pth')
    expected = to_agmax_mm(flat_state(state))
    assert all(torch.equal(value, expected[key]) for key, value in own['state_dict'].items())
    note = own['meta']['agmax_mm']
    assert note['converted']['from'] == 'their.pth'
    assert len(note['converted']['sha256']) == 64
    # The converted file goes on as one of this package's does.
    backbone = read_backbone(tmp_path / 'own.pth')
    assert backbone.info['format'] == 'openmmlab'
    assert backbone.contract == note['contract']

    convert_file(tmp_path / 'own.pth', tmp_path / 'back.pth', 'authors')
    back = load_checkpoint_file(tmp_path / 'back.pth')['model_state_dict']
    assert list(back) == list(state)
    assert all(torch.equal(back[key], value) for key, value in state.items())


def test_mistakes_write_nothing(state, tmp_path):
    their, own, out = (tmp_path / name for name in ('their.pth', 'own.pth', 'out.pth'))
    torch.save({'model_state_dict': state}, their)
    torch.save({'state_dict': to_agmax_mm(flat_state(state))}, own)
    before = sorted(tmp_path.iterdir())
    for arguments, text in [
        ((own, out), "own.pth': expected one of the AgMax or CutMix authors', torchvision's or timm's, got another"),
        ((their, out, 'authors'), "their.pth': expected one of this package, got the AgMax authors'"),
        ((their, tmp_path / 'out.safetensors'), 'expected a name ending in .pth'),
    ]:
        with pytest.raises(ValueError, match=text):
            convert_file(*arguments)
    assert sorted(tmp_path.iterdir()) == before


def test_files_that_hold_more_than_weights_are_refused(state, tmp_path):
    torch.save({'model_state_dict': state, 'args': Path('x')}, tmp_path / 'their.pth')
    with pytest.raises(ValueError, match="their.pth': expected tensors and plain values only"):
        convert_file(tmp_path / 'their.pth', tmp_path / 'out.pth')
    assert not (tmp_path / 'out.pth').exists()
