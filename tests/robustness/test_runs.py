"""The same numbers for any number of workers and processes, and for a run that was stopped; and what is refused."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from agmax_mm.commands.robustness import EXAMPLE
from agmax_mm.robustness import fgsm
from agmax_mm.robustness.data import Data
from agmax_mm.robustness.options import parse_suite_options
from agmax_mm.robustness.suite import SUITES, checkpoint_names, open_measurement
from tests.robustness import small

pytest.importorskip('imagecorruptions')

ROOT = Path(__file__).parents[2]
# All that need no boxes.
PLAIN = tuple(name for name in SUITES if name != 'localization')
SLANTED = [[1.0, 0.5, 0.2], [0, 1.0, 0.4], [0.4, 0, 1.0]]
SHORT = {
    'corruption.corruptions': ['gaussian_noise', 'frost'],
    'corruption.severities': [5],
    'fgsm.pixel_eps': [8],
    'pgd.pixel_eps': [8],
    'pgd.steps': 2,
    'occlusion.sides': [0.5],
    'between.sides': [0.5],
    'between.shares': [0.5],
    'ood.noise_images': 4,
}


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('runs')
    data = small.write_pictures(folder / 'data', images=4, noise=60)
    small.write_config(folder / 'config.py', data)
    small.write_checkpoint(folder / 'plain.pth')
    small.write_checkpoint(folder / 'slanted.pth', SLANTED)
    return folder


def opened(folder, out, suites=PLAIN, options=SHORT, workers=0, checkpoints=('plain', 'slanted'), **others):
    return open_measurement(
        str(folder / 'config.py'),
        [str(folder / f'{name}.pth') for name in checkpoints],
        suites,
        str(out),
        options={key: value for key, value in options.items() if key.partition('.')[0] in suites},
        workers=workers,
        work_dir=str(folder / 'work'),
        **others,
    )


def numbers(path):
    """All values of a file; how long they took is another matter."""
    return [{**entry, 'seconds': 0} for entry in json.loads(Path(path).read_text())['results']]


@pytest.fixture(scope='module')
def whole(folder):
    out = folder / 'whole.json'
    opened(folder, out).fill()
    return numbers(out)


def test_nothing_is_left_out(whole):
    assert {entry['suite'] for entry in whole} == set(PLAIN)
    # 3 corruption, 2 x (2 + 4) attacks, 2, 2 and 1 of the rest, 2 noises: for two models.
    assert len(whole) == 2 * (3 + 6 + 6 + 2 + 2 + 2 + 1)


def test_workers_and_the_cache_change_nothing(folder, whole, tmp_path):
    made, found, cache = tmp_path / 'made.json', tmp_path / 'found.json', str(tmp_path / 'cache')
    opened(folder, made, workers=2, cache=cache).fill()
    assert numbers(made) == whole
    opened(folder, found, ['corruption'], workers=2, cache=cache).fill()
    assert numbers(found) == [entry for entry in whole if entry['suite'] == 'corruption']
    assert len(list((tmp_path / 'cache').rglob('*.png'))) == 24


def test_a_stopped_run_goes_on(folder, whole, tmp_path, monkeypatch):
    out = tmp_path / 'stopped.json'
    measure = fgsm.measure

    def stop(model, data, condition):
        if condition['eps'] == 0.3:
            raise KeyboardInterrupt
        return measure(model, data, condition)

    with monkeypatch.context() as patch:
        patch.setattr(fgsm, 'measure', stop)
        with pytest.raises(KeyboardInterrupt):
            opened(folder, out).fill()
    begun = json.loads(out.read_text())
    assert begun['status'] == 'unfinished'
    assert len(begun['results']) == 3 + 4
    calls = []
    with monkeypatch.context() as patch:
        patch.setattr(
            Data, 'each', lambda self, *args, each=Data.each, **kw: calls.append(0) or each(self, *args, **kw)
        )
        rest = opened(folder, out)
        rest.fill()
        assert len(rest.missing()) == 0
        # The data of out-of-distribution detection are gone through once more for each model.
        assert len(calls) == len(whole) - 7 + 2
    assert numbers(out) == whole
    assert json.loads(out.read_text())['status'] == 'completed'


def test_suites_and_checkpoints_add_to_a_file(folder, whole, tmp_path):
    out = tmp_path / 'grown.json'
    opened(folder, out, suites=['calibration'], checkpoints=['slanted']).fill()
    opened(folder, out, suites=['fgsm']).fill()
    opened(folder, out).fill()
    assert numbers(out) == whole
    content = json.loads(out.read_text())
    assert set(content['summaries']) == set(PLAIN)
    assert {name: entry['path'] for name, entry in content['checkpoints'].items()} == {
        name: str(folder / f'{name}.pth') for name in ('plain', 'slanted')
    }


def test_the_help_names_all_options():
    for name, module in SUITES.items():
        (line,) = (line for line in EXAMPLE.splitlines() if line.startswith(f'  {name} '))
        assert {field.name for field in dataclasses.fields(module.Options)} <= set(line.replace(';', '').split())


def test_two_processes_and_the_command_give_the_same(folder, whole, tmp_path):
    options = [f'{key}={value}' for key, value in SHORT.items()]
    command = [
        *(sys.executable, '-m', 'torch.distributed.run', '--nproc-per-node', '2', '--master-port', '29611'),
        *('tools/robustness.py', folder / 'config.py', folder / 'plain.pth', folder / 'slanted.pth'),
        *('--out', tmp_path / 'out.json', '--report', tmp_path / 'report', '--workers', '0', '--launcher', 'pytorch'),
        *('--work-dir', tmp_path / 'work', '--options', *options),
    ]
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(ROOT)}  # the config imports from tests/
    done = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    assert numbers(tmp_path / 'out.json') == whole
    page = (tmp_path / 'report' / 'report.md').read_text()
    assert '| slanted |' in done.stdout
    for name in PLAIN:
        assert f'## {name}' in page
        assert (tmp_path / 'report' / f'{name}_fed.png').is_file()
    assert 'left' in done.stderr  # the time, at each tenth


def test_rows_come_in_the_order_of_the_images(folder):
    images = [(torch.full((1, 2, 2), float(value)), value % 3) for value in range(11)]
    data = Data(images, 4, 0, torch.device('cpu'))
    assert data.each(lambda batch: batch.images[:, 0, 0, 0]).tolist() == list(range(11))
    partners = [(place + 5) % 11 for place in range(11)]
    assert data.each(lambda batch: batch.partners[:, 0, 0, 0], partners=partners).tolist() == partners
    assert data.some(3).each(lambda batch: batch.images[:, 0, 0, 0]).tolist() == [0, 5, 10]
    assert data.some(3).some(2).each(lambda batch: batch.labels).tolist() == [0, 1]


def test_files_of_something_else_are_refused(folder, tmp_path):
    out = tmp_path / 'out.json'
    for content in ('{', '[]', '{"results": 3}'):
        out.write_text(content)
        with pytest.raises(ValueError, match='--out: expected a file of robustness results or none'):
            opened(folder, out)
        assert out.read_text() == content
    out.unlink()
    opened(folder, out, suites=['calibration']).fill()
    for change, name in (
        (dict(batch_size=7), 'batch_size'),
        (dict(config_options={'test_dataloader.dataset.indices': 5}), 'images'),
        (dict(config_options={'model.head.num_classes': 4}), 'config_hash'),
    ):
        with pytest.raises(ValueError, match=f'expected results of {name} .* name another file'):
            opened(folder, out, suites=['calibration'], **change)


def test_what_is_wrong_is_said_before_anything_runs(folder, tmp_path):
    out = tmp_path / 'out.json'
    with pytest.raises(ValueError, match=r"--suites fog: expected one of corruption, .* No module named 'fog'"):
        opened(folder, out, suites=['fog'])
    with pytest.raises(ValueError, match="checkpoint: expected a file, got '.*none.pth', which does not exist"):
        opened(folder, out, checkpoints=['none'])
    with pytest.raises(ValueError, match='expected one or more, each once'):
        opened(folder, out, checkpoints=['plain', 'plain'])
    assert not out.exists()


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'fsgm.pixel_eps': [1]}, '--options fsgm.pixel_eps: expected one of the suites that run'),
        ({'fgsm.pixel_ep': [1]}, 'the nearest is pixel_eps'),
        ({'fgsm.pixel_eps': 'much'}, "--options fgsm.pixel_eps: expected float, got 'much'"),
        ({'fgsm.pixel_eps': [-1]}, '--options fgsm.eps: expected at least 0, got -1'),
        ({'fgsm.protocols': 'madry'}, r"expected some of pixel, agmax, got \['madry'\]"),
        ({'pgd.steps': 0}, '--options pgd.steps: expected at least 1, got 0'),
        ({'pgd.steps': True}, '--options pgd.steps: expected int, got True'),
        ({'calibration.bins': 0}, 'bins: expected at least 1, got 0'),
        ({'corruption.corruptions': ['rain']}, r"corruptions: expected some of .* got \['rain'\]"),
        ({'corruption.severities': [6]}, 'severities: expected some of 1 to 5'),
        ({'corruption.crop': 'big'}, "crop: expected one of official, agmax, got 'big'"),
        ({'occlusion.sides': [224]}, 'sides: expected shares of 0 to 1'),
        ({'occlusion.fill': 'white'}, "fill: expected one of mean, black, got 'white'"),
        ({'between.kinds': ['cutout']}, 'kinds: expected some of mixup, cutmix'),
        ({'ood.folders': {'LSUN': '/none'}}, "folders: expected images for LSUN in '/none', got none"),
        ({'ood.folders': '/none'}, "--options ood.folders: expected dict, got '/none'"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        parse_suite_options(SUITES, options)


def test_names_of_checkpoints_tell_them_apart():
    assert list(checkpoint_names(['a/x.pth', 'b/y.pth'])) == ['x', 'y']
    assert list(checkpoint_names(['runs/a/last.pth', 'runs/b/last.pth'])) == ['a/last', 'b/last']
