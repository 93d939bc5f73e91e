"""Make ``.venv``, and install all that the package, its demonstration and its tests need, with exact versions.

The Makefile calls this before everything else, so it is quick when nothing is to do. It needs Python's standard library
alone. An interrupted run goes on where pip left off when it is called again; the full log is ``.venv/install.log``.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.install_progress import Progress, explain

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / 'requirements'
VENV = ROOT / '.venv'
PYTHON_VERSION = (3, 11)
TIERS = ('classification', 'detection')
# Measured: 6 GB installed, and pip unpacks downloads beside it.
FULL_SIZE_GB, UPDATE_SIZE_GB = 8, 1


class InstallError(Exception):
    """Error that a person can fix. The person sees its text as one line."""


class Installer:
    """The installation of one tier into one environment."""

    def __init__(self, venv: Path = VENV, tier: str = 'detection', requirements: Path = REQUIREMENTS) -> None:
        self.venv = venv
        self.tier = tier
        self.requirements = requirements
        self.python = venv / 'bin' / 'python'
        self.site = venv / 'lib' / 'python{}.{}'.format(*PYTHON_VERSION) / 'site-packages'
        self.stamp = venv / 'installed.json'
        self.log = venv / 'install.log'

    # What is there already

    def key(self) -> str:
        """Hash all that decides the contents of the environment: the pins, Python, the platform and the place."""
        settings = self.venv / 'pyvenv.cfg'
        parts = [path.read_bytes() for path in sorted(self.requirements.glob('*.txt'))]
        parts.append(settings.read_bytes() if settings.is_file() else b'')
        # A copied environment still points to the place it was made in.
        parts.append(f'{platform.system()} {platform.machine()} {self.venv.resolve()} {self.tier}'.encode())
        return hashlib.sha256(b'\0'.join(parts)).hexdigest()

    def evidence(self) -> list[str]:
        """List the traces of the pinned distributions: metadata folders, and files that others overwrite."""
        if not self.site.is_dir():
            return []
        pinned = set(re.findall(r'^([\w.-]+)==', (self.requirements / 'constraints.txt').read_text(), re.MULTILINE))
        wanted = {normalised(name) for name in [*pinned, 'agmax_mm']}
        folders = (entry.name for entry in self.site.glob('*.dist-info') if (entry / 'INSTALLER').is_file())
        found = [name for name in folders if normalised(name.split('-')[0]) in wanted]
        compiled = [*self.site.glob('mmcv/_ext*.so'), *self.site.glob('cv2/cv2*.so')]
        return sorted(found + [f'{path.name} {path.stat().st_size}' for path in compiled])

    def is_current(self) -> bool:
        """Return whether an earlier run succeeded and its installation is unchanged."""
        try:
            stamp = json.loads(self.stamp.read_text())
        except (OSError, ValueError):
            return False
        found = self.evidence()
        return bool(found) and stamp == {'key': self.key(), 'evidence': found} and self.python.exists()

    # The steps

    def run(self) -> None:
        """Install what is missing; raise InstallError with one line if that cannot be done."""
        check_python()
        if self.tier == 'detection' and not any(self.site.glob('mmcv/_ext*.so')):
            check_compiler()  # before the minutes that everything else takes
        started = time.monotonic()
        self.stamp.unlink(missing_ok=True)
        self.check_disk()
        self.make_venv()
        print(f'installing into {self.venv.name} (log: {os.path.relpath(self.log)})', flush=True)
        self.pip('build tools', '-r', self.file('build'), early=True)
        self.pip('torch, some GB', '-r', self.file('torch'))
        files = [self.file('classification'), self.file('dev')]
        if self.tier == 'detection':
            files.append(self.file('detection'))
        self.pip('libraries', '--no-build-isolation', *[part for path in files for part in ('-r', path)])
        self.use_headless_cv2()
        self.install_mmcv()
        self.pip('agmax_mm', '--no-deps', '--no-build-isolation', '--editable', str(ROOT))
        self.verify()
        self.stamp.write_text(json.dumps({'key': self.key(), 'evidence': self.evidence()}, indent=1))
        print(f'installed in {time.monotonic() - started:.0f} s', flush=True)

    def file(self, name: str) -> str:
        """Return the path of a file of requirements."""
        return str(self.requirements / f'{name}.txt')

    def check_disk(self) -> None:
        """Refuse an installation that would fill the disk."""
        needed = UPDATE_SIZE_GB if (self.site / 'torch' / 'lib').is_dir() else FULL_SIZE_GB
        free = shutil.disk_usage(self.venv.parent).free / 1e9
        if free < needed:
            raise InstallError(f'not enough disk space in {self.venv.parent}: need {needed} GB, {free:.1f} GB are free')

    def make_venv(self) -> None:
        """Make the environment or repair it; make it anew if it belongs to another version of Python."""
        want = '{}.{}'.format(*PYTHON_VERSION)
        found = capture([self.python, '-c', 'import sys; print("{}.{}".format(*sys.version_info))'])
        for rest in self.site.glob('*'):
            # What a killed pip leaves: folders it was moving away, and distributions it had not finished.
            if rest.name.startswith('~') or (rest.suffix == '.dist-info' and not (rest / 'INSTALLER').is_file()):
                shutil.rmtree(rest, ignore_errors=True)
        if found == want and capture([self.python, '-c', 'import pip._internal.cli.main; print("there")']):
            return
        for rest in [*self.site.glob('pip'), *self.site.glob('pip-*')]:
            shutil.rmtree(rest)
        clear = ['--clear'] if found not in ('', want) else []
        made = subprocess.run([sys.executable, '-m', 'venv', *clear, str(self.venv)], capture_output=True, text=True)
        if made.returncode:
            printed = made.stdout + made.stderr
            hint = f'; on Debian or Ubuntu: apt-get install python{want}-venv' if 'venv' in printed else ''
            raise InstallError(f'cannot make {self.venv.name} with {sys.executable}: {explain(printed)}{hint}')

    def pip(self, title: str, *arguments: str, early: bool = False, environment: dict[str, str] | None = None) -> str:
        """Run ``pip install`` under the constraints, show its progress, and return its output."""
        options = ['--verbose', '--constraint', self.file('constraints'), '--disable-pip-version-check']
        if not early:  # the pip that comes with Python may be too old for this
            options += ['--progress-bar', 'raw']
        command = [str(self.python), '-m', 'pip', 'install', *options, *arguments]
        path = os.pathsep.join([str(self.venv / 'bin'), os.environ.get('PATH', '')])
        process = {**os.environ, 'PATH': path, 'PYTHONUNBUFFERED': '1', **(environment or {})}
        code, output = Progress(title, self.log).follow(command, process)
        if code:
            raise InstallError(f'{title}: {explain(output)} (full log: {os.path.relpath(self.log)})')
        return output

    def use_headless_cv2(self) -> None:
        """Install the headless build of OpenCV over the desktop build, which needs libGL; servers do not have it.

        The libraries ask for both distributions, which write the same folder: the one installed last is imported.
        """
        ask = 'import cv2; print(cv2.version.headless)'
        if capture([self.python, '-c', ask]) != 'True':
            self.pip('OpenCV', '--force-reinstall', '--no-deps', 'opencv-python-headless')

    def install_mmcv(self) -> None:
        """Install mmcv, with its operators for the detection tier, and prove that they work."""
        if self.tier == 'classification':
            # Without torch in the build's own environment no operators are compiled. Kept out of pip's cache, from
            # which a later installation with operators would take it.
            if capture([self.python, '-c', 'import mmcv; print("there")']) != 'there':
                self.pip('mmcv without operators', '--no-deps', '--no-cache-dir', 'onedl-mmcv')
            return
        if self.operators_error() is None:
            return
        environment = self.build_environment()
        print('mmcv comes from the cache of pip or is compiled, which takes 14 minutes on two cores', flush=True)
        title = "mmcv's operators"
        source = ['--no-build-isolation', '--no-deps', '--force-reinstall', 'onedl-mmcv']
        output = self.pip(title, *source, environment=environment)
        error = self.operators_error()
        if error and 'Building wheel for onedl-mmcv' not in output:
            print(f'the mmcv in the cache of pip does not work here ({error}): compiling it anew', flush=True)
            self.pip(title, '--no-cache-dir', '--no-binary', 'onedl-mmcv', *source, environment=environment)
            error = self.operators_error()
        if error:
            raise InstallError(f"mmcv's operators do not work: {error} (full log: {os.path.relpath(self.log)})")

    def operators_error(self) -> str | None:
        """Run mmcv's operators on inputs with known results; return the error, or None."""
        probe = ROOT / 'agmax_mm' / 'doctor' / 'probes.py'
        done = subprocess.run([str(self.python), str(probe), 'operators'], capture_output=True, text=True)
        try:
            result = json.loads(done.stdout)
        except ValueError:
            return f'the trial ended with code {done.returncode}'
        return None if result['ok'] else result['error']

    def build_environment(self) -> dict[str, str]:
        """Return the variables for compiling mmcv: all cores, and the GPU only if its compiler fits torch."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
        environment = {'MAX_JOBS': os.environ.get('MAX_JOBS', str(cores))}
        cuda = capture([self.python, '-c', 'import torch; print(torch.cuda.is_available() and torch.version.cuda)'])
        if cuda not in ('', 'False', 'None'):
            compiler = re.search(r'release (\d+)\.', capture([os.environ.get('CUDACXX', 'nvcc'), '--version']))
            if compiler is None or compiler.group(1) != cuda.split('.')[0]:
                found = f'nvcc {compiler.group(1)}' if compiler else 'no nvcc'
                print(f"there is a GPU, but {found} for torch's CUDA {cuda}: mmcv is compiled for the CPU", flush=True)
                environment['CUDA_VISIBLE_DEVICES'] = ''
        return environment

    def verify(self) -> None:
        """Run the doctor on the new environment."""
        done = subprocess.run([str(self.python), '-m', 'agmax_mm', 'doctor'], cwd=ROOT, capture_output=True, text=True)
        print(done.stdout.strip(), flush=True)
        works = re.search(rf'^{self.tier} +works', done.stdout, re.MULTILINE)
        if done.returncode or not works:
            raise InstallError(f'installed, but something is wrong: {explain(done.stdout + done.stderr)}')


def normalised(name: str) -> str:
    """Return a distribution's name as indexes compare it."""
    return re.sub(r'[-_.]+', '-', name).lower()


