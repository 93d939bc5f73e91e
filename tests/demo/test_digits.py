"""Digit data: splits that share nothing, masks and boxes that fit, two annotation formats that agree."""

import json
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from agmax_mm.demo.digits import (
    DigitDataSpec,
    build_digit_data,
    compose_scene,
    load_digits,
    split_digits,
    textured_background,
)
from agmax_mm.demo.digits.annotations import run_lengths
from agmax_mm.demo.digits.scenes import tight_box

SPEC = DigitDataSpec(
    pretrain_per_class=2,
    test_per_class=3,
    scene_train_per_class=4,
    scene_test_per_class=3,
    train_scenes=5,
    test_scenes=3,
)


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('digits') / 'data'
    assert build_digit_data(root, SPEC) is True
    return root


def _files(root):
    return {path.relative_to(root): path.read_bytes() for path in sorted(root.rglob('*')) if path.is_file()}


def test_source_holds_500_digits_of_each_class():
    pool = load_digits()
    assert np.bincount(pool.labels).tolist() == [500] * 10
    assert pool.images.shape == (5000, 28, 28)
    assert (pool.images.min(), pool.images.max()) == (0, 255)


def test_splits_are_balanced_and_disjoint():
    splits = split_digits(load_digits(), {'a': 100, 'b': 400}, seed=3)
    assert np.bincount(splits['a'].labels).tolist() == [100] * 10
    assert np.array_equal(splits['b'].images, load_digits().images[splits['b'].ids])
    assert sorted([*splits['a'].ids, *splits['b'].ids]) == list(range(5000))
    with pytest.raises(ValueError, match='expected 501 images of class 0'):
        split_digits(load_digits(), {'a': 100, 'b': 401}, seed=3)


def test_scene_masks_are_disjoint_and_boxes_tight():
    pool = load_digits()
    for seed in range(10):
        rng = np.random.default_rng(seed)
        background = textured_background(160, rng)
        before = background.copy()
        digits = pool.select(rng.choice(5000, 6, replace=False))
        scene = compose_scene(background, digits, rng)
        assert np.array_equal(background, before)
        assert np.sum([digit.mask for digit in scene.digits], axis=0).max() == 1
        for digit in scene.digits:
            y, x = np.nonzero(digit.mask)
            assert digit.box == (x.min(), y.min(), x.max() + 1, y.max() + 1)
            assert pool.labels[digit.digit_id] == digit.label
            assert 18 <= digit.box[3] - digit.box[1] <= 62
            # The ink is there, and it is brighter than what was beneath it.
            grey = [cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[digit.mask].mean() for image in (scene.image, before)]
            assert grey[0] > grey[1] + 30


def test_scene_keeps_the_background_where_there_is_no_digit():
    rng = np.random.default_rng(0)
    background = textured_background(160, rng)
    scene = compose_scene(background, load_digits().select(np.array([7])), rng)
    x1, y1, x2, y2 = scene.digits[0].box
    changed = (scene.image != background).any(axis=2)
    # The soft edge of the ink is up to a few pixels wide when the digit is large.
    changed[max(0, y1 - 5) : y2 + 5, max(0, x1 - 5) : x2 + 5] = False
    assert not changed.any()


def test_scene_refuses_what_does_not_fit():
    rng = np.random.default_rng(0)
    background = textured_background(64, rng)
    with pytest.raises(ValueError, match='expected at least one digit'):
        compose_scene(background, load_digits().select(np.array([], int)), rng)
    with pytest.raises(ValueError, match=r'expected heights within 4\.\.64 pixels, got \(20, 65\)'):
        compose_scene(background, load_digits().select(np.array([0])), rng, heights=(20, 65))
    with pytest.raises(ValueError, match='empty'):
        tight_box(np.zeros((4, 4), bool))


