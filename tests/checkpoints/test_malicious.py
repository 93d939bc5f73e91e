"""A checkpoint with code in it runs nothing, whatever command it is given to."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from agmax_mm.commands import console

ROOT = Path(__file__).parents[2]
CLASSIFIER = 'configs/agmax/wrn40-2_cutmix_aa_200e_cifar10.py'
DETECTOR = 'configs/detection/faster-rcnn_r50_fpn_1x_voc0712.py'
SMALL = ['model.backbone.depth=10', 'model.backbone.widen_factor=1', 'model.head.in_channels=64']


class Payload:
    """Unpickling it creates a file, if code is run."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return Path.touch, (Path(self.path),)


@pytest.fixture
def evil(tmp_path):
    """A file that is a checkpoint but for one object, beside what commands ask for besides it."""
    state = {'backbone.conv1.weight': torch.zeros(2)}
    torch.save({'state_dict': state, 'meta': {}, 'extra': Payload(tmp_path / 'ran')}, tmp_path / 'evil.pth')
    for split in ('train', 'test'):
        for label in range(10):
            folder = tmp_path / 'cifar' / split / str(label)
            folder.mkdir(parents=True)
            cv2.imwrite(str(folder / 'a.png'), np.full((32, 32, 3), 20 * label, np.uint8))
    return tmp_path


def subcommand(name, argv):
    module = console.command_module(name)
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    return module.main(parser.parse_args(argv))


def classifier(place, *more):
    data = [f'{loader}.dataset.data_root={place / "cifar"}' for loader in ('train_dataloader', 'test_dataloader')]
    workers = [f'{loader}.num_workers=0' for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader')]
    work_dir = ['--work-dir', str(place / 'work')]
    return [*work_dir, '--cfg-options', *data, *workers, *SMALL, 'train_dataloader.batch_size=4', *more]


COMMANDS = {
    'export': ('export', lambda place, file: [file, str(place / 'out.pth')]),
    'export average': ('export', lambda place, file: [file, str(place / 'out.pth'), '--weights', 'average']),
    'export onnx': (
        'export',
        lambda place, file: [file, str(place / 'out.onnx'), '--config', CLASSIFIER, '--image-size', '32'],
    ),
    'convert': ('convert', lambda place, file: [file, str(place / 'out.pth')]),
    'convert back': ('convert', lambda place, file: [file, str(place / 'out.pth'), '--to', 'authors']),
    'transfer': (
        'transfer',
        lambda place, file: ['--backbone', file, '--task', 'voc', '--work-dir', str(place / 'work')],
    ),
    'test': ('test', lambda place, file: [CLASSIFIER, file, *classifier(place)]),
    'resume': ('train', lambda place, file: [CLASSIFIER, '--resume', file, *classifier(place)]),
    'load_from': ('train', lambda place, file: [CLASSIFIER, *classifier(place, f'load_from={file}')]),
    'predict': ('predict', lambda place, file: [file, str(place / 'cifar/test/0/a.png')]),
    'predict config': (
        'predict',
        lambda place, file: [file, str(place / 'cifar/test'), '--config', CLASSIFIER, '--out', str(place / 'out.json')],
    ),
    'robustness': (
        'robustness',
        lambda place, file: [
            *(CLASSIFIER, file, '--suites', 'corruption', 'fgsm', 'calibration', '--out', str(place / 'out.json')),
            *('--data', str(place / 'cifar'), '--workers', '0', '--cfg-options', *SMALL),
        ],
    ),
    'localize': (
        'localize',
        lambda place, file: [
            *(CLASSIFIER, file, '--out', str(place / 'out'), '--cfg-options', *SMALL),
            *(f'test_dataloader.dataset.data_root={place / "cifar"}', 'test_dataloader.num_workers=0'),
        ],
    ),
    'doctor': (
        'doctor',
        lambda place, file: [
            *('--transfer', DETECTOR, '--cfg-options', f'default_hooks.backbone.checkpoint={file}'),
        ],
    ),
}


@pytest.mark.parametrize('command', COMMANDS)
def test_checkpoint_with_code_runs_nothing(command, evil, monkeypatch, capsys):
    name, arguments = COMMANDS[command]
    if name in ('transfer', 'doctor'):
        pytest.importorskip('mmcv.ops', exc_type=ImportError)
    monkeypatch.chdir(ROOT)
    argv = arguments(evil, str(evil / 'evil.pth'))
    message = ''
    try:
        code = subcommand(name, argv)
    except ValueError as error:
        code, message = 1, str(error)
    assert code == 1
    told = message + capsys.readouterr().out
    assert "evil.pth': expected tensors and plain values only, got the object pathlib" in told
    assert sorted(path.name for path in evil.glob('o*')) == []
    assert not (evil / 'ran').exists()


def test_the_payload_would_run(evil):
    torch.load(evil / 'evil.pth', weights_only=False)
    assert (evil / 'ran').exists()
