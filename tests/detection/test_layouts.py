"""What the layouts find, and every way in which a folder can lack its lists. Images and boxes: test_datasets.py."""

from __future__ import annotations

import json
import shutil

import pytest

from agmax_mm.demo.digits import DigitDataSpec, build_digit_data
from agmax_mm.detection.layouts import VOC_CLASSES, read_coco_layout, read_voc_layout
from tests.detection.sets import edit_coco, write_coco, write_voc


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
        (
            lambda root: shutil.rmtree(root / 'images'),
            'expected an image folder train2017 or train or images/train .* or images, got none$',
        ),
        (
            lambda root: edit_coco(root, lambda c: c['categories'].reverse(), 'val'),
            'in their order .box, other., got other, box',
        ),
        (
            lambda root: edit_coco(root, lambda c: [a.pop('segmentation') for a in c['annotations']], 'train'),
            r'masks.*got none; .*--detector faster-rcnn',
        ),
        (lambda root: edit_coco(root, lambda c: c['images'].clear()), 'expected images, got an empty list'),
    ],
)
def test_incomplete_coco_is_refused(tmp_path, damage, message):
    damage(write_coco(tmp_path))
    with pytest.raises(ValueError, match=message):
        read_coco_layout(tmp_path)


def test_roboflows_export_is_read(tmp_path):
    """Annotation files beside their images, ids from 0, and a first category that only groups the others."""
    write_coco(tmp_path, ('fig', 'pear'))

    def export(content):
        for category in content['categories']:
            category['supercategory'] = 'fruit'
        content['categories'].insert(0, {'id': 0, 'name': 'fruit', 'supercategory': 'none'})

    for split, folder in (('train', 'train'), ('val', 'valid')):
        edit_coco(tmp_path, export, split)
        (tmp_path / folder).mkdir()
        for image in (tmp_path / 'images').glob(f'{split}*'):
            image.rename(tmp_path / folder / image.name)
        (tmp_path / f'annotations/instances_{split}.json').rename(tmp_path / folder / '_annotations.coco.json')
    shutil.rmtree(tmp_path / 'images')
    shutil.rmtree(tmp_path / 'annotations')
    named = read_coco_layout(tmp_path, ['train/_annotations.coco.json', 'valid/_annotations.coco.json'])
    assert read_coco_layout(tmp_path) == named
    assert (named.classes, named.train.image_dir, named.val.image_dir) == (('fig', 'pear'), 'train/', 'valid/')
    # With an object of its own it is a class as any other.
    path = tmp_path / 'train/_annotations.coco.json'
    content = json.loads(path.read_text())
    content['annotations'][0]['category_id'] = 0
    path.write_text(json.dumps(content))
    assert read_coco_layout(tmp_path).classes == ('fruit', 'fig', 'pear')


def test_images_are_looked_for_where_they_are(tmp_path):
    """CVAT's subsets, and an empty folder of the usual name."""
    write_coco(tmp_path)
    for split, subset in (('train', 'Train'), ('val', 'Validation')):
        (tmp_path / 'images' / subset).mkdir()
        (tmp_path / split).mkdir()
        for image in (tmp_path / 'images').glob(f'{split}*.png'):
            image.rename(tmp_path / 'images' / subset / image.name)
        path = tmp_path / f'annotations/instances_{split}.json'
        path.rename(path.with_name(f'instances_{subset}.json'))
    layout = read_coco_layout(tmp_path)
    assert (layout.train.image_dir, layout.val.image_dir) == ('images/Train/', 'images/Validation/')
    assert layout.val.ann_file == 'annotations/instances_Validation.json'


def test_the_scenes_of_digits_are_coco_without_options(tmp_path):
    root = tmp_path / 'digits'
    few = dict(pretrain_per_class=1, test_per_class=1, scene_train_per_class=2, scene_test_per_class=2)
    build_digit_data(root, DigitDataSpec(**few, train_scenes=5, test_scenes=3))
    layout = read_coco_layout(root)
    assert (layout.train.num_images, layout.val.num_images) == (5, 3)
    assert layout.classes == tuple('0123456789')
    for split in (layout.train, layout.val):
        content = json.loads((root / split.ann_file).read_text())
        assert all((root / split.image_dir / image['file_name']).is_file() for image in content['images'])


def labelme(root):
    write(
        root / 'a.json',
        {'version': '5', 'shapes': [], 'imagePath': 'a.jpg', 'imageData': 'x' * 300_000, 'imageWidth': 3},
    )


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def cvat_voc(root):
    write_voc(root / 'job')
    for folder in (root / 'job/VOC2007').iterdir():
        folder.rename(root / folder.name)


def roboflow_voc(root):
    write_voc(root / 'job')
    (root / 'job/VOC2007/Annotations').rename(root / 'train')


@pytest.mark.parametrize(
    ('make', 'task', 'message'),
    [
        (labelme, 'coco', r'labelme.*labelme2coco\.py.*--ann TRAIN VAL$'),
        (labelme, 'voc', r'labelme.*labelme2coco\.py'),
        (
            lambda root: write(root / 'annotations/instances_default.json', {}),
            'coco',
            r'CVAT.*Train and Validation.*\(`agmax-mm split`\)',
        ),
        (lambda root: write(root / 'annotations.xml', '<annotations/>'), 'coco', 'CVAT.*export again as COCO'),
        (cvat_voc, 'voc', 'CVAT.*VOC2007.*trainval.txt and test.txt'),
        (lambda root: write(root / 'data.yaml', 'nc: 1'), 'coco', 'YOLO.*export again as COCO'),
        (roboflow_voc, 'voc', 'Roboflow.*export again as COCO'),
        (write_coco, 'voc', 'give --task coco$'),
        (write_voc, 'coco', 'give --task voc and --classes$'),
        (lambda root: None, 'coco', 'got none$'),
    ],
)
def test_layouts_of_other_tools_are_refused_with_advice(tmp_path, make, task, message):
    make(tmp_path)
    with pytest.raises(ValueError, match=message) as caught:
        read_coco_layout(tmp_path) if task == 'coco' else read_voc_layout(tmp_path)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('names', 'message'),
    [
        ('box', r"got the text 'box'; write \('box',\)"),
        ((), r'got \(\)'),
        (['box', 3], 'sequence of names, got'),
        (['box', 'fig', 'box'], 'got box more than once'),
    ],
)
def test_classes_are_names(tmp_path, names, message):
    with pytest.raises(ValueError, match=message):
        read_voc_layout(write_voc(tmp_path), names)
