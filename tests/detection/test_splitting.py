"""One COCO file becomes two: what is in them, and that no image is in both."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from agmax_mm.detection.layouts import read_coco_layout
from agmax_mm.detection.splitting import split_coco


def coco(images=10, classes=('box', 'fig')):
    """Image n has n % 3 objects, in turns of both classes; ids are neither in order nor without gaps."""
    objects = [(number, index) for number in range(images) for index in range(number % 3)]
    return {
        'info': {'year': 2026},
        'images': [
            {'id': 7 * number + 3, 'file_name': f'{number}.jpg', 'width': 8, 'height': 6} for number in range(images)
        ],
        'annotations': [
            {
                'id': count,
                'image_id': 7 * number + 3,
                'category_id': 1 + index,
                'bbox': [0, 0, 2, 2],
                'area': 4,
                'iscrowd': 0,
            }
            for count, (number, index) in enumerate(objects)
        ],
        'categories': [{'id': 1 + index, 'name': name} for index, name in enumerate(classes)],
    }


def with_first(content, **changes):
    first, *others = content['annotations']
    return {**content, 'annotations': [{**first, **changes}, *others]}


@pytest.fixture
def split(tmp_path):
    """Split a content; both parts as read from the files, and what was said about them."""

    def run(content, **options):
        (tmp_path / 'all.json').write_text(json.dumps(content))
        parts = split_coco(tmp_path / 'all.json', tmp_path / 'a.json', tmp_path / 'b.json', **options)
        return [json.loads(part.path.read_text()) for part in parts], parts

    return run


def names(part):
    return [image['file_name'] for image in part['images']]


def test_each_image_goes_into_one_part_with_all_its_objects(split):
    content = coco()
    (train, val), said = split(content, share=0.3)
    assert len(val['images']) == 3
    assert Counter(names(train) + names(val)) == Counter(names(content))
    for key in ('images', 'annotations'):
        assert sorted(train[key] + val[key], key=lambda entry: entry['id']) == content[key]
    for part in (train, val):
        assert {entry['image_id'] for entry in part['annotations']} <= {image['id'] for image in part['images']}
        assert part['info'] == {'year': 2026}
        assert part['categories'] == content['categories']
    counts = [(part.num_images, part.num_objects) for part in said]
    assert counts == [(len(part['images']), len(part['annotations'])) for part in (train, val)]


def test_the_draw_follows_the_seed_and_not_the_order_of_the_file(split):
    content = coco(40)
    (_, first), _ = split(content)
    turned = {**content, 'images': content['images'][::-1]}
    (_, again), _ = split(turned, force=True)
    assert sorted(names(again)) == sorted(names(first))
    others = {tuple(sorted(names(split(content, seed=seed, force=True)[0][1]))) for seed in range(1, 6)}
    assert len(others | {tuple(sorted(names(first)))}) == 6
    drawn = Counter(name for seed in range(200) for name in names(split(content, seed=seed, force=True)[0][1]))
    # 200 draws of 8 of 40: each 40 times, standard deviation 5.7.
    assert min(drawn.values()) > 18
    assert max(drawn.values()) < 62


@pytest.mark.parametrize(('images', 'share', 'held'), [(2, 0.01, 1), (2, 0.99, 1), (10, 0.25, 2), (80, 0.25, 20)])
def test_neither_part_is_empty(split, images, share, held):
    (train, val), _ = split(coco(images), share=share)
    assert (len(train['images']), len(val['images'])) == (images - held, held)


def test_classes_keep_their_objects_and_all_images(split):
    (train, val), said = split(coco(), classes=['fig'])
    assert train['categories'] == val['categories'] == [{'id': 2, 'name': 'fig'}]
    assert len(train['images'] + val['images']) == 10
    # Images 2, 5 and 8 have a second object.
    assert sorted(entry['image_id'] for entry in train['annotations'] + val['annotations']) == [17, 38, 59]
    assert [bool(part.absent) for part in said] == [not part['annotations'] for part in (train, val)]


def test_a_category_that_is_no_id_is_left_to_those_who_read_the_parts(split):
    content = with_first(coco(), category_id=[1])
    (train, val), _ = split(content)
    assert sorted(train['annotations'] + val['annotations'], key=lambda entry: entry['id']) == content['annotations']
    (train, val), _ = split(content, classes=['box'], force=True)
    assert all(entry['category_id'] == 1 for entry in train['annotations'] + val['annotations'])


def test_a_class_without_objects_is_named(split):
    _, (train, val) = split(coco(4, ('box', 'fig', 'elk')))
    assert 'elk' in train.absent
    assert 'elk' in val.absent


@pytest.mark.parametrize(
    ('change', 'options', 'message'),
    [
        (lambda content: content, {'share': 1.0}, r'--share: expected a number between 0 and 1, got 1\.0'),
        (lambda content: content, {'share': 0}, '--share: expected a number between 0 and 1, got 0'),
        (lambda content: content, {'classes': ['fgi']}, r"--classes: .*got 'fgi', the nearest is 'fig'"),
        (lambda content: content | coco(1), {}, 'at least 2 images, to train and to validate, got 1'),
        (lambda content: content | {'images': content['images'][:-1]}, {}, 'got 0 of others'),
        (
            lambda content: content | {'images': [image for image in content['images'] if image['id'] != 17]},
            {},
            r'all\.json: .*got 2 of others, the first with the id 1',
        ),
        (lambda content: with_first(content, image_id=[3]), {}, 'got 1 of others, the first with the id 0'),
        (lambda content: with_first(content, image_id='10'), {}, 'got 1 of others, the first with the id 0'),
        (lambda content: with_first(content, area=float('nan')), {}, 'expected finite numbers, got NaN or infinity'),
        (lambda content: {'images': []}, {}, 'expected COCO annotations with images, annotations, categories'),
    ],
)
def test_what_cannot_be_split_is_one_line_and_writes_nothing(split, tmp_path, change, options, message):
    if message == 'got 0 of others':  # the last image has no object: nothing is lost
        split(change(coco()))
        return
    with pytest.raises(ValueError, match=message) as caught:
        split(change(coco()), **options)
    assert '\n' not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ['all.json']


def test_files_that_are_there_stay(split, tmp_path):
    split(coco())
    before = (tmp_path / 'b.json').read_bytes()
    (tmp_path / 'a.json').unlink()
    with pytest.raises(ValueError, match=r'expected new files, got .*b\.json; --force replaces them'):
        split(coco(), seed=1)
    assert not (tmp_path / 'a.json').exists()
    assert (tmp_path / 'b.json').read_bytes() == before
    with pytest.raises(ValueError, match='three different files'):
        split_coco(tmp_path / 'all.json', tmp_path / 'all.json', tmp_path / 'b.json', force=True)


def test_the_command_makes_data_that_transfer_reads(command, tmp_path):
    (tmp_path / 'annotations').mkdir()
    (tmp_path / 'train2017').mkdir()
    for number in range(10):
        (tmp_path / f'train2017/{number}.jpg').touch()
    (tmp_path / 'annotations/instances_train2017.json').write_text(json.dumps(coco()))
    with pytest.raises(ValueError, match=r'`agmax-mm split` makes two annotation files of one'):
        read_coco_layout(tmp_path, masks=False)
    files = ['annotations/fig_train.json', 'annotations/fig_val.json']
    with pytest.raises(ValueError, match='got none$'):  # a name that was given needs no advice
        read_coco_layout(tmp_path, ['annotations/instances_train2017.json', files[1]], masks=False)
    done = command(
        'split', tmp_path / 'annotations/instances_train2017.json', *(tmp_path / name for name in files),
        '--share', '0.3', '--classes', 'fig',
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = ('fig_train.json: 7 images, 3 objects', 'fig_val.json: 3 images, 0 objects; without an object: fig')
    assert done.stdout == ''.join(f'wrote {tmp_path / "annotations"}/{line}\n' for line in lines)
    layout = read_coco_layout(tmp_path, files, masks=False)
    assert layout.classes == ('fig',)
    assert (layout.train.num_images, layout.val.num_images) == (7, 3)
    # The images of both lie where they were.
    assert layout.train.image_dir == layout.val.image_dir == 'train2017/'


def test_images_of_validation_are_not_taken_from_the_training_folder_where_they_have_their_own(tmp_path):
    for folder in ('annotations', 'train2017', 'val2017'):
        (tmp_path / folder).mkdir()
    for split in ('train', 'val'):
        (tmp_path / f'annotations/instances_{split}2017.json').write_text(json.dumps(coco()))
    (tmp_path / 'train2017/0.jpg').touch()
    assert read_coco_layout(tmp_path, masks=False).val.image_dir == 'val2017/'
