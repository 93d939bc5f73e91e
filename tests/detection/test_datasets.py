"""Annotations with every defect, through mmdet's own configs: counted, left out, or refused with the file's name."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import torch
from PIL import Image

pytest.importorskip('mmcv.ops', exc_type=ImportError)

from mmdet.evaluation import CocoMetric

from agmax_mm.detection.datasets import (
    CheckedCocoDataset,
    CheckedCocoMetric,
    CheckedXMLDataset,
)
from agmax_mm.detection.defects import box_defect
from tests.detection.sets import SIZE, edit_coco, edit_xml, write_coco, write_voc

HEIGHT, WIDTH = SIZE
# What a box is called to its edges: left, top, right, bottom, counted from 0.
DEFECTS = {
    'of zero area': (10, 10, 10, 30),
    'with reversed corners': (40, 10, 20, 30),
    'outside the image': (WIDTH, 0, WIDTH + 20, 30),
}
BEYOND = (WIDTH - 20, 10, WIDTH + 20, 40)


@pytest.mark.parametrize(
    ('box', 'defect'),
    [(box, defect) for defect, box in DEFECTS.items()]
    + [
        ((10, 10, 30, 10), 'of zero area'),
        ((10, 30, 30, 10), 'with reversed corners'),
        ((-20, 0, 0, 30), 'outside the image'),
        ((0, -20, 30, 0), 'outside the image'),
        ((0, HEIGHT, 30, HEIGHT + 9), 'outside the image'),
        (BEYOND, None),
        ((-5, -5, 1, 1), None),
        ((0, 0, WIDTH, HEIGHT), None),
    ],
)
def test_defects_of_boxes(box, defect):
    assert box_defect(box, WIDTH, HEIGHT) == defect


def voc(root, **options):
    options = dict(ann_file='VOC2007/ImageSets/Main/trainval.txt', metainfo=dict(classes=('box',))) | options
    return CheckedXMLDataset(data_root=str(root), data_prefix=dict(sub_data_root='VOC2007/'), **options)


def coco(root, **options):
    options = dict(ann_file='annotations/instances_train.json', metainfo=dict(classes=('box', 'other'))) | options
    return CheckedCocoDataset(data_root=str(root), data_prefix=dict(img='images/'), **options)


def xml_object(box, name='box'):
    # Pascal VOC counts pixels from 1.
    edges = zip(('xmin', 'ymin', 'xmax', 'ymax'), box, strict=True)
    return (
        f'<object><name>{name}</name><bndbox>'
        + ''.join(f'<{edge}>{value + 1}</{edge}>' for edge, value in edges)
        + '</bndbox></object>'
    )


def add_annotation(content, box, **changes):
    left, top, right, bottom = box
    entry = {
        'id': 100 + len(content['annotations']),
        'image_id': 0,
        'category_id': 1,
        'bbox': [left, top, right - left, bottom - top],
        'area': 400,
        'iscrowd': 0,
    }
    content['annotations'].append(entry | changes)


@pytest.mark.parametrize('test_mode', [False, True])
def test_voc_counts_and_leaves_out(tmp_path, test_mode):
    write_voc(tmp_path)
    bad = ''.join(xml_object(box) for box in (*DEFECTS.values(), BEYOND))
    edit_xml(tmp_path, 1, lambda text: text.replace('</annotation>', f'{bad}</annotation>'))
    edit_xml(tmp_path, 2, lambda text: re.sub('<object>.*</object>', xml_object(DEFECTS['of zero area']), text))
    edit_xml(tmp_path, 3, lambda text: re.sub('<object>.*</object>', '', text))
    data = voc(tmp_path, test_mode=test_mode, filter_cfg=dict(filter_empty_gt=True))
    summary = data.report.summary()
    assert summary.endswith(
        'trainval.txt: 4 images (2 without objects), 3 objects; left out: '
        f'2 of zero area (in {tmp_path}/VOC2007/Annotations/001.xml, {tmp_path}/VOC2007/Annotations/002.xml), '
        f'1 with reversed corners (in {tmp_path}/VOC2007/Annotations/001.xml), '
        f'1 outside the image (in {tmp_path}/VOC2007/Annotations/001.xml)'
    )
    boxes = [[entry['bbox'] for entry in data.get_data_info(index)['instances']] for index in range(len(data))]
    # The host's filter sees what is left: images without objects are not trained on.
    assert [len(entries) for entries in boxes] == ([1, 2, 0, 0] if test_mode else [1, 2])
    assert boxes[1][1] == list(BEYOND)


@pytest.mark.parametrize('test_mode', [False, True])
def test_coco_counts_and_leaves_out(tmp_path, test_mode):
    write_coco(tmp_path)

    def spoil(content):
        for box in (*DEFECTS.values(), BEYOND):
            add_annotation(content, box)
        add_annotation(content, (5, 5, 5.5, 20))
        add_annotation(content, (5, 5, 25, 25), area=0)
        content['images'].append({'id': 7, 'file_name': 'train0.png', 'height': HEIGHT, 'width': WIDTH})

    edit_coco(tmp_path, spoil)
    data = coco(tmp_path, test_mode=test_mode)
    assert data.report.summary().endswith(
        'instances_train.json: 5 images (1 without objects), 5 objects; left out: '
        '1 of zero area (in train0.png, annotation 104), 1 with reversed corners (in train0.png, annotation 105), '
        '1 outside the image (in train0.png, annotation 106), '
        '2 of less than a pixel (in train0.png, annotation 108, train0.png, annotation 109)'
    )
    assert [len(data.get_data_info(index)['instances']) for index in range(5)] == [2, 1, 1, 1, 0]


def turn(root):
    """A photograph that its camera held upright: stored lying, shown standing."""
    image = Image.open(root / 'VOC2007/JPEGImages/001.jpg')
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(root / 'VOC2007/JPEGImages/001.jpg', exif=exif)


VOC_DAMAGES = [
    (lambda root: (root / 'VOC2007/JPEGImages/001.jpg').unlink(), r'1 of 4 images do not exist: .*001\.jpg$'),
    (lambda root: (root / 'VOC2007/JPEGImages/001.jpg').write_bytes(b'GIF'), r'1 of 4 images are damaged.*001\.jpg$'),
    (lambda root: (root / 'VOC2007/Annotations/001.xml').unlink(), r'1 of 4 annotations do not exist: .*001\.xml$'),
    (lambda root: (root / 'VOC2007/Annotations/001.xml').write_text('<a>'), r'001\.xml: .*Pascal VOC, got no element'),
    (lambda root: edit_xml(root, 1, lambda text: text.replace('bndbox', 'box')), r'001\.xml: .*Pascal VOC'),
    (lambda root: edit_xml(root, 1, lambda text: re.sub('<xmin>.*</xmin>', '<xmin>a</xmin>', text)), r'001\.xml: '),
    (lambda root: (root / 'VOC2007/ImageSets/Main/trainval.txt').unlink(), 'trainval.txt: expected an annotation file'),
    (
        lambda root: edit_xml(root, 1, lambda text: text.replace(f'<width>{WIDTH}', '<width>640')),
        rf'1 of 4 images are not of the size .*001\.jpg \(640 x {HEIGHT} annotated, is {WIDTH} x {HEIGHT}\)$',
    ),
    (turn, rf'001\.jpg \({WIDTH} x {HEIGHT} annotated, is {HEIGHT} x {WIDTH}\)$'),
    (
        lambda root: edit_xml(root, 1, lambda text: text.replace('>box<', '>bx<')),
        r"expected objects of box, got 1 unknown class\(es\): 'bx' in .*001\.xml; name .*--classes.*'ignore'",
    ),
    (
        lambda root: [edit_xml(root, n, lambda text: re.sub('<object>.*</object>', '', text)) for n in range(4)],
        'expected objects of box, got none at all',
    ),
]


@pytest.mark.parametrize(('damage', 'message'), VOC_DAMAGES)
def test_damaged_voc_is_refused_in_one_line(tmp_path, damage, message):
    damage(write_voc(tmp_path))
    with pytest.raises(ValueError, match=message) as caught:
        voc(tmp_path)
    assert '\n' not in str(caught.value)


COCO_DAMAGES = [
    (lambda root: (root / 'annotations/instances_train.json').write_text('{'), 'json: expected JSON, got'),
    (lambda root: (root / 'images/train1.png').unlink(), r'1 of 4 images do not exist: .*train1\.png$'),
    (lambda root: (root / 'images/train1.png').write_bytes(b''), r'1 of 4 images are damaged, .*train1\.png$'),
    (lambda root: edit_coco(root, lambda c: c['images'][1].update(width=1)), r'not of the size .*train1\.png \(1 x 64'),
    (
        lambda root: edit_coco(root, lambda c: c['images'][1].pop('width')),
        'train1.png: expected a width in pixels, got None',
    ),
    (
        lambda root: edit_coco(root, lambda c: c['annotations'][1].update(bbox=[1, 2, 3])),
        r'train1\.png, annotation 2: expected a bbox of four numbers',
    ),
    (
        lambda root: edit_coco(root, lambda c: c['annotations'][1].update(bbox=[1, 2, 3, float('nan')])),
        r'instances_train\.json: train1\.png, annotation 2: expected a box of finite numbers',
    ),
    (
        lambda root: edit_coco(root, lambda c: c['annotations'][1].update(category_id=9)),
        r"1 unknown class\(es\): '9' in train1\.png, annotation 2",
    ),
    (
        lambda root: edit_coco(root, lambda c: c['categories'].pop()),
        'expected the categories other of the config, got box$',
    ),
    (
        lambda root: edit_coco(root, lambda c: c['annotations'][1].update(id=1)),
        'annotations with ids of their own, got 1 .*: 1 of image_id 0 and image_id 1$',
    ),
    (
        lambda root: edit_coco(root, lambda c: c['categories'].reverse()),
        'in the order of the config, box, other, got other, box',
    ),
    (
        lambda root: edit_coco(root, lambda c: [c['images'].clear(), c['annotations'].clear()]),
        'expected images, got none',
    ),
]


MASKS = [
    dict(type='LoadImageFromFile'),
    dict(type='mmdet.LoadAnnotations', with_bbox=True, with_mask=True),
]


@pytest.mark.parametrize('nothing', [None, []])
def test_objects_without_a_mask_are_left_out_where_masks_are_learnt(tmp_path, nothing):
    write_coco(tmp_path)

    def spoil(content):
        content['annotations'][0].pop('segmentation')
        if nothing is not None:
            content['annotations'][0]['segmentation'] = nothing

    for split in ('train', 'val'):
        edit_coco(tmp_path, spoil, split)
    assert 'left out' not in coco(tmp_path).report.summary()
    data = coco(tmp_path, pipeline=MASKS)
    assert '1 without a mask (in train0.png, annotation 1' in data.report.summary()
    for index in range(len(data)):
        data[index]  # mmdet would stop here
    for metric, count in (('bbox', 2), (['bbox', 'segm'], 1)):
        checked = CheckedCocoMetric(ann_file=str(tmp_path / 'annotations/instances_val.json'), metric=metric)
        assert len(checked._coco_api.anns) == count


def test_objects_that_do_not_say_iscrowd_are_evaluated(tmp_path):
    write_coco(tmp_path)
    edit_coco(tmp_path, lambda content: [entry.pop('iscrowd') for entry in content['annotations']], 'val')
    metric = CheckedCocoMetric(ann_file=str(tmp_path / 'annotations/instances_val.json'), metric='bbox')
    assert [entry['iscrowd'] for entry in metric._coco_api.anns.values()] == [0, 0]
    assert len(metric._coco_api.getAnnIds(iscrowd=False)) == 2


@pytest.mark.parametrize(('damage', 'message'), COCO_DAMAGES)
def test_damaged_coco_is_refused_in_one_line(tmp_path, damage, message):
    damage(write_coco(tmp_path))
    with pytest.raises(ValueError, match=message) as caught:
        coco(tmp_path)
    assert '\n' not in str(caught.value)


def test_a_part_of_the_classes_is_trained_on_if_that_is_said(tmp_path):
    write_voc(tmp_path / 'voc', ('box', 'other'))
    data = voc(tmp_path / 'voc', unknown_classes='ignore')
    assert "2 objects; left out: 2 of the unknown class 'other' (in " in data.report.summary()
    write_coco(tmp_path / 'coco')
    data = coco(tmp_path / 'coco', metainfo=dict(classes=('other',)), unknown_classes='ignore')
    assert "2 objects; left out: 2 of the unknown class 'box' (in train0.png" in data.report.summary()
    with pytest.raises(ValueError, match='unknown_classes: expected one of error, ignore'):
        coco(tmp_path / 'coco', unknown_classes='drop')
    with pytest.raises(ValueError, match='expected objects of pear, got 2 unknown'):
        voc(tmp_path / 'voc', metainfo=dict(classes=('pear',)), unknown_classes='ignore')


def test_boxes_that_nothing_can_find_do_not_count_as_missed(tmp_path):
    """Detections that are the sound boxes score 100 %, as if the others had not been annotated."""
    write_coco(tmp_path)
    edit_coco(tmp_path, lambda content: [add_annotation(content, box) for box in DEFECTS.values()], 'val')
    scores = {}
    for kind in (CocoMetric, CheckedCocoMetric):
        metric = kind(ann_file=str(tmp_path / 'annotations/instances_val.json'), metric='bbox')
        metric.dataset_meta = dict(classes=('box', 'other'))
        content = json.loads((tmp_path / 'annotations/instances_val.json').read_text())
        samples = []
        for entry in content['annotations'][:2]:
            left, top, width, height = entry['bbox']
            box = torch.tensor([[left, top, left + width, top + height]], dtype=torch.float32)
            label = torch.tensor([entry['category_id'] - 1])
            found = dict(bboxes=box, scores=torch.ones(1), labels=label)
            samples.append(dict(img_id=entry['image_id'], ori_shape=SIZE, pred_instances=found))
        metric.process({}, samples)
        scores[kind] = metric.evaluate(size=2)['coco/bbox_mAP']
    assert scores[CheckedCocoMetric] == pytest.approx(1.0)
    # The three are of the first class, which then has four objects of which one is found; of the second, all are.
    assert scores[CocoMetric] == pytest.approx(np.mean([26 / 101, 1.0]), abs=0.01)


def test_classes_as_a_text_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"metainfo.classes: .* got the text 'box'; write \('box',\) for one class"):
        coco(write_coco(tmp_path), metainfo=dict(classes=('box')))
