"""Make ``.venv``, and install all that the package, its demonstration and its tests need, with exact versions.

The Makefile calls this before everything else, so it is quick when nothing is to do. It needs Python's standard library
alone, and no compiler unless mmcv's operators are to be compiled. An interrupted run goes on where pip left off when it
is called again; the full log is ``.venv/install.log``. An option that is not given keeps the choice of the environment
that exists.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.install_machine import (
    ROOT,
    InstallError,
    build_environment,
    capture,
    check_compiler,
    check_python,
)
from tools.install_progress import Progress, explain
from tools.install_stamp import CHOICES, DEFAULT, Choice, Stamp, last_choice, site_packages

REQUIREMENTS = ROOT / 'requirements'
VENV = ROOT / '.venv'
# The Python that makes environments, also where one of them runs this file.
BASE: str = getattr(sys, '_base_executable', sys.executable)
# Measured: 6 GB installed, and pip unpacks downloads beside it.
FULL_SIZE_GB, UPDATE_SIZE_GB = 8, 1
# The newest that mmcv's own operators compile with: later headers ask for C++20, and mmcv sets C++17.
COMPILING = {'torch': '2.12.1', 'torchvision': '0.27.1'}


class Installer:
    """The installation of one choice into one environment; from a folder of wheels alone if there is one."""

    def __init__(
        self,
        venv: Path = VENV,
        choice: Choice = DEFAULT,
        requirements: Path = REQUIREMENTS,
        wheels: Path | None = None,
    ) -> None:
        self.venv = venv
        self.choice = choice
        self.requirements = requirements
        self.wheels = wheels
        self.python = venv / 'bin' / 'python'
        self.site = site_packages(venv)
        self.stamp = Stamp(venv, choice, requirements)
        self.log = venv / 'install.log'

    def run(self) -> None:
        """Install what is missing; raise InstallError with one line if that cannot be done."""
        check_python()
        if self.choice.operators == 'compiled' and not any(self.site.glob('mmcv/_ext*.so')):
            check_compiler()  # before the minutes that everything else takes
        started = time.monotonic()
        self.check_disk()
        self.make_venv()
        self.stamp.write_begun()
        print(f'installing into {self.venv.name} (log: {os.path.relpath(self.log)})', flush=True)
        self.pip('build tools', '-r', self.file('build'), early=True)
        if self.choice.torch == 'pinned':
            self.pip('torch, some GB', '-r', self.file('torch'))
        files = [self.file('classification'), self.file('dev')]
        if self.choice.tier == 'detection':
            files.append(self.file('detection'))
        self.pip('libraries', '--no-build-isolation', *[part for path in files for part in ('-r', path)])
        self.use_headless_cv2()
        self.install_mmcv()
        self.pip('agmax_mm', '--no-deps', '--no-build-isolation', '--editable', str(ROOT))
        # An editable installation does not bring the file with which a wheel gives mmcv its operators everywhere.
        shutil.copy(ROOT / 'agmax_mm' / 'operators' / 'agmax_mm.pth', self.site)
        self.verify()
        self.stamp.write_complete()
        print(f'installed in {time.monotonic() - started:.0f} s', flush=True)

    def collect(self, folder: Path) -> None:
        """Fill a folder with wheels of all that is pinned but torch, for a machine without a network.

        It must have the same version of Python and the same platform, and a torch of its own.
        """
        check_python()
        pins = re.findall(r'^[\w.-]+==\S+', (self.requirements / 'constraints.txt').read_text(), re.MULTILINE)
        wanted = [pin for pin in pins if pin.split('==')[0] not in ('torch', 'torchvision')]
        self.check_disk()
        self.make_venv()
        self.run_pip(f'wheels into {folder.name}', 'wheel', '--no-deps', '--no-cache-dir', '-w', str(folder), *wanted)

    def file(self, name: str) -> str:
        """Return the path of a file of requirements."""
        return str(self.requirements / f'{name}.txt')

    def check_disk(self) -> None:
        """Refuse an installation that would fill the disk."""
        needed = UPDATE_SIZE_GB if (self.site / 'torch' / 'lib').is_dir() else FULL_SIZE_GB
        free = shutil.disk_usage(self.venv.parent).free / 1e9
        if free < needed:
            raise InstallError(f'not enough disk space in {self.venv.parent}: need {needed} GB, {free:.1f} GB are free')

    def constraints(self) -> str:
        """Return the file of exact versions, with another torch where the choice needs one."""
        pinned = self.requirements / 'constraints.txt'
        if self.choice.torch == 'pinned' and self.choice.operators != 'compiled':
            return str(pinned)
        text = pinned.read_text()
        for name in ('torch', 'torchvision'):
            version = self.system_version(name) if self.choice.torch == 'system' else COMPILING[name]
            text = re.sub(rf'^{name}==.*$', f'{name}=={version}', text, flags=re.MULTILINE)
        own = self.venv / 'constraints.txt'
        own.write_text(text)
        return str(own)

    def system_version(self, name: str) -> str:
        """Return the version of a distribution that the environment sees in the system's Python."""
        ask = f'import importlib.metadata as m; print(m.version({name!r}).partition("+")[0])'
        version = capture([self.python, '-c', ask])
        if not version:
            raise InstallError(
                f'TORCH=system: expected torch and torchvision in {BASE}, got no {name}; name the '
                'Python that has them with PYTHON=..., or leave TORCH=system away'
            )
        return version

    def make_venv(self) -> None:
        """Make the environment or complete it; make it anew if it belongs to another Python or sees another torch."""
        want = '{}.{}'.format(*sys.version_info)
        found = capture([self.python, '-c', 'import sys; print("{}.{}".format(*sys.version_info))'])
        for rest in self.site.glob('*'):
            # What a killed pip leaves: folders it was moving away, and distributions it had not finished.
            if rest.name.startswith('~') or (rest.suffix == '.dist-info' and not (rest / 'INSTALLER').is_file()):
                shutil.rmtree(rest, ignore_errors=True)
        settings = self.venv / 'pyvenv.cfg'
        system = self.choice.torch == 'system'
        sees = settings.is_file() and 'include-system-site-packages = true' in settings.read_text()
        fits = found == want and sees == system
        if fits:
            self.see_parent()
        if fits and capture([self.python, '-c', 'import pip._internal.cli.main; print("there")']):
            return
        for rest in [*self.site.glob('pip'), *self.site.glob('pip-*')]:
            shutil.rmtree(rest)
        options = [*(['--clear'] if found and not fits else []), *(['--system-site-packages'] if system else [])]
        made = subprocess.run([BASE, '-m', 'venv', *options, str(self.venv)], capture_output=True, text=True)
        if made.returncode:
            printed = made.stdout + made.stderr
            hint = f'; on Debian or Ubuntu: apt-get install python{want}-venv' if 'venv' in printed else ''
            raise InstallError(f'cannot make {self.venv.name} with {BASE}: {explain(printed)}{hint}')
        self.see_parent()

    def see_parent(self) -> None:
        """Let the environment see the packages of the virtual environment that this Python belongs to, if there is one.

        To ``venv`` the system's are those of the Python below, which has no torch where images bring it in such a way.
        """
        parent = Path(sys.prefix)
        if self.choice.torch == 'system' and parent != Path(sys.base_prefix) and parent != self.venv.resolve():
            places = {sysconfig.get_path(name) for name in ('purelib', 'platlib')}
            (self.site / 'parent.pth').write_text('\n'.join(sorted(places)) + '\n')

    def pip(self, title: str, *arguments: str, early: bool = False, environment: dict[str, str] | None = None) -> str:
        """Run ``pip install`` under the constraints, show its progress, and return its output."""
        options = ['--constraint', self.constraints()]
        if not early:  # the pip that comes with Python may be too old for this
            options += ['--progress-bar', 'raw']
        if self.wheels is not None:
            options += ['--no-index', '--find-links', str(self.wheels)]
        return self.run_pip(title, 'install', *options, *arguments, environment=environment)

    def run_pip(self, title: str, verb: str, *arguments: str, environment: dict[str, str] | None = None) -> str:
        """Run a command of pip, show its progress, and return its output."""
        command = [str(self.python), '-m', 'pip', verb, '--verbose', '--disable-pip-version-check', *arguments]
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
        """Install mmcv, and prove that the operators of detection work, from mmcv or from this package."""
        if self.choice.operators == 'compiled':
            self.compile_mmcv()
        elif self.operators_error() is not None:
            # Without torch in the build's own environment no operators are compiled. Kept out of pip's cache, from
            # which a later installation with operators would take it.
            self.pip('mmcv', '--no-deps', '--no-cache-dir', '--force-reinstall', 'onedl-mmcv')
            if self.choice.tier == 'detection' and (error := self.operators_error()):
                raise InstallError(f'the operators do not work: {error} (full log: {os.path.relpath(self.log)})')

    def compile_mmcv(self) -> None:
        """Install mmcv with its own operators, and prove that they work."""
        if self.operators_error(compiled=True) is None:
            return
        environment = build_environment(self.python)
        print('mmcv comes from the cache of pip or is compiled, which takes 14 minutes on two cores', flush=True)
        title = "mmcv's operators"
        source = ['--no-build-isolation', '--no-deps', '--force-reinstall', 'onedl-mmcv']
        output = self.pip(title, *source, environment=environment)
        error = self.operators_error(compiled=True)
        if error and 'Building wheel for onedl-mmcv' not in output:
            print(f'the mmcv in the cache of pip does not work here ({error}): compiling it anew', flush=True)
            self.pip(title, '--no-cache-dir', '--no-binary', 'onedl-mmcv', *source, environment=environment)
            error = self.operators_error(compiled=True)
        if error:
            raise InstallError(f"mmcv's operators do not work: {error} (full log: {os.path.relpath(self.log)})")

    def operators_error(self, compiled: bool = False) -> str | None:
        """Run the operators on inputs with known results; return the error, or None.

        Args:
            compiled: Whether stand-ins count as wrong.
        """
        probe = ROOT / 'agmax_mm' / 'doctor' / 'probes.py'
        done = subprocess.run([str(self.python), str(probe), 'operators'], capture_output=True, text=True)
        try:
            result = json.loads(done.stdout)
        except ValueError:
            return f'the trial ended with code {done.returncode}'
        if result['ok'] and compiled and not result['facts']['compiled']:
            return 'mmcv has no compiled operators'
        return None if result['ok'] else str(result['error'])

    def verify(self) -> None:
        """Run the doctor on the new environment."""
        done = subprocess.run([str(self.python), '-m', 'agmax_mm', 'doctor'], cwd=ROOT, capture_output=True, text=True)
        print(done.stdout.strip(), flush=True)
        works = re.search(rf'^{self.choice.tier} +works', done.stdout, re.MULTILINE)
        if done.returncode or not works:
            raise InstallError(f'installed, but something is wrong: {explain(done.stdout + done.stderr)}')


def main() -> int:
    """Parse the command line, install, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, epilog='example: python3.11 tools/install.py')
    parser.add_argument('--tier', choices=CHOICES['tier'], help='with or without detection')
    parser.add_argument(
        '--operators', choices=CHOICES['operators'], help="mmcv's: from torchvision, or compiled (needs a C++ compiler)"
    )
    parser.add_argument('--torch', choices=CHOICES['torch'], help='the pinned one, or that of this Python')
    parser.add_argument('--wheels', type=Path, metavar='DIR', help='install from these wheels alone, without a network')
    parser.add_argument('--collect', type=Path, metavar='DIR', help='fill DIR with wheels for --wheels, and stop')
    args = parser.parse_args()
    asked = {name: getattr(args, name) for name in CHOICES if getattr(args, name) is not None}
    installer = Installer(choice=replace(last_choice(VENV), **asked), wheels=args.wheels)
    # Two installations at once would break each other: the second waits for the first.
    with open(__file__) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            if args.collect:
                installer.collect(args.collect)
            elif not installer.stamp.is_current():
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
