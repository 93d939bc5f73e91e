"""COCO files as tools write them: ids, crowds, masks and names that the host takes without a word."""

from __future__ import annotations

import codecs
import json

import cv2
import numpy as np
import pytest
import torch

pytest.importorskip('mmcv.ops', exc_type=ImportError)

from mmdet.evaluation import CocoMetric
from pycocotools import mask as coco_mask

from agmax_mm.detection.datasets import CheckedCocoDataset, CheckedCocoMetric
from tests.detection.sets import SIZE, edit_coco, write_coco

HEIGHT, WIDTH = SIZE
MASKS = [dict(type='LoadImageFromFile'), dict(type='mmdet.LoadAnnotations', with_bbox=True, with_mask=True)]


def coco(root, **options):
    options = dict(ann_file='annotations/instances_train.json', metainfo=dict(classes=('box', 'other'))) | options
    return CheckedCocoDataset(data_root=str(root), data_prefix=dict(img='images/'), **options)


def perfect_scores(root, kind, metrics=('bbox', 'segm'), images=None):
    """Evaluate detections that are the annotations themselves, of the first images or all."""
    path = root / 'annotations/instances_val.json'
    metric = kind(ann_file=str(path), metric=list(metrics))
    metric.dataset_meta = dict(classes=('box', 'other'))
    samples = []
    content = json.loads(path.read_bytes())
    for place, image in enumerate(content['images']):
        seen = images is None or place < images
        entries = [entry for entry in content['annotations'] if seen and entry['image_id'] == image['id']]
        boxes = [[x, y, x + w, y + h] for x, y, w, h in (entry['bbox'] for entry in entries)]
        masks = torch.zeros(len(entries), HEIGHT, WIDTH, dtype=torch.bool)
        for row, (left, top, right, bottom) in enumerate(boxes):
            masks[row, top:bottom, left:right] = True
        found = dict(
            bboxes=torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
            scores=torch.ones(len(entries)),
            labels=torch.tensor([entry['category_id'] - 1 for entry in entries], dtype=torch.long),
            masks=masks,
        )
        samples.append(dict(img_id=image['id'], ori_shape=SIZE, pred_instances=found))
    metric.process({}, samples)
    scores = metric.evaluate(size=len(samples))
    return [scores[f'coco/{name}_mAP'] for name in metrics]


RENUMBERINGS = {
    'from 0': lambda number: number - 1,
    'texts': lambda number: f'annotation-{number}',
    'negative': lambda number: -number,
}


@pytest.mark.parametrize('ids', RENUMBERINGS)
def test_perfect_detections_score_1_whatever_the_ids_are(tmp_path, ids):
    write_coco(tmp_path, val=5)
    edit_coco(
        tmp_path,
        lambda content: [entry.update(id=RENUMBERINGS[ids](entry['id'])) for entry in content['annotations']],
        'val',
    )
    assert perfect_scores(tmp_path, CheckedCocoMetric) == [1.0, 1.0]
    if ids == 'from 0':
        assert perfect_scores(tmp_path, CocoMetric, ('bbox',))[0] < 0.9  # what it is for


def test_a_detector_that_finds_nothing_scores_0(tmp_path):
    """The host leaves the score out, and whoever asks for it later finds none."""
    write_coco(tmp_path, names=('box',), val=4)
    edit_coco(tmp_path, lambda content: content['annotations'][0].update(iscrowd=1), 'val')
    assert perfect_scores(tmp_path, CheckedCocoMetric, images=0) == [0.0, 0.0]
    assert perfect_scores(tmp_path, CheckedCocoMetric, images=1) == [0.0, 0.0]  # what is found is of a crowd
    # One of three objects: recall a third, so that 34 of COCO's 101 recalls, from 0 to 0.33, have precision 1.
    assert perfect_scores(tmp_path, CheckedCocoMetric, images=2) == pytest.approx([34 / 101] * 2, abs=1e-3)
    with pytest.raises(KeyError):
        perfect_scores(tmp_path, CocoMetric, images=0)


