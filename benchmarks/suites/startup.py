"""Time until commands begin: their help, their imports, and a training up to its first step."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.suites.suite import Options, Outcome, Section, Table, Text

_ROOT = Path(__file__).resolve().parents[2]
_CONFIG = _ROOT / 'configs' / 'agmax' / 'wrn40-2_cutmix_aa_200e_cifar10.py'


def run(options: Options) -> Outcome:
    """Measure the commands, and return the tables."""
    rounds = options.rounds or 3
    helps: dict[str, float] = {}
    options.say('help of all commands')
    rows = []
    for tool in sorted((_ROOT / 'tools').glob('*.py')):
        seconds = [_seconds_of_help(tool) for _ in range(rounds)]
        helps[tool.name] = statistics.median(seconds)
        rows.append((f'tools/{tool.name} --help', f'{statistics.median(seconds):.2f} s'))
    options.say('a training up to its first step')
    with tempfile.TemporaryDirectory() as folder:
        _write_images(Path(folder) / 'data')
        runs = [_stages(Path(folder)) for _ in range(rounds)]
    stages = {name: statistics.median(found[name] for found in runs) for name in runs[0]}
    return Outcome(
        'Starting up',
        'Commands parse their arguments before they import torch. Times are those of the processor.',
        [
            Section('Help', [Table(('command', 'time'), rows)]),
            Section(
                'Time to the first step',
                [
                    Text(f'`tools/train.py configs/agmax/{_CONFIG.name}` on 20 images, without workers.'),
                    Table(('stage', 'time'), [(name, f'{seconds:.2f} s') for name, seconds in stages.items()]),
                ],
            ),
        ],
        {'help': helps, 'stages': stages},
    )


def _seconds_of_help(tool: Path) -> float:
    started = _children_seconds()
    subprocess.run([sys.executable, str(tool), '--help'], check=True, capture_output=True, cwd=_ROOT)
    return _children_seconds() - started


def _children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _write_images(root: Path) -> None:
    generator = np.random.default_rng(0)
    for split in ('train', 'test'):
        for label in range(10):
            folder = root / split / f'class{label}'
            folder.mkdir(parents=True)
            for index in range(2):
                Image.fromarray(generator.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(folder / f'{index}.png')


def _stages(folder: Path) -> dict[str, float]:
    """Seconds of the stages, measured in a new process."""
    command = [sys.executable, '-m', 'benchmarks.suites.first_step', str(_CONFIG), str(folder)]
    subprocess.run(command, check=True, capture_output=True, cwd=_ROOT)
    stages: dict[str, float] = json.loads((folder / 'stages.json').read_text(encoding='utf-8'))
    return stages
