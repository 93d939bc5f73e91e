"""The installer: when it has nothing to do, what it shows, and how it fails."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.pins import CONSTRAINTS, PINS
from tools.install import REQUIREMENTS, VENV, Installer
from tools.install_machine import ROOT, InstallError, check_compiler, check_python
from tools.install_progress import Progress, describe, explain
from tools.install_stamp import CHOICES, DEFAULT, Choice, Stamp, last_choice


@pytest.fixture
def installed(tmp_path):
    """An installer whose environment is a stand-in with two distributions and a file for mmcv's operators."""
    shutil.copytree(ROOT / 'requirements', tmp_path / 'requirements')
    installer = Installer(tmp_path / '.venv', requirements=tmp_path / 'requirements')
    for name in ('torch-2.12.1', 'onedl_mmcv-2.3.6', 'unpinned-1.0'):
        folder = installer.site / f'{name}.dist-info'
        folder.mkdir(parents=True)
        (folder / 'INSTALLER').write_text('pip')
    (installer.site / 'mmcv').mkdir()
    (installer.site / 'mmcv' / '_ext.cpython-311.so').write_bytes(b'operators')
    installer.python.parent.mkdir()
    installer.python.write_text('')
    (installer.venv / 'pyvenv.cfg').write_text('version = 3.11.7\n')
    installer.stamp.write_complete()
    return installer


def test_nothing_to_do_after_a_complete_run(installed):
    assert installed.stamp.evidence() == [
        '_ext.cpython-311.so 9',
        'onedl_mmcv-2.3.6.dist-info',
        'torch-2.12.1.dist-info',
    ]
    assert installed.stamp.is_current()
    shutil.rmtree(installed.site / 'unpinned-1.0.dist-info')
    assert installed.stamp.is_current(), "a person's own packages are their own affair"


def test_interrupted_run_is_not_complete(installed):
    installed.stamp.path.unlink()
    assert not installed.stamp.is_current()
    installed.stamp.path.write_text('{"key": "')
    assert not installed.stamp.is_current()
    installed.stamp.write_begun()
    assert not installed.stamp.is_current()


def test_removed_environment_or_python_is_not_complete(installed):
    installed.python.unlink()
    assert not installed.stamp.is_current()
    shutil.rmtree(installed.venv)
    assert not installed.stamp.is_current()


def test_changed_pins_are_not_complete(installed):
    with open(installed.requirements / 'constraints.txt', 'a') as file:
        file.write('another==1.0\n')
    assert not installed.stamp.is_current()


def test_another_python_is_not_complete(installed):
    (installed.venv / 'pyvenv.cfg').write_text('version = 3.11.9\n')
    assert not installed.stamp.is_current()


@pytest.mark.parametrize(('name', 'value'), [(name, values[1]) for name, values in CHOICES.items()])
def test_another_choice_is_not_complete_and_is_remembered(installed, name, value):
    other = Choice(**{name: value})
    stamp = Stamp(installed.venv, other, installed.requirements)
    assert not stamp.is_current()
    assert last_choice(installed.venv) == DEFAULT
    # Also where the installation does not come to its end, it is gone on with as it was begun.
    stamp.write_begun()
    assert last_choice(installed.venv) == other
    assert not stamp.is_current()


def test_choice_of_a_new_environment_and_of_an_older_stamp(installed, tmp_path):
    assert last_choice(tmp_path / 'nothing') == DEFAULT
    installed.stamp.path.write_text('{"key": "x", "evidence": []}')
    assert last_choice(installed.venv) == DEFAULT


def test_moved_environment_is_not_complete(installed, tmp_path):
    shutil.copytree(installed.venv, tmp_path / 'moved')
    assert not Stamp(tmp_path / 'moved', DEFAULT, installed.requirements).is_current()


def test_other_operators_or_version_are_not_complete(installed):
    operators = installed.site / 'mmcv' / '_ext.cpython-311.so'
    operators.unlink()
    assert not installed.stamp.is_current()
    operators.write_bytes(b'operators')
    assert installed.stamp.is_current()
    (installed.site / 'torch-2.12.1.dist-info').rename(installed.site / 'torch-2.14.1.dist-info')
    assert not installed.stamp.is_current()


