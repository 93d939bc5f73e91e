"""The package's metadata, the extras and the pins agree with each other and with what is imported."""

from __future__ import annotations

import json
import re
import subprocess
import sys

from agmax_mm import __version__
from agmax_mm.doctor.checks import TESTED
from tests.pins import CONSTRAINTS, PINS
from tools.install_machine import ROOT
from tools.install_stamp import normalised


def test_every_requirement_is_pinned_exactly():
    files = [path for path in (ROOT / 'requirements').glob('*.txt') if path.name != 'constraints.txt']
    names = [line for path in files for line in path.read_text().splitlines() if line and not line.startswith('#')]
    assert {normalised(name) for name in names} - set(PINS) == set()
    unpinned = [line for line in CONSTRAINTS.splitlines() if not line.startswith('#') and '==' not in line]
    assert unpinned == []


def test_the_doctor_recommends_the_pins():
    assert {name: PINS[name] for name in TESTED} == TESTED


def metadata() -> dict:
    """The package's metadata, read in a process that then tells whether torch was imported."""
    script = (
        'import json, sys; from distutils.core import run_setup; d = run_setup("setup.py", stop_after="init"); '
        'print(json.dumps([d.get_version(), d.python_requires, d.install_requires, d.extras_require, d.packages, '
        '"torch" in sys.modules]))'
    )
    done = subprocess.run(
        [sys.executable, '-c', f'import setuptools; {script}'], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    keys = ('version', 'python', 'requires', 'extras', 'packages', 'torch')
    return dict(zip(keys, json.loads(done.stdout), strict=True))


def test_metadata():
    found = metadata()
    assert (found['version'], found['python'], found['torch']) == (__version__, '>=3.10,<3.14', False)
    assert set(found['extras']) >= {'det', 'robust', 'cam', 'audio', 'caption', 'track', 'dev'}
    on_disk = {
        path.parent.relative_to(ROOT).as_posix().replace('/', '.') for path in ROOT.glob('agmax_mm/**/__init__.py')
    }
    assert set(found['packages']) == on_disk
    everything = found['requires'] + [line for extra in found['extras'].values() for line in extra]
    names = {re.split(r'[^\w-]', line)[0] for line in everything}
    # These write over the files of the maintained ones, or no longer run.
    assert not names & {'mmengine', 'mmcv', 'mmdet', 'mmpretrain', 'imagecorruptions', 'transformers'}
    assert 'onedl-mmdetection' not in ' '.join(found['requires'])


# Modules whose distribution has another name; the host's and TensorBoard's are used through the host.
MODULES = {
    'grad-cam': 'pytorch_grad_cam',
    'imagecorruptions-imaug': 'imagecorruptions',
    'onedl-mmdetection': 'mmdet',
    'tensorboard': 'TensorboardVisBackend',
}


def test_every_extra_is_used():
    sources = [
        path.read_text(encoding='utf-8') for path in [*ROOT.glob('agmax_mm/**/*.py'), *ROOT.glob('tools/**/*.py')]
    ]
    text = '\n'.join(sources)
    extras = {extra: lines for extra, lines in metadata()['extras'].items() if extra != 'dev'}
    names = {re.split(r'[^\w-]', line)[0] for lines in extras.values() for line in lines}
    assert [name for name in sorted(names) if not re.search(rf'\b{MODULES.get(name, name)}\b', text)] == []


def test_pins_satisfy_the_metadata():
    from packaging.requirements import Requirement

    found = metadata()
    for line in found['requires'] + found['extras']['det'] + found['extras']['dev']:
        requirement = Requirement(line)
        assert requirement.specifier.contains(PINS[normalised(requirement.name)]), line
