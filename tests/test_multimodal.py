"""The host can be imported beside a transformers that is too new for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = """
import sys
if sys.argv[1] == 'with':
    import agmax_mm
import mmpretrain.datasets, mmpretrain.models
from mmpretrain.registry import MODELS
print(MODELS.get('Blip2Caption').__name__)
"""


def imported(folder, version, package):
    """Import the host beside transformers of a version, which lacks all names that the host asks for."""
    (folder / 'transformers').mkdir()
    (folder / 'transformers' / '__init__.py').write_text('')
    (folder / f'transformers-{version}.dist-info').mkdir()
    metadata = f'Metadata-Version: 2.1\nName: transformers\nVersion: {version}\n'
    (folder / f'transformers-{version}.dist-info' / 'METADATA').write_text(metadata)
    settings = {**os.environ, 'PYTHONPATH': os.pathsep.join([str(folder), str(ROOT)])}
    return subprocess.run([sys.executable, '-c', SCRIPT, package], env=settings, capture_output=True, text=True)


def test_too_new(tmp_path):
    done = imported(tmp_path, '5.0.0', 'with')
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == 'ask_install'  # the host's own placeholder


@pytest.mark.parametrize(('version', 'package'), [('5.0.0', 'without'), ('4.57.0', 'with')])
def test_the_host_alone_fails_and_older_ones_are_left_to_it(version, package, tmp_path):
    done = imported(tmp_path, version, package)
    assert done.returncode != 0
    assert 'transformers' in done.stderr