def test_run_lengths_are_coco_s():
    mask = np.array([[1, 0], [1, 1], [0, 1]], bool)
    assert run_lengths(mask) == [0, 2, 2, 2]  # columns 1 1 0 and 0 1 1
    assert run_lengths(~mask) == [2, 2, 2]
    mask_utils = pytest.importorskip('pycocotools.mask')
    rng = np.random.default_rng(0)
    for _ in range(20):
        mask = rng.random((9, 7)) < 0.4
        encoded = mask_utils.frPyObjects({'size': [9, 7], 'counts': run_lengths(mask)}, 9, 7)
        assert np.array_equal(mask_utils.decode(encoded).astype(bool), mask)


def test_voc_and_coco_describe_the_same_scenes(root):
    numbers = []
    for split, count in (('train', SPEC.train_scenes), ('test', SPEC.test_scenes)):
        document = json.loads((root / f'annotations/instances_{split}.json').read_text())
        names = {category['id']: category['name'] for category in document['categories']}
        listed = (root / f'VOC2007/ImageSets/Main/{split}.txt').read_text().split()
        assert [f'{image["id"]:06d}' for image in document['images']] == listed
        assert len(listed) == count
        numbers += listed
        for image in document['images']:
            tree = ElementTree.parse(root / f'VOC2007/Annotations/{image["id"]:06d}.xml')
            voc = []
            for entry in tree.iter('object'):
                x1, y1, x2, y2 = (int(entry.find(f'bndbox/{key}').text) for key in ('xmin', 'ymin', 'xmax', 'ymax'))
                # VOC counts from 1 and includes the last pixel.
                voc.append((entry.find('name').text, [x1 - 1, y1 - 1, x2 - x1 + 1, y2 - y1 + 1]))
            annotations = [a for a in document['annotations'] if a['image_id'] == image['id']]
            assert voc == [(names[a['category_id']], a['bbox']) for a in annotations]
            picture = cv2.imread(str(root / 'VOC2007/JPEGImages' / image['file_name']))
            assert picture.shape == (image['height'], image['width'], 3) == (160, 160, 3)
            for annotation in annotations:
                assert annotation['area'] == sum(annotation['segmentation']['counts'][1::2]) > 0
    assert len(set(numbers)) == len(numbers)


def test_no_digit_is_in_two_splits(root):
    manifest = json.loads((root / 'manifest.json').read_text())
    ids = [i for split in manifest['digit_ids'].values() for i in split]
    assert len(ids) == len(set(ids)) == 120
    folders = {
        split: {int(path.stem) for path in (root / 'digits' / split).rglob('*.png')} for split in ('train', 'test')
    }
    assert folders['train'] == set(manifest['digit_ids']['pretrain'])
    assert folders['test'] == set(manifest['digit_ids']['test'])


def test_image_folder_holds_the_scanned_digits(root):
    pool = load_digits()
    for path in (root / 'digits' / 'train').rglob('*.png'):
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        assert np.array_equal(image[2:-2, 2:-2], pool.images[int(path.stem)])
        assert image.shape == (32, 32)
        assert pool.labels[int(path.stem)] == int(path.parent.name)


def test_same_spec_gives_the_same_bytes_and_another_seed_others(root, tmp_path):
    before = _files(root)
    assert build_digit_data(root, SPEC) is False
    seen = []
    build_digit_data(tmp_path / 'again', SPEC, lambda done, total: seen.append((done, total)))
    assert _files(tmp_path / 'again') == before
    assert seen == [(done, 58) for done in range(1, 59)]  # 20 + 30 digits, 5 + 3 scenes
    other = DigitDataSpec(**{**SPEC.__dict__, 'seed': 1})
    assert build_digit_data(tmp_path / 'again', other) is True
    assert _files(tmp_path / 'again') != before


def test_nothing_of_others_is_replaced_and_nothing_is_half_written(tmp_path):
    (tmp_path / 'mine').mkdir()
    (tmp_path / 'mine' / 'thesis.txt').write_text('years of work')
    with pytest.raises(ValueError, match='without a manifest'):
        build_digit_data(tmp_path / 'mine', SPEC)

    def stop(done, total):
        if done == 55:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_digit_data(tmp_path / 'new', SPEC, stop)
    assert [path.name for path in tmp_path.iterdir()] == ['mine']
