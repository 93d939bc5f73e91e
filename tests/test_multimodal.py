"""The host can be imported beside a transformers that is too new for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agmax_mm import multimodal

ROOT = Path(__file__).parents[1]
SCRIPT = """
import agmax_mm
import mmpretrain.datasets, mmpretrain.models
from mmpretrain.registry import MODELS
print(MODELS.get('Blip2Caption').__name__)
"""


def write_transformers(folder, version):
    """An installation that lacks all names that the host asks for."""
    (folder / 'transformers').mkdir()
    (folder / 'transformers' / '__init__.py').write_text('')
    (folder / f'transformers-{version}.dist-info').mkdir()
    metadata = f'Metadata-Version: 2.1\nName: transformers\nVersion: {version}\n'
    (folder / f'transformers-{version}.dist-info' / 'METADATA').write_text(metadata)


def imported(folder, version):
    """Import the host beside transformers of a version."""
    write_transformers(folder, version)
    settings = {**os.environ, 'PYTHONPATH': os.pathsep.join([str(folder), str(ROOT)])}
    return subprocess.run([sys.executable, '-c', SCRIPT], env=settings, capture_output=True, text=True)


def test_too_new(tmp_path):
    done = imported(tmp_path, '5.0.0')
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == 'ask_install'  # the host's own placeholder


@pytest.mark.parametrize(('version', 'too_new'), [('5.0.0', True), ('10.1', True), ('4.57.0', False), (None, False)])
def test_which_versions_are_too_new(version, too_new, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, 'path', [str(tmp_path)])
    if version:
        write_transformers(tmp_path, version)
    assert multimodal.transformers_too_new() == too_new
