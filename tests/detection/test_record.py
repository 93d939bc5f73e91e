"""The record of an evaluation: taken along while a detector is evaluated, and drawn in reports and pictures."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

pytest.importorskip('mmcv.ops', exc_type=ImportError)

from mmdet.evaluation import VOCMetric
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.registry import HOOKS, DefaultScope
from mmengine.structures import InstanceData

from agmax_mm.detection.pictures import open_test_images
from agmax_mm.detection.record import DetectionRecordHook
from agmax_mm.results.detections import load_detections
from agmax_mm.results.overview import write_overview
from agmax_mm.results.runs import Run
from tests.detection.sets import write_voc
from tests.detection.test_evaluators import CLASSES, make_images, sample, voc_average_precision

TYPE = 'agmax_mm.detection.record.DetectionRecordHook'


def evaluate(folder, images, stage='val', **options):
    """What a loop does with a hook, on detections that are given."""
    folder.mkdir(exist_ok=True)
    with DefaultScope.overwrite_default_scope('mmdet'):
        hook = HOOKS.build(dict(type=TYPE, **options))
    evaluator = Evaluator(VOCMetric(metric='mAP', eval_mode='area'))
    evaluator.dataset_meta = {'classes': CLASSES}
    dataset = type('Set', (list,), {'metainfo': {'classes': CLASSES}})(images)
    loop = SimpleNamespace(evaluator=evaluator, dataloader=SimpleNamespace(dataset=dataset))
    runner = SimpleNamespace(work_dir=str(folder), val_loop=loop, test_loop=loop)
    getattr(hook, f'before_{stage}_epoch')(runner)
    for number in range(0, len(images), 4):
        samples = [sample(image, number + index) for index, image in enumerate(images[number : number + 4])]
        for index, one in enumerate(samples):
            one.set_metainfo({'img_path': str(folder.parent / f'{number + index}.png')})
        evaluator.process(data_samples=samples, data_batch=None)
        getattr(hook, f'after_{stage}_iter')(runner, number // 4, None, samples)
    metrics = evaluator.evaluate(len(images))
    getattr(hook, f'after_{stage}_epoch')(runner, metrics)
    return metrics, json.loads((folder / 'detections.json').read_text())


@pytest.mark.parametrize('stage', ['val', 'test'])
def test_evaluation_leaves_curves_with_its_own_score_and_pictures(tmp_path, stage):
    images = make_images()
    metrics, record = evaluate(tmp_path / 'run', images, stage, pictures=3, score=0.5)
    scores = [record['curves'][name]['ap50'] for name in CLASSES]
    assert np.mean(scores) == pytest.approx(metrics['pascal_voc/mAP'], abs=1e-6)
    assert scores == pytest.approx([voc_average_precision(images, label, 'area') for label in range(3)], abs=1e-6)
    assert (record['rule'], record['classes'], len(record['recall'])) == ('voc area', list(CLASSES), 101)
    assert [re.search(r'(\d+)\.png', picture['path'])[1] for picture in record['pictures']] == ['0', '5', '11']
    for number, picture in zip((0, 5, 11), record['pictures'], strict=True):
        _, labels, hards = images[number]['truth']
        assert picture['truth']['labels'] == [label for label, hard in zip(labels, hards, strict=True) if not hard]
        expected = sorted(score for score in images[number]['found'][2] if score >= 0.5)
        assert sorted(picture['found']['scores']) == pytest.approx(expected)
        assert len(picture['found']['boxes']) == len(expected)


def test_a_second_evaluation_replaces_the_first(tmp_path):
    evaluate(tmp_path / 'run', make_images())
    _, record = evaluate(tmp_path / 'run', make_images(seed=8))
    assert record['curves']['cup']['ap50'] == pytest.approx(voc_average_precision(make_images(seed=8), 0, 'area'))


def test_impossible_options_are_named():
    with pytest.raises(ValueError, match=r'expected pictures of at least 0 and a score in 0\.\.1, got -1 and 0\.4'):
        DetectionRecordHook(pictures=-1)


def finished(name, folder):
    empty = {'scores': {'last': {}, 'best': {}}, 'history': {'train': [], 'val': []}}
    return Run(name, {'config': 'x.py', 'status': 'completed', **empty}, folder)


def test_report_shows_runs_on_the_same_data_together(tmp_path):
    for number in range(12):
        cv2.imwrite(str(tmp_path / f'{number}.png'), np.full((200, 200, 3), 10 * number, np.uint8))
    for name, seed in (('baseline', 3), ('agmax', 3), ('other', 8)):
        evaluate(tmp_path / name, make_images(seed), pictures=2 if name == 'other' else 1)
    runs = [finished(name, tmp_path / name) for name in ('baseline', 'agmax', 'other')]
    runs.append(finished('classifier', tmp_path))
    write_overview(runs, tmp_path / 'report', 'Results')
    text = (tmp_path / 'report' / 'report.md').read_text()
    assert re.findall(r'^## (Prec.*|Det.*)$', text, re.MULTILINE) == ['Precision and recall', 'Detections'] * 2
    sizes = [cv2.imread(str(tmp_path / 'report' / f'detections_{group}_1.png')).shape for group in (1, 2)]
    # Truth and two runs beside each other, then truth and one; one image, then two.
    assert sizes[0][1] > 1.3 * sizes[1][1]
    assert sizes[1][0] > 1.5 * sizes[0][0]
    for group in (1, 2):
        picture = cv2.imread(str(tmp_path / 'report' / f'precision_recall_{group}_1_1.png'))
        colours = {tuple(pixel) for pixel in picture.reshape(-1, 3)[:, ::-1].tolist()}
        assert ((0x00, 0x72, 0xB2) in colours, (0xD5, 0x5E, 0x00) in colours) == (True, group == 1)


def test_report_without_the_images_shows_the_curves_alone(tmp_path):
    evaluate(tmp_path / 'run', make_images())
    write_overview([finished('run', tmp_path / 'run')], tmp_path / 'report', 'Results')
    text = (tmp_path / 'report' / 'report.md').read_text()
    assert ('## Precision and recall' in text, '## Detections' in text) == (True, False)


def test_damaged_record_is_named(tmp_path):
    (tmp_path / 'detections.json').write_text('{"classes": []')
    with pytest.raises(ValueError, match=r"expected JSON in '.*detections.json'"):
        load_detections(finished('run', tmp_path))
    (tmp_path / 'detections.json').write_text('{"classes": []}')
    with pytest.raises(ValueError, match=r"which lacks \['rule', 'recall', 'curves', 'pictures'\]"):
        load_detections(finished('run', tmp_path))


@pytest.mark.parametrize('resize_first', [True, False])
def test_drawn_truth_is_as_annotated_wherever_the_pipeline_resizes(tmp_path, resize_first):
    write_voc(tmp_path)
    load, resize = dict(type='LoadAnnotations', with_bbox=True), dict(type='Resize', scale=(48, 48), keep_ratio=True)
    steps = [resize, load] if resize_first else [load, resize]
    dataset = dict(
        type='XMLDataset',
        data_root=f'{tmp_path}/',
        ann_file='VOC2007/ImageSets/Main/test.txt',
        data_prefix=dict(sub_data_root='VOC2007/'),
        metainfo=dict(classes=('box',)),
        test_mode=True,
        serialize_data=False,
        pipeline=[dict(type='LoadImageFromFile'), *steps, dict(type='PackDetInputs')],
    )
    samples, truth, classes = open_test_images(Config(dict(test_dataloader=dict(dataset=dataset))), 5)
    assert (len(samples), len(truth), classes) == (2, 2, ('box',))
    for picture in truth:
        (left, top, right, bottom), inside = picture['boxes'][0].astype(int), picture['image'].mean(axis=2) > 150
        rows, columns = np.nonzero(inside)
        assert np.abs([columns.min() - left, rows.min() - top]).max() <= 1
        assert np.abs([columns.max() + 1 - right, rows.max() + 1 - bottom]).max() <= 1


def test_instances_of_other_box_types_are_read():
    """Detectors may hand out boxes as objects around a tensor."""
    from agmax_mm.detection.record import _array

    wrapped = SimpleNamespace(tensor=torch.ones(2, 4))
    assert _array(wrapped).shape == _array(InstanceData(boxes=torch.ones(2, 4)).boxes).shape == (2, 4)
