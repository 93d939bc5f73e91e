"""The doctor on real environments: this one, an empty one, and one whose libraries crash."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from agmax_mm.doctor import diagnose, read_environment
from agmax_mm.doctor.environment import normalised, release
from agmax_mm.doctor.probes import Probe, run_probes

ROOT = Path(__file__).resolve().parents[1]


def test_a_crash_costs_one_trial(tmp_path):
    """Trials run in a process of their own: one that dies is reported and the others still run."""
    (tmp_path / 'torchvision.py').write_text('import os; os._exit(3)')
    (tmp_path / 'cv2.py').write_text('print("noise"); raise SystemExit("x")')
    (tmp_path / 'mmengine.py').write_text('print("{not json"); __version__ = "9"')
    launcher = tmp_path / 'python'
    launcher.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(tmp_path))} exec {shlex.quote(sys.executable)} "$@"\n')
    launcher.chmod(0o755)
    found = run_probes(('torchvision', 'cv2', 'mmengine'), str(launcher))
    assert found == {
        'torchvision': Probe(False, 'crashed: the process ended with code 3'),
        'cv2': Probe(False, 'SystemExit: x'),
        'mmengine': Probe(True, facts={'version': '9'}),
    }


def test_speaks_where_nothing_is_installed(tmp_path):
    venv.create(tmp_path / 'bare', with_pip=False, symlinks=True)
    python = tmp_path / 'bare' / 'bin' / 'python'
    # Libraries on PYTHONPATH would be found in the bare environment, too.
    env = {name: value for name, value in os.environ.items() if name != 'PYTHONPATH'}
    done = subprocess.run([python, '-m', 'agmax_mm', 'doctor'], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == ''
    assert re.search(r'^classification +broken\ndetection +not installed$', done.stdout, re.MULTILINE)
    assert re.search(rf'error: not installed: torch, .*\n  fix: {python} -m pip install torch==', done.stdout)


def test_this_environment_is_healthy():
    env = read_environment()
    diagnosis = diagnose(env)
    assert [finding.problem for finding in diagnosis.findings if finding.level == 'error'] == []
    assert diagnosis.classification == 'works'
    assert env.probes['torch'].facts['version'].startswith(env.distributions['torch'])


@pytest.mark.parametrize(
    ('arguments', 'expected'), [(['--version'], r'agmax_mm \d'), (['doctor', '--help'], 'example:\n')]
)
def test_command_line(arguments, expected):
    done = subprocess.run([sys.executable, '-m', 'agmax_mm', *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0
    assert re.search(expected, done.stdout)


def test_small_helpers():
    assert release('2.12.1+cu130') == (2, 12, 1)
    assert release('dev') == ()
    assert normalised('Foo_Bar.baz') == 'foo-bar-baz'
