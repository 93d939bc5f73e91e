"""The recipes in configs/detection/, as data."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from mmengine.config import Config

CONFIGS = Path(__file__).parents[2] / 'configs' / 'detection'


@pytest.fixture(scope='session')
def detection_recipes():
    """Every recipe by file name. Reading them takes long, so it is done once: not to be changed."""
    return {path.name: Config.fromfile(path) for path in sorted(CONFIGS.glob('*.py'))}


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
