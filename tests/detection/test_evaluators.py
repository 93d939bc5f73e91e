"""The scores that runs report equal those of evaluators written independently, for the same detections.

Pascal VOC's average precision is written down here from its definition; COCO's is compared with pycocotools on a file
of detections, and both with cases worked by hand. The curves of reports come with the same scores.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json

import numpy as np
import pytest
import torch

pytest.importorskip('mmcv.ops', exc_type=ImportError)

from mmdet.evaluation import CocoMetric, VOCMetric
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from agmax_mm.detection.datasets import CheckedCocoMetric
from agmax_mm.detection.record import coco_curves, voc_curves

CLASSES = ('cup', 'fig', 'hat')


def overlap(one, other):
    """Of boxes whose last pixel belongs to them, as Pascal VOC counts."""
    width = min(one[2], other[2]) - max(one[0], other[0]) + 1
    height = min(one[3], other[3]) - max(one[1], other[1]) + 1
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0] + 1) * (box[3] - box[1] + 1) for box in (one, other)]
    return width * height / (sum(areas) - width * height)


def voc_average_precision(images, label, points):
    """Average precision of one class, in plain Python; detections of equal scores in the order of their images."""
    objects = [
        [(box, hard) for box, kind, hard in zip(*image['truth'], strict=True) if kind == label] for image in images
    ]
    detections = [
        (score, number, box)
        for number, image in enumerate(images)
        for box, kind, score in zip(*image['found'], strict=True)
        if kind == label
    ]
    total = sum(not hard for image in objects for _, hard in image)
    taken, right, wrong, curve = set(), 0, 0, []
    for _, number, box in sorted(detections, key=lambda entry: -entry[0]):
        overlaps = [overlap(box, known) for known, _ in objects[number]]
        best = max(range(len(overlaps)), key=overlaps.__getitem__, default=None)
        if best is None or overlaps[best] < 0.5:
            wrong += 1
        elif objects[number][best][1]:  # difficult: neither right nor wrong
            continue
        elif (number, best) in taken:
            wrong += 1
        else:
            taken.add((number, best))
            right += 1
        curve.append((right / total, right / (right + wrong)))

    def at(recall):
        return max((precision for reached, precision in curve if reached >= recall - 1e-9), default=0.0)

    if points == '11points':
        return sum(at(step / 10) for step in range(11)) / 11
    steps = sorted({0.0, *(reached for reached, _ in curve)})
    return sum((after - before) * at(after) for before, after in itertools.pairwise(steps))


def make_images(seed=3, count=12):
    """Detections that are right, doubled, shifted, of the wrong class, of difficult objects, and with equal scores."""
    generator = np.random.default_rng(seed)
    images = []
    for _ in range(count):
        boxes, labels, hards, found = [], [], [], []
        for _ in range(generator.integers(0, 6)):
            corner, size = generator.integers(0, 120, 2), generator.integers(12, 70, 2)
            box = [*corner.tolist(), *(corner + size).tolist()]
            label = int(generator.integers(0, 3))
            boxes.append([float(value) for value in box])
            labels.append(label)
            hards.append(bool(generator.random() < 0.25))
            for _ in range(generator.integers(0, 3)):
                shift = generator.normal(0, 5, 4)
                kind = label if generator.random() < 0.85 else int(generator.integers(0, 3))
                # Two decimals: many scores are equal.
                found.append(([float(v) for v in np.float32(box + shift)], kind, round(float(generator.random()), 2)))
        corner = generator.integers(0, 120, 2)
        found.append(([*map(float, corner), *map(float, corner + 30)], 1, 0.5))
        images.append({'truth': (boxes, labels, hards), 'found': tuple(zip(*found, strict=True))})
    return images


def hand_worked():
    """One class. By score: right, wrong, doubled, difficult, right; three objects count, the third is not found."""
    first = ([[0, 0, 9, 9], [50, 0, 59, 9], [0, 50, 9, 59]], [0, 0, 0], [False, False, True])
    found = ([[0, 0, 9, 9], [100, 100, 109, 109], [0, 0, 9, 8], [0, 50, 9, 59]], [0] * 4, [0.9, 0.8, 0.7, 0.6])
    second = ([[0, 0, 9, 9]], [0], [False])
    return [
        {'truth': first, 'found': found},
        {'truth': second, 'found': ([[0, 0, 9, 4]], [0], [0.6])},
    ]


def sample(image, number):
    boxes, labels, hards = image['truth']
    hard = torch.tensor(hards, dtype=torch.bool)
    truth = InstanceData(bboxes=torch.tensor(boxes).view(-1, 4), labels=torch.tensor(labels, dtype=torch.long))
    found = dict(zip(('bboxes', 'labels', 'scores'), map(torch.tensor, image['found']), strict=True))
    result = DetDataSample(metainfo={'img_id': number, 'ori_shape': (200, 200)})
    result.gt_instances, result.ignored_instances = truth[~hard], truth[hard]
    result.pred_instances = InstanceData(**{**found, 'bboxes': found['bboxes'].float()})
    return result


def record(image, number):
    """As the hook keeps an image."""
    data = sample(image, number)
    parts = {'true': data.gt_instances, 'hard': data.ignored_instances}
    arrays = {f'{name}_boxes': part.bboxes.float().numpy() for name, part in parts.items()}
    arrays |= {f'{name}_labels': part.labels.numpy() for name, part in parts.items()}
    found = data.pred_instances
    arrays |= {'boxes': found.bboxes.numpy(), 'labels': found.labels.numpy(), 'scores': found.scores.numpy()}
    return {**arrays, 'img_id': number}


def voc_score(images, classes, mode):
    metric = VOCMetric(metric='mAP', eval_mode=mode)
    metric.dataset_meta = {'classes': classes}
    metric.process({}, [sample(image, number).to_dict() for number, image in enumerate(images)])
    return metric.evaluate(len(images))['pascal_voc/mAP']


@pytest.mark.parametrize('mode', ['11points', 'area'])
def test_voc_score_and_curves_equal_the_definition(mode):
    images = make_images()
    expected = [voc_average_precision(images, label, mode) for label in range(3)]
    assert 0.15 < min(expected) < max(expected) < 0.95
    assert voc_score(images, CLASSES, mode) == pytest.approx(np.mean(expected), abs=1e-6)
    curves = voc_curves([record(image, number) for number, image in enumerate(images)], CLASSES, mode)
    assert [curves[name]['ap50'] for name in CLASSES] == pytest.approx(expected, abs=1e-6)
    if mode == '11points':
        drawn = [np.mean(curves[name]['precision50'][::10]) for name in CLASSES]
        assert drawn == pytest.approx(expected, abs=1e-3)


def test_voc_by_hand():
    """Precision 1 up to a recall of 1/3, then 1/2: the difficult one and the third object do not count to it."""
    images = hand_worked()
    # The last detection, of overlap 0.5, is right: 2 of 4 that count, at a recall of 2/3.
    assert overlap([0, 0, 9, 9], [0, 0, 9, 4]) == 0.5
    for mode, expected in (('area', 1 / 3 + 1 / 3 * 1 / 2), ('11points', (4 * 1 + 3 * 1 / 2) / 11)):
        assert voc_average_precision(images, 0, mode) == pytest.approx(expected)
        assert voc_score(images, ('cup',), mode) == pytest.approx(expected, abs=1e-6)
    curve = voc_curves([record(image, number) for number, image in enumerate(images)], ('cup', 'fig'), 'area')
    assert list(curve) == ['cup']
    assert (curve['cup']['objects'], curve['cup']['precision50'][:35]) == (3, [1.0] * 34 + [0.5])
    assert set(curve['cup']['precision50'][67:]) == {0.0}


def write_coco(images, classes, path):
    annotations = []
    for number, image in enumerate(images):
        for box, label, hard in zip(*image['truth'], strict=True):
            width, height = box[2] - box[0], box[3] - box[1]
            entry = {'id': len(annotations) + 1, 'image_id': number, 'category_id': label + 1, 'iscrowd': int(hard)}
            annotations.append({**entry, 'bbox': [box[0], box[1], width, height], 'area': width * height})
    content = {
        'images': [
            {'id': number, 'file_name': f'{number}.jpg', 'width': 200, 'height': 200} for number, _ in enumerate(images)
        ],
        'annotations': annotations,
        'categories': [{'id': index + 1, 'name': name} for index, name in enumerate(classes)],
    }
    path.write_text(json.dumps(content))
    return str(path)


def coco_scores(images, classes, path, metric_class=CheckedCocoMetric):
    metric = metric_class(ann_file=path, metric='bbox', outfile_prefix=path.removesuffix('.json'))
    metric.dataset_meta = {'classes': classes}
    metric.process({}, [sample(image, number).to_dict() for number, image in enumerate(images)])
    return metric, metric.evaluate(len(images))


def test_coco_scores_and_curves_equal_pycocotools(tmp_path):
    images = make_images()
    path = write_coco(images, CLASSES, tmp_path / 'truth.json')
    metric, scores = coco_scores(images, CLASSES, path)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(path)
        evaluation = COCOeval(truth, truth.loadRes(str(tmp_path / 'truth.bbox.json')), 'bbox')
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    names = ('bbox_mAP', 'bbox_mAP_50', 'bbox_mAP_75', 'bbox_mAP_s', 'bbox_mAP_m')
    found = [scores[f'coco/{name}'] for name in names]
    # The host rounds to three decimals.
    assert found == pytest.approx(evaluation.stats[:5].tolist(), abs=5.1e-4)
    assert 0.1 < found[0] < found[1] < 0.95
    curves = coco_curves([record(image, number) for number, image in enumerate(images)], CLASSES, metric)
    assert np.mean([curve['ap'] for curve in curves.values()]) == pytest.approx(evaluation.stats[0], abs=1e-6)
    assert np.mean([curve['ap50'] for curve in curves.values()]) == pytest.approx(evaluation.stats[1], abs=1e-6)
    precision = np.mean([curve['precision'] for curve in curves.values()], axis=0)
    assert precision.mean() == pytest.approx(evaluation.stats[0], abs=1e-4)
    objects = [entry for image in images for entry in zip(*image['truth'], strict=True)]
    counted = [sum(kind == label and not hard for _, kind, hard in objects) for label in range(3)]
    assert [curve['objects'] for curve in curves.values()] == counted


def test_coco_by_hand(tmp_path):
    """Two objects; found by score: one exactly, nothing, the other with an overlap of 0.72.

    Up to an overlap of 0.7 that is a precision of 1 up to a recall of 1/2 (51 of 101 points) and of 2/3 beyond; from
    0.75 on it is 1 up to a recall of 1/2, and 0.
    """
    truth = ([[0, 0, 40, 40], [100, 100, 200, 200]], [0, 0], [False, False])
    found = ([[0, 0, 40, 40], [60, 0, 90, 40], [100, 100, 172, 200]], [0] * 3, [0.9, 0.8, 0.7])
    images = [{'truth': truth, 'found': found}]
    low, high = (51 + 50 * 2 / 3) / 101, 51 / 101
    path = write_coco(images, ('cup', 'fig'), tmp_path / 'truth.json')
    for metric_class in (CocoMetric, CheckedCocoMetric):
        metric, scores = coco_scores(images, ('cup', 'fig'), path, metric_class)
        assert scores['coco/bbox_mAP_50'] == pytest.approx(low, abs=5.1e-4)
        assert scores['coco/bbox_mAP_75'] == pytest.approx(high, abs=5.1e-4)
        assert scores['coco/bbox_mAP'] == pytest.approx((5 * low + 5 * high) / 10, abs=5.1e-4)
    curves = coco_curves([record(images[0], 0)], ('cup', 'fig'), metric)
    assert list(curves) == ['cup']
    assert curves['cup']['precision50'] == [1.0] * 51 + [0.6667] * 50
    assert curves['cup']['ap'] == pytest.approx((5 * low + 5 * high) / 10, abs=1e-6)
    assert curves['cup']['precision'][60] == pytest.approx(1 / 3, abs=1e-4)


def test_ties_are_bounded_by_the_two_orders():
    """Twenty right and twenty wrong detections of one score: the order among them is the evaluator's own."""
    boxes = [[30.0 * i, 0.0, 30.0 * i + 20, 20.0] for i in range(20)]
    wrong = [[30.0 * i, 100.0, 30.0 * i + 20, 120.0] for i in range(20)]
    bounds = []
    for found in (boxes + wrong, wrong + boxes):
        images = [{'truth': (boxes, [0] * 20, [False] * 20), 'found': (found, [0] * 40, [0.5] * 40)}]
        bounds.append(voc_average_precision(images, 0, 'area'))
        score = voc_score(images, ('cup',), 'area')
    assert min(bounds) - 1e-6 <= score <= max(bounds) + 1e-6
    assert bounds == pytest.approx([1, 0.5])


def test_nothing_found_is_no_curve(tmp_path):
    images = [{'truth': ([[0, 0, 9, 9]], [0], [False]), 'found': (np.zeros((0, 4)), np.zeros(0, int), np.zeros(0))}]
    curves = voc_curves([record(images[0], 0)], ('cup',), 'area')
    assert (curves['cup']['ap50'], set(curves['cup']['precision50'])) == (0.0, {0.0})
    path = write_coco(images, ('cup',), tmp_path / 'truth.json')
    metric, _ = coco_scores(images, ('cup',), path)
    assert coco_curves([record(images[0], 0)], ('cup',), metric) == {}
