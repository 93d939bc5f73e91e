"""The demonstration's plan and configs; with --runslow all of it, shortened."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agmax_mm.demo.layout import ARMS, DETECTORS, Layout
from agmax_mm.demo.plan import build_plan
from agmax_mm.engine.config import load_config
from agmax_mm.locks import locked
from agmax_mm.signals import EXIT_RESUME

ROOT = Path(__file__).parents[2]


def _plan(root, seed=0):
    return {stage.name: stage for stage in build_plan(Layout(root), seed)}


def _without_arm(part, arm, work_dir):
    """A command's part with ARM in the place of the arm. The folders of checkout and run may have any name."""
    for folder in (ROOT, work_dir):
        part = part.replace(str(folder), 'FOLDER')
    return part.replace(f'_{arm}', '_ARM')


def test_both_arms_run_the_same_commands_but_for_the_arm(tmp_path):
    plan = _plan(tmp_path)
    for kind in ('pretrain', *DETECTORS):
        commands = [[_without_arm(part, arm, tmp_path) for part in plan[f'{kind}_{arm}'].action] for arm in ARMS]
        assert commands[0] == commands[1]
    for detector in DETECTORS:
        command = ' '.join(plan[f'{detector}_agmax'].action)
        assert f'{tmp_path}/pretrain_agmax/backbone_last.safetensors' in command
        assert f'test_dataloader.dataset.data_root={tmp_path}/data/' in command
        assert 'pretrain_agmax' in plan[f'{detector}_agmax'].needs
    assert set(plan['report'].needs) == set(plan) - {'report'}


def test_pretraining_arms_differ_in_views_and_agreement_alone():
    arms = [load_config(f'configs/demo/pretrain_{arm}.py').to_dict() for arm in ARMS]
    assert arms[1]['model'].pop('agreement') == dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0)
    views = [step for step in arms[1]['train_dataloader']['dataset']['pipeline'] if 'num_views' in step]
    assert [step['num_views'] for step in views] == [2]
    views[0]['num_views'] = 1
    for arm in arms:
        arm.pop('filename', None)
    assert arms[0] == arms[1]


@pytest.mark.parametrize('name', DETECTORS)
def test_detectors_train_every_layer_and_match_the_backbone(name):
    pytest.importorskip('mmdet.models')
    from mmdet.registry import MODELS
    from mmdet.utils import register_all_modules
    from mmengine.registry import DefaultScope

    register_all_modules(init_default_scope=False)
    pretrain = load_config('configs/demo/pretrain_agmax.py')
    detector = load_config(f'configs/demo/{name}.py')
    with DefaultScope.overwrite_default_scope('mmdet'):
        model = MODELS.build(detector.model)
    from mmpretrain.registry import MODELS as CLASSIFIERS

    with DefaultScope.overwrite_default_scope('mmpretrain'):
        backbone = CLASSIFIERS.build(pretrain.model.backbone)
    shapes = {key: value.shape for key, value in backbone.state_dict().items()}
    assert {key: value.shape for key, value in model.backbone.state_dict().items()} == shapes
    model.train()
    assert all(parameter.requires_grad for parameter in model.backbone.parameters())
    assert model.backbone.bn1.training
    assert model.roi_head.bbox_head.num_classes == 10
    assert detector.optim_wrapper.clip_grad.max_norm > 0


def test_another_seed_changes_every_run(tmp_path):
    plans = [_plan(tmp_path, seed) for seed in (0, 1)]
    for name in ('data', 'pretrain_baseline', 'faster-rcnn_digits_voc_agmax'):
        assert plans[0][name].action != plans[1][name].action


def _start(tmp_path):
    return subprocess.Popen(
        [sys.executable, 'tools/demo.py', '--work-dir', str(tmp_path / 'demo')],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
    )


def _wait_for(file):
    limit = time.monotonic() + 120
    while not (file.is_file() and file.stat().st_size) and time.monotonic() < limit:
        time.sleep(0.1)
    assert file.is_file()


def test_demo_stops_on_request_and_refuses_a_second_one(tmp_path):
    demo = _start(tmp_path)
    _wait_for(tmp_path / 'demo' / '.lock')
    second = _start(tmp_path)
    refused = second.communicate(timeout=120)[1].splitlines()[-1]
    assert re.search(rf'expected no other run in it, got demo \(process {demo.pid} on ', refused)
    assert second.returncode == 1
    # Within its first stage, whose process is stopped, too.
    _wait_for(tmp_path / 'demo' / 'stages' / 'data' / 'progress.json')
    demo.send_signal(signal.SIGTERM)
    stderr = demo.communicate(timeout=60)[1]
    assert stderr.splitlines()[-1] == 'interrupted; the same command goes on from here'
    assert 'Traceback' not in stderr
    assert demo.returncode == EXIT_RESUME
    assert json.loads((tmp_path / 'demo' / 'stages' / 'data' / 'stage.json').read_text())['status'] == 'interrupted'
    with locked(tmp_path / 'demo', 'test'):  # all that held it are gone
        pass


@pytest.mark.slow
def test_whole_demonstration_shortened(tmp_path):
    from agmax_mm.experiments.executors import Processes
    from agmax_mm.experiments.stages import Pipeline

    layout = Layout(tmp_path)
    short = ['train_cfg.max_epochs=2', 'train_cfg.val_interval=1', 'default_hooks.checkpoint.interval=1']
    steps = ['train_cfg.max_iters=4', 'train_cfg.val_interval=4', 'default_hooks.checkpoint.interval=2']
    overrides = {f'pretrain_{arm}': short for arm in ARMS} | dict.fromkeys(DETECTORS, steps)
    plan = build_plan(layout, 0, overrides)
    environment = {'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(ROOT)}
    for expected in (len(plan), 0):
        assert Pipeline(plan, tmp_path / 'logs', executor=Processes(2, environment)).run() == expected
    results = json.loads((layout.report / 'results.json').read_text())
    assert [row['pre-training'] for row in results['table']] == ['baseline', 'AgMax', 'two views only']
    assert {run['iterations'] for name, run in results['runs'].items() if name.startswith('pretrain')} == {8}
    assert {run['iterations'] for name, run in results['runs'].items() if 'rcnn' in name} == {4}
    page = (layout.report / 'index.html').read_text()
    for picture in layout.report.glob('*.png'):
        assert f'src="{picture.name}"' in page