def capture(command: list[object]) -> str:
    """Return the output of a command, or nothing if it fails or does not exist."""
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=ROOT)
    except OSError:
        return ''
    return done.stdout.strip() if done.returncode == 0 else ''


def check_python() -> None:
    """Refuse a Python that the pins were not tested with."""
    if sys.version_info[:2] != PYTHON_VERSION:
        want, got = '.'.join(map(str, PYTHON_VERSION)), platform.python_version()
        raise InstallError(f'expected Python {want}, got {got} ({sys.executable}); name another with PYTHON=...')


def check_compiler() -> None:
    """Refuse to compile without a C++ compiler or Python's header files."""
    asked = os.environ.get('CXX')
    candidates = [shlex.split(asked)[0]] if asked else ['c++', 'g++', 'clang++']
    without = 'or install without detection: make install TIER=classification'
    if not any(map(shutil.which, candidates)):
        hint = f'install one (Debian, Ubuntu: apt-get install g++), {without}'
        raise InstallError(f'no C++ compiler (looked for {", ".join(candidates)}), which mmcv needs: {hint}')
    if not Path(sysconfig.get_path('include'), 'Python.h').is_file():
        hint = f'install them (Debian, Ubuntu: apt-get install python3.11-dev), {without}'
        raise InstallError(f'no header files of Python in {sysconfig.get_path("include")}, which mmcv needs: {hint}')


def main() -> int:
    """Parse the command line, install, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, epilog='example: python3.11 tools/install.py')
    parser.add_argument('--tier', choices=TIERS, default=TIERS[-1], help='classification needs no compiler')
    installer = Installer(tier=parser.parse_args().tier)
    # Two installations at once would break each other: the second waits for the first.
    with open(__file__) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            if not installer.is_current():
                installer.run()
        except (InstallError, OSError) as error:
            print(f'error: {error}', file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print('\ninterrupted: the same command goes on from here', file=sys.stderr)
            return 130
    return 0


if __name__ == '__main__':
    sys.exit(main())