def test_what_a_killed_pip_left_is_removed(installed):
    shutil.rmtree(installed.venv)
    venv.create(installed.venv, with_pip=False, symlinks=True)
    (installed.site / '~orch').mkdir()
    (installed.site / 'torch-2.12.1.dist-info').mkdir()
    (installed.site / 'pip').mkdir()
    installed.make_venv()
    left = {path.name.split('-')[0] for path in installed.site.iterdir()}
    assert 'pip' in left
    assert not left & {'~orch', 'torch'}
    assert subprocess.run([installed.python, '-m', 'pip', '--version'], capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ('line', 'expected'),
    [
        ('  [42/78] c++ -MMD -MF /tmp/x/active_rotated_filter.o.d\n', 'file 42 of 78'),
        ('Progress 104857600 of 870000000\n', '105 of 870 MB'),
        (
            '  Downloading torch-2.12.1-cp311-cp311-manylinux_2_28_x86_64.whl (870 MB)\n',
            'downloading torch-2.12.1-cp311-',
        ),
        ('Processing /opt/x.whl\n', None),
        ('  adding mmcv/x.py\n', None),
    ],
)
def test_progress_of_a_line(line, expected):
    assert expected == describe(line) if expected is None else describe(line).startswith(expected)


def test_progress_is_visible_and_the_log_complete(tmp_path, capfd):
    script = 'print("noise"); print("  [1/2] c++ a"); print("Progress 1 of 9"); print("  [2/2] c++ b"); exit(3)'
    code, output = Progress('step', tmp_path / 'log').follow([sys.executable, '-c', script], os.environ)
    assert (code, output.splitlines()) == (3, ['noise', '  [1/2] c++ a', '  [2/2] c++ b'])
    shown = [re.sub(r'\d+:\d\d', 'T', line) for line in capfd.readouterr().out.splitlines()]
    assert shown == ['step: T', 'step: T  file 1 of 2', 'step: T  file 2 of 2', 'step: T  failed']
    assert (tmp_path / 'log').read_text().endswith(output)


@pytest.mark.parametrize(
    ('output', 'expected'),
    [
        ("OSError: [Errno 28] No space left on device: '/x'", 'the disk is full'),
        ("NewConnectionError('[Errno -3] Temporary failure in name resolution')\nERROR: No matching", 'no network'),
        ('x.cpp:1:10: fatal error: Python.h: No such file or directory', "Python's header files"),
        ('one\nERROR: could not do it\ntwo', 'ERROR: could not do it'),
        ('one\ntwo\n', 'two'),
        ('', 'it ended without a word'),
    ],
)
def test_failures_are_explained_in_one_line(output, expected):
    assert explain(output).startswith(expected)
    assert '\n' not in explain(output)


def test_full_disk_is_noticed_beforehand(tmp_path, monkeypatch):
    monkeypatch.setattr('shutil.disk_usage', lambda path: SimpleNamespace(free=3e9))
    with pytest.raises(InstallError, match=r'not enough disk space in .*: need 8 GB, 3\.0 GB are free'):
        Installer(tmp_path / '.venv').check_disk()


def test_missing_compiler_is_named(monkeypatch):
    monkeypatch.setenv('PATH', '/nowhere')
    monkeypatch.delenv('CXX', raising=False)
    with pytest.raises(InstallError, match=r'no C\+\+ compiler .*OPERATORS=stand-ins'):
        check_compiler()
    monkeypatch.setenv('CXX', shlex.quote(sys.executable))
    check_compiler()


class Rehearsal(Installer):
    """Installs mmcv from a stand-in for pip, because a real build takes a quarter of an hour."""

    def __init__(self, errors: list[str | None], output: str = '', **choice: str) -> None:
        super().__init__(choice=Choice(**choice))
        self.errors, self.output, self.calls = errors, output, []

    def pip(self, title, *arguments, early=False, environment=None):
        self.calls.append(arguments)
        return self.output

    def operators_error(self, compiled=False):
        assert compiled == (self.choice.operators == 'compiled')
        return self.errors.pop(0)


def test_operators_from_the_cache_that_do_not_work_are_compiled_anew(capsys):
    output = 'Using cached onedl_mmcv-2.3.6-py3-none-any.whl'
    rehearsal = Rehearsal(['missing', 'missing', None], output, operators='compiled')
    rehearsal.install_mmcv()
    first, second = rehearsal.calls
    assert {'--no-build-isolation', '--force-reinstall', 'onedl-mmcv'} <= set(first)
    assert '--no-cache-dir' not in first
    assert {'--no-build-isolation', '--force-reinstall', '--no-cache-dir', '--no-binary'} <= set(second)
    assert 'compiling it anew' in capsys.readouterr().out


