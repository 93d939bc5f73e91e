"""Facts about the machine: libraries, device, cores."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from pathlib import Path

import torch

_LIBRARIES = (
    'torch',
    'torchvision',
    'onedl-mmengine',
    'onedl-mmcv',
    'onedl-mmpretrain',
    'onedl-mmdetection',
    'timm',
    'numpy',
    'opencv-python',
    'pillow',
)


def library_versions() -> dict[str, str]:
    """Return the versions of Python and of the installed libraries that a result depends on."""
    found = {'python': platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def device_name() -> str:
    """Return the name of the GPU in use, or of the processor."""
    if torch.cuda.is_available():
        return f'cuda: {torch.cuda.get_device_name()}'
    information = Path('/proc/cpuinfo')
    lines = information.read_text(encoding='utf-8').splitlines() if information.is_file() else []
    names = [line.split(':', 1)[1].strip() for line in lines if line.startswith('model name')]
    return f'cpu: {names[0] if names else platform.processor() or platform.machine()}'


def usable_cores() -> int:
    """Count the cores that this process may use. Containers and schedulers may give fewer than the machine has."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processes_here(otherwise: int) -> int:
    """Return the number of this run's processes on this machine, from the launcher, or else ``otherwise``."""
    for name in ('LOCAL_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_SIZE', 'MPI_LOCALNRANKS'):
        if os.environ.get(name, '').isdigit():
            return int(os.environ[name])
    # Such as '8(x2)' or '4,3'.
    slurm = re.match(r'\d+', os.environ.get('SLURM_STEP_TASKS_PER_NODE', ''))
    return int(slurm[0]) if slurm else otherwise


def cores_of_process(world_size: int) -> int:
    """Return the number of cores for each process of a run of ``world_size``, at least 1."""
    cores = usable_cores()
    bound = os.environ.get('SLURM_CPUS_PER_TASK', '')
    if bound.isdigit() and cores <= int(bound):
        # Slurm has bound each task to cores of its own already.
        return cores
    return max(cores // processes_here(world_size), 1)
