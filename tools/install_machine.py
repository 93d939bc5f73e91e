"""Facts about this machine for the installation: its Python, its compiler, its GPU."""

from __future__ import annotations

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OLDEST, NEWEST = (3, 11), (3, 13)  # the pinned versions need the oldest; some have no wheels yet after the newest


class InstallError(Exception):
    """Error that a person can fix. The person sees its text as one line."""


def capture(command: list[object]) -> str:
    """Return the output of a command, or nothing if it fails or does not exist."""
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=ROOT)
    except OSError:
        return ''
    return done.stdout.strip() if done.returncode == 0 else ''


def check_python() -> None:
    """Refuse a Python for which the pinned versions do not exist."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        want = '{}.{} to {}.{}'.format(*OLDEST, *NEWEST)
        got = f'{platform.python_version()} ({sys.executable})'
        raise InstallError(f'expected Python {want}, got {got}; name another with PYTHON=...')


def check_compiler() -> None:
    """Refuse to compile where there is no C++ compiler or Python's header files are missing."""
    asked = os.environ.get('CXX')
    candidates = [shlex.split(asked)[0]] if asked else ['c++', 'g++', 'clang++']
    without = 'or do without compiled operators: make install OPERATORS=stand-ins'
    if not any(map(shutil.which, candidates)):
        hint = f'install one (Debian, Ubuntu: apt-get install g++), {without}'
        raise InstallError(f'no C++ compiler (looked for {", ".join(candidates)}), which mmcv needs: {hint}')
    if not Path(sysconfig.get_path('include'), 'Python.h').is_file():
        hint = f'install them (Debian, Ubuntu: apt-get install python3-dev), {without}'
        raise InstallError(f'no header files of Python in {sysconfig.get_path("include")}, which mmcv needs: {hint}')


def build_environment(python: Path) -> dict[str, str]:
    """Return the variables for compiling mmcv: all cores, and the GPU only if its compiler fits torch."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    environment = {'MAX_JOBS': os.environ.get('MAX_JOBS', str(cores))}
    cuda = capture([python, '-c', 'import torch; print(torch.cuda.is_available() and torch.version.cuda)'])
    if cuda not in ('', 'False', 'None'):
        compiler = re.search(r'release (\d+)\.', capture([os.environ.get('CUDACXX', 'nvcc'), '--version']))
        if compiler is None or compiler.group(1) != cuda.split('.')[0]:
            found = f'nvcc {compiler.group(1)}' if compiler else 'no nvcc'
            print(f"there is a GPU, but {found} for torch's CUDA {cuda}: mmcv is compiled for the CPU", flush=True)
            environment['CUDA_VISIBLE_DEVICES'] = ''
    return environment
