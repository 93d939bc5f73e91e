"""From class folders to detections: two arms pre-trained and fine-tuned by one command, with a table of both."""

import argparse
import json
import os
import shutil
import signal
import time
from contextlib import nullcontext
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

pytest.importorskip('mmcv.ops', exc_type=ImportError)

from agmax_mm.commands import compare
from agmax_mm.engine.options import parse_options
from agmax_mm.experiments.executors import InProcess
from agmax_mm.experiments.study import read_study
from agmax_mm.experiments.study_records import run_keys
from agmax_mm.experiments.study_transfers import check_transfers
from tests.detection.sets import IN_PROCESS, SMALL_DETECTOR, edit_coco, write_coco, write_voc

ROOT = Path(__file__).parents[2]
STUDY = """
'''Pre-trained and fine-tuned.'''
base = 'base.py'
arms = dict(plain={{}}, mi={{'model.agreement': 'mi'}})
seeds = [1]
metrics = ['accuracy/top1']
transfers = dict(boxes=dict(task='voc', data_root={data!r}, classes=['box'], finetune='full', iters=2, batch_size=2,
    image_size=96, options={options!r}))
"""
BASE = f"""
_base_ = [{str(ROOT / 'configs/_base_/datasets/cifar10.py')!r}, {str(ROOT / 'configs/_base_/default_runtime.py')!r}]
model = dict(type='agmax_mm.AgMaxClassifier', backbone=dict(type='ResNet', depth=18),
    neck=dict(type='GlobalAveragePooling'), head=dict(type='LinearClsHead', num_classes=10, in_channels=512,
    loss=dict(type='CrossEntropyLoss')))
# As the detector's.
data_preprocessor = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
train_dataloader = dict(num_workers=0, batch_size=10)
val_dataloader = dict(num_workers=0)
test_dataloader = val_dataloader
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01))
train_cfg = dict(by_epoch=True, max_epochs=1, val_interval=1)
val_cfg = dict()
test_cfg = dict()
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Call the command in this process, and let it train there, too."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        parser = argparse.ArgumentParser()
        compare.add_arguments(parser)
        given = ['study.py', '--data-root', 'images', '--executor', 'same-process', *arguments]
        compare.main(parser.parse_args(given))

    return call


@pytest.fixture
def outliving(monkeypatch):
    """Each training forks a process that outlives it, as the pool of the host's VOC metric may."""
    children, start = [], InProcess.start

    def started(self, *args, **options):
        child = os.fork()
        if child == 0:
            time.sleep(600)
            os._exit(0)
        children.append(child)
        return start(self, *args, **options)

    monkeypatch.setattr(InProcess, 'start', started)
    yield children
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_from_pictures_to_the_table_in_one_command(tmp_path, run, outliving):
    generator = np.random.default_rng(0)
    for split in ('train', 'test'):
        for label in range(10):
            folder = tmp_path / 'images' / split / f'c{label}'
            folder.mkdir(parents=True)
            cv2.imwrite(str(folder / '0.png'), generator.integers(0, 256, (32, 32, 3), dtype=np.uint8))
    write_voc(tmp_path / 'boxes')
    options = parse_options([*SMALL_DETECTOR, *IN_PROCESS])
    text = STUDY.format(data=str(tmp_path / 'boxes'), options=options)
    (tmp_path / 'base.py').write_text(BASE)

    mistakes = {
        'epoch=1': "transfers.boxes: unknown key 'epoch', the nearest known one is 'epochs'",
        "metrics=['coco/bbox_mAP']": "expected names that begin with pascal_voc/, got 'coco/bbox_mAP'",
    }
    for mistake, message in mistakes.items():
        (tmp_path / 'study.py').write_text(text.replace("task='voc'", f"task='voc', {mistake}"))
        with pytest.raises(ValueError, match=message):
            run('--dry-run')

    (tmp_path / 'study.py').write_text(text)
    run()
    runs = tmp_path / 'work_dirs/study'
    found = json.loads((runs / 'study.json').read_text())['transfers']['boxes']
    assert found['metric'] == 'pascal_voc/mAP'
    assert found['arms']['mi']['reference'] == 'plain'
    weights = {}
    for arm in ('plain', 'mi'):
        folder = runs / 'transfers/boxes' / f'{arm}-seed_1'
        record = json.loads((folder / 'seed_1/result.json').read_text())
        assert record['seed'] == 1
        assert found['arms'][arm]['runs']['1']['last'] == pytest.approx(
            100 * record['scores']['last']['pascal_voc/mAP']
        )
        # Each from the backbone of its own arm.
        weights[arm] = load_file(folder / 'backbone.safetensors')
        own = load_file(runs / arm / 'seed_1/backbone_last.safetensors')
        assert all(torch.equal(tensor, own[name]) for name, tensor in weights[arm].items())
    assert any(not torch.equal(tensor, weights['mi'][name]) for name, tensor in weights['plain'].items())
    page = (runs / 'study.md').read_text()
    assert '## Fine-tuned: boxes' in page
    for file in ('boxes.svg', 'differences.svg', 'boxes/detections_1_1.png'):
        assert f'(study_figures/{file})' in page
        assert (runs / 'study_figures' / file).is_file()

    # Runs of other data have no place beside these.
    annotation, picture = tmp_path / 'boxes/VOC2007/Annotations/000.xml', tmp_path / 'images/train/c3/0.png'
    for file, old, new, what in (
        (annotation, b'<xmin>', b'<xmin>1', 'transfers.boxes'),
        (picture, picture.read_bytes(), (tmp_path / 'images/train/c4/0.png').read_bytes(), 'plain'),
    ):
        before = file.read_bytes()
        assert old in before
        file.write_bytes(before.replace(old, new))
        for arguments in ([], ['--no-train']):
            with pytest.raises(ValueError, match=f"{what}: expected the data that 'work_dirs/study' was begun with"):
                run(*arguments)
        file.write_bytes(before)

    # What is recorded needs neither its run's folder nor its own.
    first = (runs / 'study.json').read_text()
    for folder in ('plain', 'mi', 'transfers/boxes/plain-seed_1'):
        shutil.rmtree(runs / folder)
    run()
    assert (runs / 'study.json').read_text() == first
    assert not (runs / 'plain' / 'seed_1').exists()