def test_an_ignored_object_counts_neither_way(tmp_path):
    write_coco(tmp_path, val=4)
    edit_coco(tmp_path, lambda content: content['annotations'][0].update(ignore=1), 'val')
    assert perfect_scores(tmp_path, CheckedCocoMetric) == [1.0, 1.0]
    edit_coco(tmp_path, lambda content: content['annotations'][0].update(ignore=True))
    assert '1 marked as ignored (in train0.png, annotation 1)' in coco(tmp_path).report.summary()


def one_without_image(content):
    content['annotations'][2]['image_id'] = 99


@pytest.mark.parametrize(
    ('spoil', 'place'),
    [
        (one_without_image, 'annotation 3 with image_id 99'),
        (lambda content: content['annotations'][1].update(image_id='1'), "annotation 2 with image_id '1'"),
        (lambda content: content['annotations'][3].pop('image_id'), 'annotation 4 with image_id None'),
        (lambda content: content['annotations'][3].update(image_id=[3]), r'annotation 4 with image_id [3]'),
        (lambda content: content['images'].pop(0), 'annotation 1 with image_id 0'),
    ],
)
def test_annotations_of_images_that_are_not_listed_are_counted(tmp_path, spoil, place):
    write_coco(tmp_path)
    edit_coco(tmp_path, spoil)
    data = coco(tmp_path)
    assert data.report.summary().endswith(f'3 objects; left out: 1 of images that are not listed (in {place})')
    assert sum(len(data.get_data_info(index)['instances']) for index in range(len(data))) == 3


def test_texts_as_ids_of_images_go_together(tmp_path):
    write_coco(tmp_path)
    for split in ('train', 'val'):
        edit_coco(tmp_path, lambda c: [entry.update(id=f'{entry["id"]:06}') for entry in c['images']], split)
        edit_coco(tmp_path, lambda c: [e.update(image_id=f'{e["image_id"]:06}') for e in c['annotations']], split)
    assert coco(tmp_path).report.objects == 4
    assert perfect_scores(tmp_path, CheckedCocoMetric) == [1.0, 1.0]


def every(**changes):
    return lambda content: [
        entry.update({key: value(entry) if callable(value) else value for key, value in changes.items()})
        for entry in content['annotations']
    ]


def shares(entry):
    x, y, w, h = entry['bbox']
    return [x / WIDTH, y / HEIGHT, w / WIDTH, h / HEIGHT]


REFUSED = [
    (
        lambda c: c['images'][2].update(id=0),
        'expected images with ids of their own, got 1 .*: 0 of train0.png and train2.png$',
    ),
    (lambda c: c['images'][2].update(id='2'), 'expected ids of images of one type, got int and str$'),
    (lambda c: c['images'][2].update(id=None), 'train2.png: expected an id, a number or a text, got None$'),
    (lambda c: c['images'][2].update(width=0), 'train2.png: expected a width in pixels, got 0$'),
    (lambda c: c['images'][2].update(height='64'), "train2.png: expected a height in pixels, got '64'$"),
    (lambda c: c['images'][2].update(file_name=7), 'expected a file_name for each of the images'),
    (
        lambda c: c['images'][2].update(file_name='../../train2.png'),
        r'in the data root .* got 1 outside of it: .*train2',
    ),
    (lambda c: c['images'][2].update(file_name='/etc/hosts'), 'got 1 outside of it: /etc/hosts$'),
    (lambda c: c['categories'][1].update(id=1), 'expected categories with ids of their own, .*: 1 of box and other$'),
    (lambda c: c['categories'][1].update(name=None), 'expected a name for each of the categories'),
    (every(iscrowd=1), r'got 4 that count neither way \(iscrowd=1 or difficult=1'),
    (every(iscrowd='no'), "train0.png, annotation 1: expected iscrowd to be 0 or 1, got 'no'$"),
    (every(area=float('nan')), 'train0.png, annotation 1: expected an area in pixels, got nan$'),
    (every(bbox=[1, 1, 1e30, 4]), 'annotation 1: expected a box of finite numbers'),
    (
        every(bbox=shares),
        r'got none at all; all 4 left out: 4 of less than a pixel \(in train0.png, annotation 1, .* 1 more',
    ),
    (
        every(image_id=lambda entry: str(entry['image_id'])),
        "all 4 left out: 4 of images that are not listed .in annotation 1 with image_id '0'",
    ),
    (
        lambda c: [c['annotations'][0].update(bbox=[5, 5, 0, 9]), c['annotations'].__delitem__(slice(1, None))],
        r'got none at all; all 1 left out: 1 of zero area \(in train0.png, annotation 1\)$',
    ),
]


