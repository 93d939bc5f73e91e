"""What the layouts find, and every way in which a folder can lack its lists. Images and boxes: test_datasets.py."""

from __future__ import annotations

import json
import shutil

import pytest

from agmax_mm.detection.layouts import VOC_CLASSES, read_coco_layout, read_voc_layout
from tests.detection.sets import write_coco, write_voc


def test_voc_classes_are_the_hosts():
    pytest.importorskip('mmcv.ops', exc_type=ImportError)
    from mmdet.datasets import VOCDataset

    assert VOCDataset.METAINFO['classes'] == VOC_CLASSES


def test_voc_is_read_with_2012_if_it_is_there(tmp_path):
    layout = read_voc_layout(write_voc(tmp_path), ['box'])
    assert (layout.years, layout.classes, layout.num_train) == (('VOC2007',), ('box',), 4)
    shutil.copytree(tmp_path / 'VOC2007', tmp_path / 'VOC2012')
    layout = read_voc_layout(tmp_path, ['box'])
    assert (layout.years, layout.num_train) == (('VOC2007', 'VOC2012'), 8)


def test_coco_classes_come_from_the_annotations(tmp_path):
    layout = read_coco_layout(write_coco(tmp_path, ('pear', 'fig')))
    assert layout.classes == ('pear', 'fig')
    assert (layout.train.ann_file, layout.train.image_dir, layout.num_train) == (
        'annotations/instances_train.json',
        'images/',
        4,
    )


def test_coco_with_years_and_a_folder_for_each_split(tmp_path):
    write_coco(tmp_path)
    for split in ('train', 'val'):
        (tmp_path / f'annotations/instances_{split}.json').rename(tmp_path / f'annotations/instances_{split}2017.json')
        shutil.copytree(tmp_path / 'images', tmp_path / f'{split}2017')
    layout = read_coco_layout(tmp_path)
    assert (layout.val.ann_file, layout.val.image_dir) == ('annotations/instances_val2017.json', 'val2017/')


def test_coco_with_named_annotation_files(tmp_path):
    write_coco(tmp_path)
    shutil.move(tmp_path / 'annotations/instances_train.json', tmp_path / 'a.json')
    assert read_coco_layout(tmp_path, ['a.json', 'annotations/instances_val.json']).train.ann_file == 'a.json'


@pytest.mark.parametrize(
    ('damage', 'message'),
    [
        (lambda root: shutil.rmtree(root / 'VOC2007'), 'expected a folder with VOC2007 in it'),
        (lambda root: (root / 'VOC2007/ImageSets/Main/test.txt').unlink(), 'expected the list'),
        (lambda root: (root / 'VOC2007/ImageSets/Main/trainval.txt').write_text(''), 'got an empty file'),
    ],
)
def test_incomplete_voc_is_refused(tmp_path, damage, message):
    damage(write_voc(tmp_path))
    with pytest.raises(ValueError, match=message):
        read_voc_layout(tmp_path, ['box'])


def edit(root, split, change):
    path = root / f'annotations/instances_{split}.json'
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ('damage', 'message'),
    [
        (
            lambda root: (root / 'annotations/instances_val.json').unlink(),
            'expected an annotation file .*instances_val',
        ),
        (lambda root: (root / 'annotations/instances_val.json').write_text('{'), 'expected JSON'),
        (
            lambda root: (root / 'annotations/instances_val.json').write_text('[]'),
            'expected COCO annotations with images',
        ),
        (lambda root: shutil.rmtree(root / 'images'), 'expected an image folder train2017 or train or images'),
        (
            lambda root: edit(root, 'val', lambda c: c['categories'].reverse()),
            'in their order .box, other., got other, box',
        ),
        (
            lambda root: edit(root, 'train', lambda c: [a.pop('segmentation') for a in c['annotations']]),
            r'masks.*got none',
        ),
        (lambda root: edit(root, 'train', lambda c: c['images'].clear()), 'expected images, got an empty list'),
    ],
)
def test_incomplete_coco_is_refused(tmp_path, damage, message):
    damage(write_coco(tmp_path))
    with pytest.raises(ValueError, match=message):
        read_coco_layout(tmp_path)