def test_operators_just_compiled_that_do_not_work_are_an_error():
    rehearsal = Rehearsal(['missing', 'ArithmeticError: nms'], 'Building wheel for onedl-mmcv', operators='compiled')
    with pytest.raises(InstallError, match='do not work: ArithmeticError: nms'):
        rehearsal.install_mmcv()
    assert len(rehearsal.calls) == 1


@pytest.mark.parametrize('operators', CHOICES['operators'])
def test_working_operators_are_left_alone(operators):
    rehearsal = Rehearsal([None], operators=operators)
    rehearsal.install_mmcv()
    assert rehearsal.calls == []


def test_without_a_compiler_mmcv_is_built_apart_from_torch_and_kept_out_of_the_cache():
    rehearsal = Rehearsal(['missing', None])
    rehearsal.install_mmcv()
    (call,) = rehearsal.calls
    assert '--no-cache-dir' in call
    assert '--no-build-isolation' not in call
    with pytest.raises(InstallError, match='the operators do not work: ArithmeticError: nms'):
        Rehearsal(['missing', 'ArithmeticError: nms']).install_mmcv()


def test_the_systems_torch_takes_the_place_of_the_pinned_one(tmp_path):
    venv.create(tmp_path / '.venv', with_pip=False, symlinks=True)
    installer = Installer(tmp_path / '.venv', Choice(torch='system'))
    with pytest.raises(InstallError, match=r'TORCH=system: expected torch and torchvision in .*, got no torch'):
        installer.constraints()
    for name, version in (('torch', '2.11.0+cu130'), ('torchvision', '0.26.0+cu130')):
        folder = installer.site / f'{name}-{version}.dist-info'
        folder.mkdir()
        (folder / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n')
    lines = Path(installer.constraints()).read_text().splitlines()
    assert {line for line in lines if re.match('torch(vision)?==', line)} == {'torch==2.11.0', 'torchvision==0.26.0'}
    assert f'numpy=={PINS["numpy"]}' in lines


def test_compiled_operators_take_a_torch_that_they_compile_with(tmp_path):
    (tmp_path / '.venv').mkdir()
    lines = Path(Installer(tmp_path / '.venv', Choice(operators='compiled')).constraints()).read_text().splitlines()
    changed = set(lines) ^ set(CONSTRAINTS.splitlines())
    assert changed == {
        *('torch==2.12.1', 'torchvision==0.27.1'),
        *(f'torch=={PINS["torch"]}', f'torchvision=={PINS["torchvision"]}'),
    }


def test_an_environment_that_sees_another_torch_is_made_anew(installed):
    shutil.rmtree(installed.venv)
    venv.create(installed.venv, with_pip=False, symlinks=True)
    (installed.venv / 'of_the_old_one').write_text('')
    installer = Installer(installed.venv, Choice(torch='system'), installed.requirements)
    installer.make_venv()
    assert 'include-system-site-packages = true' in (installed.venv / 'pyvenv.cfg').read_text()
    assert not (installed.venv / 'of_the_old_one').exists()
    (installed.venv / 'of_the_new_one').write_text('')
    installer.make_venv()
    assert (installed.venv / 'of_the_new_one').exists()


@pytest.mark.skipif(sys.prefix == sys.base_prefix, reason='these tests run in no virtual environment')
@pytest.mark.parametrize('torch', ['system', 'pinned'])
def test_the_torch_of_a_virtual_environment_is_seen(torch, installed):
    """Images bring torch in a virtual environment of their own, below whose Python there is none."""
    shutil.rmtree(installed.venv)
    installer = Installer(installed.venv, Choice(torch=torch), installed.requirements)
    installer.make_venv()
    ask = 'import pytest; print(pytest.__file__)'
    seen = subprocess.run([str(installer.python), '-c', ask], capture_output=True, text=True)
    assert seen.stdout.strip() == (pytest.__file__ if torch == 'system' else '')


def test_another_python_is_refused(monkeypatch):
    monkeypatch.setattr(sys, 'version_info', (3, 10, 1))
    with pytest.raises(InstallError, match=r'expected Python 3\.11 to 3\.13, got'):
        check_python()


def test_make_names_a_missing_python():
    done = subprocess.run(['make', 'install', 'PYTHON=no-such-python'], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert done.stderr.startswith('error: no no-such-python here: install Python 3.11 or newer')


def test_second_run_does_nothing():
    if not Stamp(VENV, last_choice(VENV), REQUIREMENTS).is_current():
        pytest.skip('this environment was not made by make')
    command = ['make', '--no-print-directory', 'install', f'PYTHON={sys.executable}']
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, ''), 'expected no work, and no word of it'
