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
from mmengine.evaluator import Evaluator
from mmengine.registry import HOOKS, DefaultScope
from mmengine.structures import InstanceData

from agmax_mm.detection.record import DetectionRecordHook, run_lengths
from agmax_mm.results.detections import draw_detections, load_detections, mask_of
from agmax_mm.results.overview import write_overview
from agmax_mm.results.runs import Run
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
    return Run(name, {'config': 'x.py', 'config_sha256': name, 'status': 'completed', **empty}, folder)


def test_report_shows_runs_on_the_same_data_together(tmp_path):
    for number in range(12):
        cv2.imwrite(str(tmp_path / f'{number}.png'), np.full((200, 200, 3), 10 * number, np.uint8))
    for name, seed in (('baseline', 3), ('agmax', 3), ('other', 8)):
        evaluate(tmp_path / name, make_images(seed), pictures=2 if name == 'other' else 1)
    runs = [finished(name, tmp_path / name) for name in ('baseline', 'agmax', 'other')]
    runs.append(finished('classifier', tmp_path))
    # Another seed of the first, which needs no column of its own.
    runs.append(Run('again', runs[0].record, tmp_path / 'baseline'))
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


def test_masks_survive_as_run_lengths():
    """Against COCO's own code, and back."""
    from pycocotools import mask as coco

    generator = np.random.default_rng(0)
    masks = [generator.random((7, 5)) < 0.4, np.ones((3, 4), bool), np.zeros((3, 4), bool), np.eye(4, dtype=np.uint8)]
    for mask in masks:
        lengths = json.loads(json.dumps(run_lengths(mask)))
        assert (mask_of(lengths) == mask.astype(bool)).all()
        assert (coco.decode(coco.frPyObjects(lengths, *lengths['size'])) == mask).all()


def _recorded(folder, scores=(0.9, 0.6), paths=('0.png', '1.png'), classes=('box',)):
    """A record of two images of 40 x 40 with one object and one detection each, which has a mask."""
    mask = np.zeros((40, 40), bool)
    mask[10:30, 10:30] = True
    box = {'boxes': [[10.0, 10.0, 30.0, 30.0]], 'labels': [0]}
    pictures = [
        {
            'path': str(folder.parent / path),
            'truth': box,
            'found': {**box, 'scores': [score], 'masks': [run_lengths(mask)]},
        }
        for score, path in zip(scores, paths, strict=True)
    ]
    content = {'classes': classes, 'rule': 'coco', 'recall': [], 'curves': {}, 'score': 0.4, 'pictures': pictures}
    folder.mkdir(exist_ok=True)
    (folder / 'detections.json').write_text(json.dumps(content))


def _filled(path):
    """The share of a picture's columns' pixels that have the colour of a drawn mask."""
    image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB).astype(int)
    drawn = (np.abs(image - 0.65 * np.array([0x00, 0x72, 0xB2])) < 4).all(axis=2)
    return [half.mean() for half in (drawn[:, : image.shape[1] // 2], drawn[:, image.shape[1] // 2 :])]


def test_drawn_detections_are_the_recorded_ones(tmp_path):
    for name in ('0.png', '1.png'):
        cv2.imwrite(str(tmp_path / name), np.zeros((40, 40, 3), np.uint8))
    _recorded(tmp_path / 'run')
    runs = {'run': Run('run', {}, tmp_path / 'run')}
    draw_detections(runs, tmp_path / 'all.png')
    truth, found = _filled(tmp_path / 'all.png')
    assert truth == 0.0
    assert 0.1 < found < 0.3
    draw_detections(runs, tmp_path / 'sure.png', score=0.7)
    assert _filled(tmp_path / 'sure.png')[1] == pytest.approx(found / 2, rel=0.05)
    draw_detections(runs, tmp_path / 'one.png', images=1)
    assert cv2.imread(str(tmp_path / 'one.png')).shape[0] < 0.6 * cv2.imread(str(tmp_path / 'all.png')).shape[0]


def test_what_cannot_be_drawn_is_named(tmp_path):
    for name in ('0.png', '1.png'):
        cv2.imwrite(str(tmp_path / name), np.zeros((40, 40, 3), np.uint8))
    _recorded(tmp_path / 'a')
    _recorded(tmp_path / 'b', paths=('1.png', '0.png'))
    _recorded(tmp_path / 'gone', paths=('0.png', '2.png'))
    a, b, gone, none = (Run(name, {}, tmp_path / name) for name in ('a', 'b', 'gone', 'none'))
    for runs, options, message in (
        ({'a': a}, {'images': 3}, 'images: expected 1 to 2.*got 3.*default_hooks.detections.pictures'),
        ({'a': a}, {'images': 0}, 'got 0'),
        ({'a': a}, {'score': 0.3}, 'score: expected 0.4.*got 0.3.*default_hooks.detections.score'),
        ({'a': a, 'b': b}, {}, 'b: expected the classes and test images of a, got others'),
        ({'gone': gone}, {}, r"expected the image '.*2.png'"),
        ({'none': none}, {}, 'none: expected detections.json in'),
    ):
        with pytest.raises(ValueError, match=message):
            draw_detections(runs, tmp_path / 'x.png', **options)
    assert not (tmp_path / 'x.png').exists()


def test_masks_of_the_drawn_images_are_recorded(tmp_path):
    """Those of the pictures alone, those of detections with enough score, and those of objects in the image's size."""
    from mmdet.structures import DetDataSample
    from mmdet.structures.mask import BitmapMasks

    samples = []
    for number in range(3):
        one = DetDataSample(metainfo={'img_path': f'{number}.png', 'img_id': number, 'ori_shape': (8, 8)})
        masks = torch.zeros(2, 8, 8, dtype=torch.bool)
        masks[0, :4] = True
        boxes = torch.tensor([[0.0, 0, 8, 4], [0, 0, 1, 1]])
        found = {'bboxes': boxes, 'labels': torch.zeros(2, dtype=torch.long), 'scores': torch.tensor([0.9, 0.1])}
        one.pred_instances = InstanceData(**found, masks=masks)
        # The pipeline has halved the image.
        truth = BitmapMasks(np.ones((1, 4, 4), np.uint8), 4, 4)
        one.gt_instances = InstanceData(bboxes=boxes[:1], labels=torch.zeros(1, dtype=torch.long), masks=truth)
        samples.append(one)
    hook = DetectionRecordHook(pictures=2, score=0.5)
    loop = SimpleNamespace(dataloader=SimpleNamespace(dataset=samples))
    hook.after_test_iter(SimpleNamespace(test_loop=loop), 0, None, samples)
    assert ['masks' in image for image in hook._images] == [True, False, True]
    assert hook._images[0]['masks'] == [run_lengths(np.repeat([True, False], 4)[:, None].repeat(8, axis=1))]
    assert hook._images[2]['true_masks'] == [run_lengths(np.ones((8, 8)))]


def test_instances_of_other_box_types_are_read():
    """Detectors may hand out boxes as objects around a tensor."""
    from agmax_mm.detection.record import _array

    wrapped = SimpleNamespace(tensor=torch.ones(2, 4))
    assert _array(wrapped).shape == _array(InstanceData(boxes=torch.ones(2, 4)).boxes).shape == (2, 4)
