"""What a result was measured on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
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


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that a result depends on, where they are installed."""
    found = {'python': platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def device() -> str:
    """Name of the GPU in use, or of the processor."""
    if torch.cuda.is_available():
        return f'cuda: {torch.cuda.get_device_name()}'
    information = Path('/proc/cpuinfo')
    lines = information.read_text(encoding='utf-8').splitlines() if information.is_file() else []
    names = [line.split(':', 1)[1].strip() for line in lines if line.startswith('model name')]
    return f'cpu: {names[0] if names else platform.processor() or platform.machine()}'


def usable_cores() -> int:
    """Cores that this process may run on, which containers and schedulers make fewer than the machine has."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
