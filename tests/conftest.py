"""What all tests share: the slow ones are opt-in, and randomness comes from a seeded generator."""

from __future__ import annotations

import copy
import gc
import logging
import os
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import agmax_mm  # noqa: F401  (before any test imports mmcv.ops, which may need the stand-ins for its operators)
from agmax_mm.host_imports import without_collections

if TYPE_CHECKING:
    import torch


# `make test` runs a process per core; threads would only get in their way. Torch reads this once.
os.environ.setdefault('OMP_NUM_THREADS', '1')


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption('--runslow', action='store_true', help='also run the tests marked slow')


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    skipped = {} if config.getoption('--runslow') else {'slow': 'slow: runs with --runslow'}
    if not any('gpu' in item.keywords for item in items) or not _sees_gpu():
        skipped['gpu'] = 'gpu: torch sees none here'
    for item in items:
        for name, reason in skipped.items():
            if name in item.keywords:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Import all tests without garbage collections, and take what was imported out of them.

    The host collects for each data set, half a second each.
    """
    with without_collections():
        result = yield
    gc.freeze()
    return result


def _sees_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


@pytest.fixture(autouse=True)
def _no_logs_of_earlier_tests():
    """Take the log files of a test out of the host's loggers, which live on: their folders are removed."""
    yield
    logger = sys.modules.get('mmengine.logging')
    for instance in logger.MMLogger._instance_dict.values() if logger else ():
        for handler in [one for one in instance.handlers if isinstance(one, logging.FileHandler)]:
            instance.removeHandler(handler)
            handler.close()


@pytest.fixture(autouse=True)
def _no_scopes_of_earlier_tests():
    """Take back the scope that a runner of the test set: types would be looked up in it, whatever comes next."""
    scopes = sys.modules.get('mmengine.registry.default_scope')
    before = scopes.DefaultScope._instance_dict.copy() if scopes else OrderedDict()
    yield
    scopes = sys.modules.get('mmengine.registry.default_scope')
    if scopes:
        scopes.DefaultScope._instance_dict = before


@pytest.fixture
def generator() -> torch.Generator:
    """A CPU generator with a fixed seed."""
    import torch

    return torch.Generator().manual_seed(0)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Callable[..., subprocess.CompletedProcess]:
    """Call ``agmax-mm NAME ARGUMENTS`` in this process, which has imported the host already: that takes seconds."""
    from agmax_mm.commands import console

    def call(name: str, *arguments: Any) -> subprocess.CompletedProcess:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            console.main([name, *map(str, arguments)])
        return subprocess.CompletedProcess(name, end.value.code, *capsys.readouterr())

    return call


@pytest.fixture(scope='session')
def detection_recipes() -> dict[str, Any]:
    """Every recipe in configs/detection/ by file name. Read once, as that takes long: copy before a change."""
    from mmengine.config import Config

    from agmax_mm.engine.bases import allow_own_bases

    allow_own_bases()  # finds the host's configs in less time
    return {
        path.name: Config.fromfile(path)
        for path in sorted((Path(__file__).parents[1] / 'configs' / 'detection').glob('*.py'))
    }


@pytest.fixture
def voc(detection_recipes):
    """Faster R-CNN on VOC."""
    return copy.deepcopy(detection_recipes['faster-rcnn_r50_fpn_1x_voc0712.py'])


@pytest.fixture
def coco(detection_recipes):
    """Mask R-CNN on COCO."""
    return copy.deepcopy(detection_recipes['mask-rcnn_r50_fpn_1x_coco.py'])


@pytest.fixture
def ssd(detection_recipes):
    """SSD300 on VOC."""
    return copy.deepcopy(detection_recipes['ssd300_r50_voc0712.py'])


@pytest.fixture
def c4(detection_recipes):
    """Faster R-CNN C4 on VOC."""
    return copy.deepcopy(detection_recipes['faster-rcnn_r50-c4_voc0712.py'])


@pytest.fixture
def without_operators(tmp_path):
    """A folder with mmcv as it is installed here, but without its compiled module."""
    import mmcv

    package = tmp_path / 'site' / 'mmcv'
    package.mkdir(parents=True)
    here = Path(mmcv.__path__[0])
    for metadata in here.parent.glob('onedl_mmcv-*.dist-info'):
        (package.parent / metadata.name).symlink_to(metadata)
    for entry in here.iterdir():
        if not entry.name.startswith(('_ext', '__pycache__')):
            (package / entry.name).symlink_to(entry)
    return package.parent