ONE_ARM = """
'''A title.'''
base = 'base.py'
arms = dict(a={{}})
seeds = [0]
transfers = dict(fruit={given!r})
"""


def test_a_fine_tuning_is_known_by_its_data_and_no_masks_are_asked_of_a_detector_of_boxes(tmp_path):
    (tmp_path / 'base.py').write_text(BASE)
    given = dict(task='coco', data_root=str(write_coco(tmp_path / 'fruit')))
    given['metrics'] = ['coco/bbox_mAP_50', 'coco/segm_mAP']
    (tmp_path / 'study.py').write_text(ONE_ARM.format(given={**given, 'detector': 'mask-rcnn'}))
    study = read_study(tmp_path / 'study.py')
    first = check_transfers(study)
    edit_coco(tmp_path / 'fruit', lambda content: content['annotations'][0]['bbox'].reverse())
    second = check_transfers(study)
    keys, others = (run_keys(study, {'a': 'print'}, prints) for prints in (first, second))
    assert {name for name in keys if keys[name] != others[name]} == {'transfers/fruit/a-seed_0'}
    (tmp_path / 'study.py').write_text(ONE_ARM.format(given={**given, 'detector': 'faster-rcnn'}))
    with pytest.raises(ValueError, match="transfers.fruit: metrics: .* begin with coco/bbox_, got 'coco/segm_mAP'"):
        check_transfers(read_study(tmp_path / 'study.py'))


OWN_EVALUATORS = """
_base_ = ['../configs/detection/faster-rcnn_r50_fpn_1x_voc0712.py']
val_evaluator = [{evaluators}]
"""
VOC = "dict(type='mmdet.VOCMetric', metric='mAP')"


@pytest.mark.parametrize(
    ('evaluators', 'metrics', 'message'),
    [
        (VOC, [], ''),
        (VOC, ['pascal_voc/AP50'], ''),
        (VOC, ['own/score'], "expected names that begin with pascal_voc/, got 'own/score'"),
        (f"{VOC}, dict(type='Own')", ['own/score'], ''),
    ],
)
def test_a_config_of_ones_own_may_have_several_evaluators(tmp_path, evaluators, metrics, message):
    (tmp_path / 'base.py').write_text(BASE)
    config = OWN_EVALUATORS.replace('../configs', str(ROOT / 'configs')).format(evaluators=evaluators)
    (tmp_path / 'detector.py').write_text(config)
    given = dict(task='voc', config='detector.py', data_root=str(write_voc(tmp_path / 'boxes')), classes=['box'])
    (tmp_path / 'study.py').write_text(ONE_ARM.format(given={**given, 'metrics': metrics}))
    with pytest.raises(ValueError, match=message) if message else nullcontext():
        check_transfers(read_study(tmp_path / 'study.py'))


STUDY_OF_CONFIGS = """
'''A title.'''
base = {base!r}
arms = dict(a={{}}, b={{}})
seeds = [0]
transfers = dict(own=dict(task='voc', config={config!r}), none=dict(task='voc'))
"""


def test_configs_lie_beside_the_study_or_are_recipes(tmp_path, monkeypatch):
    """Base and transfers alike, wherever the command is called; an absolute path stays what it is."""
    folder, recipes = tmp_path / 'studies', ROOT / 'configs'
    folder.mkdir()
    for name in ('base.py', 'detector.py'):
        (folder / name).write_text('')
    monkeypatch.chdir(tmp_path)
    recipe = 'detection/faster-rcnn_regnetx-200mf_fpn_1x_voc0712'
    cases = {
        ('base.py', 'detector.py'): (folder / 'base.py', folder / 'detector.py'),
        (str(folder / 'base.py'), str(folder / 'detector.py')): (folder / 'base.py', folder / 'detector.py'),
        ('baseline/wrn40-2_standard_200e_cifar10', recipe): (
            recipes / 'baseline' / 'wrn40-2_standard_200e_cifar10.py',
            recipes / f'{recipe}.py',
        ),
    }
    for (base, config), expected in cases.items():
        (folder / 'study.py').write_text(STUDY_OF_CONFIGS.format(base=base, config=config))
        study = read_study(Path('studies/study.py'))
        assert (study.base.resolve(), Path(study.transfers['own']['config']).resolve()) == expected
        assert 'config' not in study.transfers['none']


@pytest.mark.parametrize(
    ('base', 'config', 'message'),
    [
        ('bas.py', 'detector.py', r"study\.py': base: config: expected a file or the name of a recipe, got 'bas\.py'"),
        ('base.py', './no.py', r"study\.py': transfers\.own: config: expected a file, got '\./no\.py'"),
    ],
)
def test_configs_that_are_nowhere_are_named(tmp_path, base, config, message):
    (tmp_path / 'base.py').write_text('')
    (tmp_path / 'study.py').write_text(STUDY_OF_CONFIGS.format(base=base, config=config))
    with pytest.raises(ValueError, match=message):
        read_study(tmp_path / 'study.py')
