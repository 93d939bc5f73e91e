"""Every command and every piece of code in docs/guides/ runs, one guide after the other, on a few tiny files.

The default run takes the commands that are quick, in this process. With ``--runslow`` all of them run in a shell, as a
reader would type them. Lengths alone are changed, see ``SHORTER``.
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from agmax_mm.commands import console
from agmax_mm.demo.digits import DigitDataSpec, build_digit_data
from tests.detection.sets import write_voc
from tools.walk.guides import GUIDES, ORDER, guide

ROOT = Path(__file__).parents[1]
SHORTER = {
    '--epochs 30': '--epochs 1',
    'epoch_30.pth': 'epoch_1.pth',
    '--iters 200': '--iters 2',
    '--image-size 320': '--image-size 64',
    'agreements.py --jobs 2': "agreements.py --jobs 2 --seeds 0 --arms baseline 'm*'",
    # What the stand-in for a cluster can do: nothing is handed over.
    'timeout_min=600': 'timeout_min=600 --dry-run',
}
# Commands that other tests run, since they take minutes or make an environment.
ELSEWHERE = {
    'make demo': 'tests/tools/test_demo.py',
    'make test': 'tests/test_install.py',
    'agmax-mm digits data/digits': 'tests/demo/test_digits.py',
}


def write_data(folder: Path) -> None:
    """Photographs of three classes, boxes in Pascal VOC layout, digits, and a classifier's weights of torchvision."""
    import torchvision

    generator = np.random.default_rng(0)
    for split, count in (('train', 8), ('val', 2)):
        for label, name in enumerate(('cat', 'dog', 'owl')):
            (folder / 'photos' / split / name).mkdir(parents=True)
            for index in range(count):
                picture = generator.integers(0, 120, (48, 64, 3)) + np.eye(3)[label] * 100
                cv2.imwrite(str(folder / 'photos' / split / name / f'{index}.jpg'), picture.astype(np.uint8))
    write_voc(folder / 'boxes', ('box', 'other'))
    spec = DigitDataSpec(
        pretrain_per_class=5,
        test_per_class=1,
        scene_train_per_class=1,
        scene_test_per_class=1,
        train_scenes=1,
        test_scenes=1,
    )
    build_digit_data(folder / 'data' / 'digits', spec)
    torch.save(torchvision.models.resnet18().state_dict(), folder / 'resnet18.pth')


def run_here(command: str) -> str:
    """Run a command of the console in this process; what went wrong, or nothing."""
    program, *arguments = shlex.split(command)
    if program != 'agmax-mm':
        return 'expected a command of the console, or <!-- slow --> before the block'
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            console.main(arguments)
        except SystemExit as exit_:
            return '' if not exit_.code else printed.getvalue()[-1500:]
    return 'did not exit'


def shell(folder: Path):
    """A shell in which the console command, the checkout and a stand-in for Slurm are at hand."""
    (folder / 'bin').mkdir()
    for name in ('tools', 'configs'):
        (folder / name).symlink_to(ROOT / name)
    scripts = {
        'agmax-mm': f'exec "{sys.executable}" -m agmax_mm "$@"',
        'torchrun': f'exec "{sys.executable}" -m torch.distributed.run "$@"',
        'srun': f'echo "$@" > {folder}/srun.txt',
    }
    for name, text in scripts.items():
        (folder / 'bin' / name).write_text(f'#!/bin/sh\n{text}\n')
        (folder / 'bin' / name).chmod(0o755)
    path = f'{folder / "bin"}:{os.environ["PATH"]}'
    settings = {**os.environ, 'PATH': path, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1'}

    def run(command: str) -> str:
        done = subprocess.run(['bash', '-c', command], cwd=folder, env=settings, capture_output=True, text=True)
        return '' if done.returncode == 0 else (done.stdout + done.stderr)[-1500:]

    return run


def walk(folder: Path, run, *, everything: bool) -> list[str]:
    """Walk all guides in a folder: write their files, run their commands and code. What went wrong, by guide."""
    faults = []
    for name in ORDER:
        for block in guide(name, SHORTER):
            if block.title:
                (folder / block.title).write_text(block.text)
            elif block.language == 'python':
                fault = run_python(block.text)
                faults += [f'{name}: {block.text}: {fault}'] if fault else []
            elif block.language == 'bash' and (everything or not block.when):
                for command in block.commands():
                    if command not in ELSEWHERE and (fault := run(command)):
                        faults.append(f'{name}: {command}: {fault}')
            else:
                assert block.language in ('bash', 'text'), f'{name}: a block of {block.language}'
    return faults


def run_python(text: str) -> str:
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(text, 'guide', 'exec'), {})
    except Exception as error:
        return repr(error)
    return ''


def test_the_guides_are_those_that_are_walked():
    assert sorted(path.stem for path in GUIDES.glob('*.md')) == sorted(ORDER)
    assert [test for test in ELSEWHERE.values() if not (ROOT / test).is_file()] == []
    texts = ''.join((GUIDES / f'{name}.md').read_text(encoding='utf-8') for name in ORDER)
    assert [part for part in [*ELSEWHERE, *SHORTER] if part not in texts] == []


def test_the_quick_commands_of_the_guides(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'path', list(sys.path))
    monkeypatch.setattr(sys, 'argv', ['agmax-mm'])
    write_data(tmp_path)
    assert '\n'.join(walk(tmp_path, run_here, everything=False)) == ''
    for path in ('predictions.csv', 'drawn', 'report/index.html', 'hub_folder/config.json', 'dim.json', 'mine.png'):
        assert (tmp_path / path).exists(), path


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_all_commands_of_the_guides_in_a_shell(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_data(tmp_path)
    assert '\n'.join(walk(tmp_path, shell(tmp_path), everything=True)) == ''
    asked = (tmp_path / 'srun.txt').read_text()
    assert '-p gpu --job-name agmax --gres gpu:8 --ntasks 16 --ntasks-per-node 8' in asked
    assert asked.strip().endswith('configs/agmax/resnet50_cutmix_aa_270e.py --launcher slurm --amp --resume')
