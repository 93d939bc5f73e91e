"""Whole detectors on the stand-ins, ours and the host's own, with the losses of mmcv's compiled operators."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

mmdet = pytest.importorskip('mmdet')

from tests.detection.sets import write_coco  # noqa: E402
from tests.operators.swap import COMPILED  # noqa: E402

ROOT = Path(__file__).parents[2]
HOST = Path(mmdet.__path__[0]) / '.mim' / 'configs'
OURS = (
    'faster-rcnn_r50_fpn_1x_voc0712',
    'mask-rcnn_r50_fpn_1x_coco',
    'ssd300_r50_voc0712',
    'faster-rcnn_r50-c4_voc0712',
)
STOCK = (
    'retinanet/retinanet_r50_fpn_1x_coco',
    'fcos/fcos_r50-caffe_fpn_gn-head_1x_coco',
    'fcos/fcos_r50-dcn-caffe_fpn_gn-head-center-normbbox-centeronreg-giou_1x_coco',
    'cascade_rcnn/cascade-rcnn_r50_fpn_1x_coco',
    'cascade_rcnn/cascade-mask-rcnn_r50_fpn_1x_coco',
)
CONFIGS = [*(ROOT / 'configs' / 'detection' / f'{name}.py' for name in OURS), *(HOST / f'{name}.py' for name in STOCK)]


def losses_and_metrics(site, folder, configs):
    """Train and evaluate in a process of its own, with the mmcv of ``site`` in front."""
    out = folder / 'found.json'
    paths = [*([] if site is None else [site]), ROOT]
    environment = {**os.environ, 'PYTHONPATH': os.pathsep.join(map(str, paths)), 'OMP_NUM_THREADS': '1'}
    if site is None:
        environment['PYTHONPATH'] += os.pathsep + os.environ.get('PYTHONPATH', '')
    script = Path(__file__).with_name('detectors.py')
    command = [
        sys.executable,
        str(script),
        str(folder.parent / 'data'),
        str(folder / 'run'),
        str(out),
        *map(str, configs),
    ]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(out.read_text())


@pytest.mark.slow
def test_detectors_train_and_are_evaluated_on_the_stand_ins(without_operators, tmp_path):
    write_coco(tmp_path / 'data')
    for name in ('stand_ins', 'compiled'):
        (tmp_path / name).mkdir()
    found = losses_and_metrics(without_operators, tmp_path / 'stand_ins', CONFIGS)
    wrong = []
    for name, result in found.items():
        values = [value for step in result['losses'] for value in step.values()]
        evaluated = result['metrics'].get('coco/bbox_mAP', -1) >= 0
        if len(result['losses']) != 3 or not all(map(math.isfinite, values)) or not evaluated:
            wrong.append((name, result))
    assert wrong == []
    assert len(found) == len(CONFIGS)
    if COMPILED is None:
        pytest.skip('on the stand-ins all went well; mmcv has no compiled operators here to compare the losses with')
    expected = losses_and_metrics(None, tmp_path / 'compiled', CONFIGS)
    for name, result in found.items():
        for step, (mine, compiled) in enumerate(zip(result['losses'], expected[name]['losses'], strict=True)):
            assert mine == pytest.approx(compiled, rel=1e-6, abs=1e-6), (name, step)