@pytest.mark.parametrize(('spoil', 'message'), REFUSED)
def test_files_that_cannot_be_trained_on_are_refused_in_one_line(tmp_path, spoil, message):
    write_coco(tmp_path)
    edit_coco(tmp_path, spoil)
    with pytest.raises(ValueError, match=message) as caught:
        coco(tmp_path)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('bom', [codecs.BOM_UTF8, codecs.BOM_UTF16_LE])
def test_byte_order_marks_are_read(tmp_path, bom):
    write_coco(tmp_path)
    for split in ('train', 'val'):
        path = tmp_path / f'annotations/instances_{split}.json'
        text = path.read_text().encode('utf-8' if bom == codecs.BOM_UTF8 else 'utf-16-le')
        path.write_bytes(bom + text)
    assert coco(tmp_path).report.objects == 4
    assert perfect_scores(tmp_path, CheckedCocoMetric) == [1.0, 1.0]


def rle(entry, *, compressed=False, transposed=False):
    x, y, w, h = entry['bbox']
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[y : y + h, x : x + w] = 1
    if transposed:
        mask = mask.T
    if compressed:
        code = coco_mask.encode(np.asfortranarray(mask))
        return {'size': code['size'], 'counts': code['counts'].decode()}
    flat = mask.flatten(order='F')
    edges = np.flatnonzero(np.diff(flat, prepend=0, append=2))
    return {'size': list(mask.shape), 'counts': np.diff(edges, prepend=0).tolist()}


def test_masks_of_all_forms_are_one_and_the_same(tmp_path):
    write_coco(tmp_path, val=3)

    def spoil(content):
        content['annotations'][1]['segmentation'] = rle(content['annotations'][1])
        content['annotations'][2]['segmentation'] = rle(content['annotations'][2], compressed=True)

    for split in ('train', 'val'):
        edit_coco(tmp_path, spoil, split)
    data = coco(tmp_path, pipeline=MASKS)
    assert 'left out' not in data.report.summary()
    for index in range(4):
        sample = data[index]
        x1, y1, x2, y2 = sample['gt_bboxes'].tensor[0].int().tolist()
        mask = sample['gt_masks'].masks[0]
        # pycocotools rounds outlines to pixels.
        assert mask.sum() == pytest.approx((x2 - x1) * (y2 - y1), rel=0.06)
        assert mask[y1 + 1 : y2 - 1, x1 + 1 : x2 - 1].all()
        assert not sample['gt_ignore_flags'].any()
    assert perfect_scores(tmp_path, CheckedCocoMetric)[0] == 1.0


UNREADABLE = {
    'neither': lambda entry: entry['segmentation'][0],
    'no area': lambda entry: [[5, 5, 5, 5, 5, 5]],
    'not finite': lambda entry: [[5, 5, float('nan'), 5, 9, 9]],
    'far outside': lambda entry: [[5, 5, 1e15, 5, 9, 9]],
    'another size': lambda entry: rle(entry, transposed=True),
    'do not add up': lambda entry: {'size': [HEIGHT, WIDTH], 'counts': [10, 1 << 31]},
}


