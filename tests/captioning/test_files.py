"""Caption files of both forms, and faulty ones: counted, or refused by name."""

from __future__ import annotations

import json

import pytest

from agmax_mm.captioning.files import EMPTY, UNLISTED, WITHOUT, read_captions
from tests.captioning.sets import coco, karpathy


@pytest.fixture
def write(tmp_path):
    def write(content, encoding='utf-8'):
        path = tmp_path / 'captions.json'
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        path.write_bytes(text.encode(encoding))
        return path

    return write


def test_form_of_coco(write):
    found = read_captions(write(coco()))
    assert [(image.number, image.file) for image in found.images][:2] == [(10, '0_red.png'), (11, '1_green.png')]
    assert found.images[1].captions == ('A green square.', 'The picture is green')
    assert found.left_out == {}
    assert found.summary().endswith('captions.json: 6 images, 12 captions')


def test_form_of_karpathy(write):
    content = karpathy()
    found = read_captions(write(content), ('train',))
    assert [image.file for image in found.images] == ['0_red.png', '1_green.png', '2_blue.png', '3_red.png']
    assert found.images[0].captions == ('A red square.', 'The picture is red')
    assert len(read_captions(write(content), ['train', 'val']).images) == 6
    # COCO's has a folder for each picture, and COCO's own ids.
    content['images'][0] |= {'filepath': 'val2014', 'cocoid': 391895}
    first = read_captions(write(content), ('train',)).images[0]
    assert (first.number, first.file) == (391895, 'val2014/0_red.png')


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16', 'utf-32'])
def test_encodings(write, encoding):
    content = coco()
    content['annotations'][0]['caption'] = 'Ein Bär im Café – “rot”'
    assert read_captions(write(content, encoding)).images[0].captions[0] == 'Ein Bär im Café – “rot”'


def test_what_cannot_be_learnt_is_left_out_and_counted(write):
    content = coco()
    content['annotations'][0]['caption'] = ' . '
    content['annotations'][1]['image_id'] = 99
    content['annotations'][2]['caption'] = ''
    del content['annotations'][6]
    content['annotations'][5]['image_id'] = [1]
    found = read_captions(write(content))
    assert found.left_out == {
        EMPTY: ['annotation 100 of 0_red.png', 'annotation 102 of 1_green.png'],
        UNLISTED: ['annotation 101 with image_id 99', 'annotation 105 with image_id [1]'],
        WITHOUT: ['0_red.png'],
    }
    assert [len(image.captions) for image in found.images] == [1, 1, 1, 2, 2]
    assert '2 captions without a word (annotation 100 of 0_red.png, annotation 102' in found.summary()
    other = karpathy()
    other['images'][0]['sentences'][1]['raw'] = '!'[:0]
    assert read_captions(write(other), ('train',)).left_out == {EMPTY: ['sentence 1 of 0_red.png']}


def changed(place, value, of=coco):
    content = of()
    node = content
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    return content


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('{"images": [', "expected JSON, in COCO's or Karpathy's form, got"),
        ([], "expected COCO's or Karpathy's form with a list of images"),
        ({'images': [{'id': 1, 'file_name': 'a.png'}]}, 'expected annotations beside the images'),
        (changed(('annotations', 1, 'caption'), None), 'annotation 101: expected a caption, a text, got None'),
        (changed(('annotations', 1), {'id': 101, 'bbox': [1]}), 'got None; boxes and masks are no captions'),
        (changed(('images', 1, 'file_name'), ''), "image 11: expected the name of its file, got ''"),
        (changed(('images', 1, 'id'), None), "expected an id, a number or a text, .* got None for '1_green.png'"),
        (changed(('images', 1, 'id'), 10), 'ids of their own, got 10 of 0_red.png and 1_green.png'),
        (changed(('annotations',), []), 'expected at least one image with a caption, got none'),
    ],
)
def test_faulty_files_are_refused(write, content, message):
    with pytest.raises(ValueError, match=message) as error:
        read_captions(write(content))
    assert '\n' not in str(error.value)


def test_a_file_of_which_nothing_is_left_says_why(write):
    content = coco()
    for annotation in content['annotations']:
        annotation['image_id'] = str(annotation['image_id'])
    with pytest.raises(
        ValueError, match=r"got none; left out: 12 captions of images .* with image_id '10'.*, 6 images"
    ):
        read_captions(write(content))


def test_another_encoding_is_refused(write):
    content = changed(('annotations', 0, 'caption'), 'Bär')
    with pytest.raises(ValueError, match='expected text in UTF-8, UTF-16 or UTF-32, got'):
        read_captions(write(content, 'latin-1'))


def test_missing_file_and_splits(write, tmp_path):
    with pytest.raises(ValueError, match='expected a file, got .* which does not exist'):
        read_captions(tmp_path / 'none.json')
    with pytest.raises(ValueError, match=r"Karpathy's form beside splits=\['train'\], got COCO's"):
        read_captions(write(coco()), ['train'])
    for splits in (None, ['test'], 'train'):
        with pytest.raises(ValueError, match='expected splits, some of train, val, got'):
            read_captions(write(karpathy()), splits)
    with pytest.raises(ValueError, match='0_red.png: expected the raw text of each sentence'):
        read_captions(write(changed(('images', 0, 'sentences', 0), {}, karpathy)), ['train'])
    with pytest.raises(ValueError, match='0_red.png: expected a list of sentences'):
        read_captions(write(changed(('images', 0, 'sentences'), 'text', karpathy)), ['train'])
