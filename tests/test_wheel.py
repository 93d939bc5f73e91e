"""A built wheel is enough: recipes, bases and mmcv's operators from it, in a folder that is no checkout."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.detection.sets import write_coco

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope='module')
def wheel(tmp_path_factory):
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp('wheel')
    source = folder / 'source'
    for name in ('agmax_mm', 'configs'):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns('__pycache__'))
    for name in ('setup.py', 'pyproject.toml', 'LICENSE'):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, '-m', 'pip', 'wheel', '--no-deps', '--no-build-isolation', '-w', str(folder), str(source)]
    done = subprocess.run(pip, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(folder.glob('agmax_mm-*.whl'))


@pytest.fixture
def python(wheel, without_operators, tmp_path):
    """A Python with the wheel, with the libraries of this one and an mmcv without operators, and with no compiler."""
    environment = tmp_path / 'environment'
    venv.create(environment, with_pip=False, symlinks=True)
    path = environment / 'bin' / 'python'
    # What a checkout on PYTHONPATH says of itself would pass for an installation.
    settings = {name: value for name, value in os.environ.items() if name != 'PYTHONPATH'}
    pip = [sys.executable, '-m', 'pip', '--python', str(path), 'install', '--no-deps', '--no-index', str(wheel)]
    done = subprocess.run(pip, env=settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    site = Path(sysconfig.get_path('purelib', vars={'base': str(environment)}))
    (site / 'libraries.pth').write_text(f'{without_operators}\n{sysconfig.get_path("purelib")}\n')

    def run(*arguments, cwd):
        bare = {**settings, 'CC': '/bin/false', 'CXX': '/bin/false', 'OMP_NUM_THREADS': '1'}
        command = [str(path), *map(str, arguments)]
        done = subprocess.run(command, cwd=cwd, env=bare, capture_output=True, text=True)
        assert done.returncode == 0, f'{done.stdout[-2000:]}\n{done.stderr[-3000:]}'
        return done.stdout

    return run


def test_wheel_carries_the_configs_and_the_file_that_finds_the_operators(wheel):
    listed = subprocess.run([sys.executable, '-m', 'zipfile', '-l', str(wheel)], capture_output=True, text=True).stdout
    configs = [path.relative_to(ROOT).as_posix() for path in Path(ROOT, 'configs').rglob('*.py')]
    assert configs
    assert [path for path in configs if f'agmax_mm/.mim/{path} ' not in listed] == []
    assert re.search(r'^agmax_mm\.pth ', listed, re.MULTILINE)


def write_class_folders(root):
    """CIFAR-10's folders, with two grey pictures a class."""
    for split in ('train', 'test'):
        for label in range(10):
            folder = root / split / f'class{label}'
            folder.mkdir(parents=True)
            for index in range(2):
                cv2.imwrite(str(folder / f'{index}.png'), np.full((32, 32, 3), 20 * label + index, np.uint8))


@pytest.mark.slow
def test_a_config_on_one_of_the_recipes_trains_in_another_folder(python, tmp_path):
    write_class_folders(tmp_path / 'data')
    own = tmp_path / 'mine.py'
    own.write_text(
        "_base_ = 'agmax_mm::agmax/wrn40-2_cutmix_aa_200e_cifar10.py'\n"
        'total_batch_size = 8\n'
        'train_cfg = dict(max_epochs=1)\n'
        'model = dict(backbone=dict(depth=10, widen_factor=1), head=dict(in_channels=64))\n'
    )
    loaders = [f'{name}.num_workers=0' for name in ('train_dataloader', 'val_dataloader', 'test_dataloader')]
    options = [f'train_dataloader.dataset.data_root={tmp_path / "data"}', *loaders]
    script = (
        'import agmax_mm; from agmax_mm.engine.launch import train; from agmax_mm.engine.options import parse_options; '
        f'train("mine.py", work_dir="run", seed=0, options=parse_options({options!r})); print(agmax_mm.__file__)'
    )
    output = python('-c', script, cwd=tmp_path)
    assert output.splitlines()[-1].startswith(str(tmp_path / 'environment'))
    assert json.loads((tmp_path / 'run' / 'result.json').read_text())['status'] == 'completed'


@pytest.mark.slow
def test_the_hosts_own_tool_finds_operators_and_types_without_an_import_line(python, tmp_path):
    mmdet = pytest.importorskip('mmdet')
    write_coco(tmp_path / 'data')
    own = tmp_path / 'mine.py'
    own.write_text(f"""
_base_ = 'mmdet::retinanet/retinanet_r18_fpn_1x_coco.py'
data = dict(data_root={str(tmp_path / 'data')!r}, data_prefix=dict(img='images/'),
            metainfo=dict(classes=('box', 'other')))
steps = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations', with_bbox=True),
         dict(type='Resize', scale=(96, 64), keep_ratio=True)]
keys = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')
train_dataloader = dict(num_workers=0, persistent_workers=False, batch_size=2,
                        dataset=dict(ann_file='annotations/instances_train.json', **data,
                                     pipeline=[*steps, dict(type='PackDetInputs')]))
val_dataloader = dict(num_workers=0, persistent_workers=False,
                      dataset=dict(ann_file='annotations/instances_val.json', **data,
                                   pipeline=[*steps, dict(type='PackDetInputs', meta_keys=keys)]))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file={str(tmp_path / 'data/annotations/instances_val.json')!r})
test_evaluator = val_evaluator
train_cfg = dict(_delete_=True, type='IterBasedTrainLoop', max_iters=1, val_interval=1)
param_scheduler = []
model = dict(backbone=dict(init_cfg=None), bbox_head=dict(num_classes=2))
default_hooks = dict(logger=dict(interval=1))
custom_hooks = [dict(type='agmax_mm.FiniteLossHook')]
del data, steps, keys
""")
    tool = Path(mmdet.__path__[0]) / '.mim' / 'tools' / 'train.py'
    python(tool, 'mine.py', '--work-dir', 'run', cwd=tmp_path)
    (log,) = (tmp_path / 'run').glob('*/*.log')
    text = log.read_text()
    assert '(train)' in text
    assert '(val)' in text