@pytest.mark.parametrize('reason', UNREADABLE)
def test_masks_that_cannot_be_read_are_left_out_everywhere(tmp_path, reason):
    """One of the objects; the host would ignore it, learn another mask, crash or take all memory."""
    write_coco(tmp_path, val=3)
    for split in ('train', 'val'):
        edit_coco(
            tmp_path,
            lambda c: c['annotations'][2].update(segmentation=UNREADABLE[reason](c['annotations'][2])),
            split,
        )
    data = coco(tmp_path, pipeline=MASKS)
    assert data.report.objects == 3
    assert f'{reason} ' in data.report.summary()
    assert '(in train2.png, annotation 3)' in data.report.summary()
    assert [len(data[index]['gt_bboxes']) for index in range(4)] == [1, 1, 0, 1]
    assert coco(tmp_path).report.objects == 4  # boxes alone
    # The third detection is wrong now, the other two objects are found.
    assert perfect_scores(tmp_path, CheckedCocoMetric)[1] == pytest.approx(1.0)


def test_run_lengths_are_left_out_where_outlines_are_learnt(tmp_path):
    write_coco(tmp_path)
    edit_coco(tmp_path, lambda c: c['annotations'][0].update(segmentation=rle(c['annotations'][0])))
    steps = [MASKS[0], MASKS[1] | dict(poly2mask=False)]
    assert '1 with a run-length mask (poly2mask=False takes none)' in coco(tmp_path, pipeline=steps).report.summary()


def test_images_smaller_than_the_host_takes_are_counted(tmp_path):
    write_coco(tmp_path)
    cv2.imwrite(str(tmp_path / 'images/train1.png'), np.zeros((20, WIDTH, 3), np.uint8))

    def shrink(content):
        content['images'][1]['height'] = 20
        content['annotations'][1]['bbox'] = [1, 1, 10, 10]

    edit_coco(tmp_path, shrink)
    data = coco(tmp_path, filter_cfg=dict(min_size=32))
    assert data.report.summary().endswith(
        '3 images (0 without objects), 3 objects; left out: 1 images of less than 32 pixels a side '
        f'(in {tmp_path}/images/train1.png)'
    )
    assert len(data) == 3
    assert len(coco(tmp_path, filter_cfg=dict(min_size=32), test_mode=True)) == 4
    with pytest.raises(ValueError, match='got none at all; all 4 left out: 4 images of less than 97 pixels'):
        coco(tmp_path, filter_cfg=dict(min_size=97))


def test_images_left_without_objects_are_not_trained_on(tmp_path):
    write_coco(tmp_path)
    edit_coco(tmp_path, lambda content: content['annotations'][1].update(bbox=[5, 5, 0, 9]))
    assert len(coco(tmp_path, filter_cfg=dict(filter_empty_gt=True))) == 3


@pytest.mark.parametrize('suffix', ['.png', '.jpg', '.bmp'])
@pytest.mark.parametrize('damage', ['half', 'zeros', 'last bytes'])
def test_half_written_images_are_found(tmp_path, suffix, damage):
    write_coco(tmp_path)
    path = tmp_path / f'images/train1{suffix}'
    cv2.imwrite(str(path), cv2.imread(str(tmp_path / 'images/train1.png')))
    edit_coco(tmp_path, lambda content: content['images'][1].update(file_name=path.name))
    assert coco(tmp_path).report.images == 4
    content = path.read_bytes()
    half = len(content) // 2
    if damage == 'zeros' and suffix == '.bmp':
        return  # zeros are black
    path.write_bytes(
        {'half': content[:half], 'zeros': content[:half] + bytes(half), 'last bytes': content[:-40]}[damage]
    )
    with pytest.raises(ValueError, match=rf'1 of 4 images are damaged, half-written .*train1\{suffix}$'):
        coco(tmp_path)
