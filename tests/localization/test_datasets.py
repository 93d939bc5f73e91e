"""The official files to samples: labels, boxes in pixels of the input, and what is wrong with a file."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agmax_mm.registry import DATASETS
from tests.localization.sets import CUB, PIPELINE, WNIDS, moved, write_cub, write_imagenet, write_picture, write_tiny


def build(kind, root, split, pipeline=PIPELINE, **options):
    config = dict(type=f'agmax_mm.{kind}', data_root=str(root), split=split, pipeline=pipeline, **options)
    return DATASETS.build({**config, '_scope_': 'mmpretrain'})


def boxes_of(dataset):
    return [item['data_samples'].gt_bboxes.tolist() for item in dataset]


def bright(item):
    """Half-open box of the bright pixels of an input."""
    rows, columns = (item['inputs'].amax(dim=0) > 120).nonzero(as_tuple=True)
    return [int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1]


def test_cub_in_its_official_files(tmp_path):
    write_cub(tmp_path)
    for root in (tmp_path, tmp_path / 'CUB_200_2011'):
        train, test = build('CUBBoxes', root, 'train'), build('CUBBoxes', root, 'test')
        assert [train.get_data_info(place)['gt_label'] for place in range(3)] == [0, 1, 2]
        assert [item['data_samples'].gt_label.item() for item in test] == [0, 0, 1, 1, 2, 2]
    assert test.metainfo['classes'] == ('001.Bird_1', '004.Bird_4', '010.Bird_10')
    assert train[0]['inputs'].shape == (3, 40, 40)  # also of the grey picture
    expected = [moved(box) for _, split, box in CUB.values() if split == 'test']
    np.testing.assert_allclose(np.array(boxes_of(test))[:, 0], expected, atol=1e-4)


def test_boxes_move_with_the_pixels(tmp_path):
    """The box of a picture is where its bright rectangle lies in what the network is fed; also for one cut off."""
    for item in build('CUBBoxes', write_cub(tmp_path), 'test'):
        np.testing.assert_allclose(item['data_samples'].gt_bboxes[0], bright(item), atol=1.0)


def test_boxes_move_with_a_random_crop_of_the_border_and_a_mirror(tmp_path):
    flip = [*PIPELINE[:2], dict(type='RandomFlip', prob=1.0), *PIPELINE[2:]]
    keep = [PIPELINE[0], dict(type='Resize', scale=(10000, 48), keep_ratio=True), *PIPELINE[2:]]
    root = write_cub(tmp_path)
    for pipeline in (flip, keep):
        for item in build('CUBBoxes', root, 'test', pipeline):
            np.testing.assert_allclose(item['data_samples'].gt_bboxes[0], bright(item), atol=2.0)


def test_tiny_imagenet_in_its_own_files(tmp_path, caplog):
    write_tiny(tmp_path)
    train, val = build('TinyImageNetBoxes', tmp_path, 'train', []), build('TinyImageNetBoxes', tmp_path, 'val', [])
    for dataset in (train, val):
        infos = [dataset.get_data_info(place) for place in range(3)]
        assert [info['gt_label'] for info in infos] == [0, 1, 2]
        # The last pixel belongs to the box.
        assert [info['gt_bboxes'].tolist() for info in infos] == [
            [[8 + label, 10, 40, 30 + label]] for label in range(3)
        ]
    assert val.metainfo['classes'] == ('goldfish', WNIDS[1], 'pizza')
    assert 'left out' not in caplog.text
    (tmp_path / 'tiny-imagenet-200' / 'train' / WNIDS[0] / 'notes.md').write_text('')
    build('TinyImageNetBoxes', tmp_path, 'train', [])


def test_imagenet_with_xml(tmp_path):
    root = write_imagenet(tmp_path) / 'ILSVRC'
    dataset = build('ImageNetBoxes', root, 'Data/CLS-LOC/val', ann_file='val.txt', classes=list(WNIDS))
    given = [dataset.get_data_info(place)['gt_bboxes'].tolist() for place in range(3)]
    assert given == [[[4, 6, 20, 26], [30, 10, 50, 36]], [[10, 10, 40, 30]], [[0, 0, 60, 40]]]
    assert [item['data_samples'].gt_label.item() for item in dataset] == [0, 1, 2]
    np.testing.assert_allclose(boxes_of(dataset)[0], [moved((4, 6, 20, 26)), moved((30, 10, 50, 36))], atol=1e-4)


def test_imagenet_in_class_folders_and_training_images_without_a_file(tmp_path):
    root = write_imagenet(tmp_path) / 'ILSVRC'
    for wnid in WNIDS:
        write_picture(root / 'train' / wnid / f'{wnid}_1.JPEG', (0, 0, 9, 9), 0)
    annotations = root / 'Annotations' / 'CLS-LOC'
    (annotations / 'train' / WNIDS[1]).mkdir(parents=True)
    xml = (annotations / 'val' / 'ILSVRC2012_val_00000001.xml').read_text()
    (annotations / 'train' / WNIDS[1] / f'{WNIDS[1]}_1.xml').write_text(xml)
    dataset = build('ImageNetBoxes', root, 'train', [])
    assert [len(dataset.get_data_info(place)['gt_bboxes']) for place in range(3)] == [0, 1, 0]
    with pytest.raises(ValueError, match='expected a box of every image, got none of 2 among 3 checked'):
        build('ImageNetBoxes', root, 'train', [], test_mode=True)


FAULTS = {
    'bounding_boxes.txt': ('5 30.0 5.0 20.0\n', 'line 1: expected a name and 4 columns'),
    'image_class_labels.txt': ('3 1\n5 2\n', r'expected classes of classes.txt .*, got class 2 of image 5'),
    'train_test_split.txt': ('3 1\n', 'expected image 5 in train_test_split.txt .*, got none'),
    'images.txt': ('3 001.Bird_1/3.png\n3 001.Bird_1/5.png\n', "line 2: expected each name once, got '3' again"),
}


@pytest.mark.parametrize('name', FAULTS)
def test_a_faulty_file_of_cub_is_named(tmp_path, name):
    content, message = FAULTS[name]
    (write_cub(tmp_path) / 'CUB_200_2011' / name).write_text(content)
    with pytest.raises(ValueError, match=message):
        build('CUBBoxes', tmp_path, 'test')


def test_other_faults_are_one_line(tmp_path):
    cub = write_cub(tmp_path) / 'CUB_200_2011'
    with pytest.raises(ValueError, match="split: expected 'train' or 'test', got 'val'"):
        build('CUBBoxes', cub, 'val')
    with pytest.raises(ValueError, match='expected the folder CUB_200_2011, which has images.txt, at'):
        build('CUBBoxes', tmp_path / 'elsewhere', 'train')
    split = cub / 'train_test_split.txt'
    split.write_text(split.read_text().replace('5 0\n', '5 2\n', 1))
    with pytest.raises(ValueError, match="splits of 0 or 1, got the split '2' of image 5"):
        build('CUBBoxes', cub, 'test')
    split.write_text(split.read_text().replace('5 2\n', '5 0\n', 1))
    boxes = cub / 'bounding_boxes.txt'
    boxes.write_text(boxes.read_text().replace('5 30.0 5.0 20.0 20.0', '5 30.0 5.0 20.0 nan'))
    with pytest.raises(ValueError, match='image 5: expected a box of four numbers'):
        build('CUBBoxes', cub, 'test')
    boxes.write_text(boxes.read_text().replace('nan', '0.0'))
    with pytest.raises(ValueError, match='image 5: expected boxes with an area'):
        build('CUBBoxes', cub, 'test')
    tiny = write_tiny(tmp_path) / 'tiny-imagenet-200' / 'val' / 'val_annotations.txt'
    tiny.write_text(tiny.read_text().replace(WNIDS[1], 'n00000002'))
    with pytest.raises(ValueError, match="expected one of the 3 classes of training, got 'n00000002'"):
        build('TinyImageNetBoxes', tmp_path, 'val')
    imagenet = write_imagenet(tmp_path) / 'ILSVRC'
    write_picture(imagenet / 'Data' / 'CLS-LOC' / 'val' / 'ILSVRC2012_val_00000001.JPEG', (0, 0, 9, 9), 0, (30, 20))
    options = dict(ann_file='val.txt', classes=list(WNIDS))
    with pytest.raises(ValueError, match=r'in the size of their annotations, \(60, 40\) .*, got \(30, 20\)'):
        build('ImageNetBoxes', imagenet, 'Data/CLS-LOC/val', **options)
    with pytest.raises(ValueError, match='expected a folder of annotations at .*dataset.boxes names it'):
        build('ImageNetBoxes', imagenet, 'Data/CLS-LOC/val', boxes='gone', **options)


def test_training_takes_no_box(tmp_path):
    """What the network is trained on has a label and no box."""
    pipeline = [PIPELINE[0], dict(type='Resize', scale=(48, 48)), dict(type='PackInputs')]
    (item, *_) = build('CUBBoxes', write_cub(tmp_path), 'train', pipeline)
    assert set(item['data_samples'].keys()) == {'gt_label'}
    assert torch.equal(item['data_samples'].gt_label, torch.tensor([0]))
