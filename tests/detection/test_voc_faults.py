"""Pascal VOC files as tools write them: other image formats, lists with blanks, sizes that are missing."""

from __future__ import annotations

import codecs
import re

import cv2
import pytest

pytest.importorskip('mmcv.ops', exc_type=ImportError)

from agmax_mm.detection.datasets import CheckedXMLDataset
from agmax_mm.detection.layouts import read_voc_layout
from tests.detection.sets import SIZE, edit_xml, write_voc

HEIGHT, WIDTH = SIZE


def voc(root, **options):
    options = dict(ann_file='VOC2007/ImageSets/Main/trainval.txt', metainfo=dict(classes=('box',))) | options
    return CheckedXMLDataset(data_root=str(root), data_prefix=dict(sub_data_root='VOC2007/'), **options)


def convert(root, index, name):
    """Write an image anew under another name."""
    folder = root / 'VOC2007/JPEGImages'
    old = folder / f'{index:03}.jpg'
    image = cv2.imread(str(old))
    old.unlink()
    written = folder / f'written{(folder / name).suffix.lower()}'
    cv2.imwrite(str(written), image)
    written.rename(folder / name)


def say(root, index, file_name):
    edit_xml(root, index, lambda text: text.replace('<size>', f'<filename>{file_name}</filename><size>'))


def image_names(data):
    return [data.get_data_info(index)['img_path'].split('JPEGImages/')[1] for index in range(len(data))]


def test_images_of_other_formats_are_found(tmp_path):
    write_voc(tmp_path)
    names = ['000.webp', '001.JPEG', 'photo one.tif', '003.BMP']
    for index, name in enumerate(names):
        convert(tmp_path, index, name)
    say(tmp_path, 2, 'C:\\pictures\\photo one.tif')
    # What it says is wrong, and the file of the stem is the only one.
    say(tmp_path, 3, '000.webp')
    data = voc(tmp_path, pipeline=[dict(type='LoadImageFromFile')])
    assert image_names(data) == names
    assert data.report.objects == 4
    assert data[2]['img'].shape == (HEIGHT, WIDTH, 3)


def test_of_several_images_the_one_that_is_named_is_taken(tmp_path):
    write_voc(tmp_path)
    folder = tmp_path / 'VOC2007/JPEGImages'
    cv2.imwrite(str(folder / '001.png'), cv2.imread(str(folder / '001.jpg')))
    with pytest.raises(ValueError, match=r'001\.xml: expected one image of the name 001 in .*got 001.jpg, 001.png$'):
        voc(tmp_path)
    say(tmp_path, 1, '001.png')
    assert image_names(voc(tmp_path))[1] == '001.png'


def test_an_image_belongs_to_one_annotation(tmp_path):
    write_voc(tmp_path)
    (tmp_path / 'VOC2007/JPEGImages/002.jpg').unlink()
    say(tmp_path, 2, '001.jpg')
    with pytest.raises(ValueError, match=r'for each annotation, got one, .*001\.jpg, for .*001\.xml and .*002\.xml$'):
        voc(tmp_path)


@pytest.mark.parametrize(
    'content',
    [
        b'\n000\r\n  001 \n\n\n002\t\n003\n \n',
        codecs.BOM_UTF8 + b'000\n001\n002\n003',
        codecs.BOM_UTF16_LE + '000\n001\r\n002\n003\n'.encode('utf-16-le'),
    ],
)
def test_lists_are_read_as_they_are_meant(tmp_path, content):
    write_voc(tmp_path)
    (tmp_path / 'VOC2007/ImageSets/Main/trainval.txt').write_bytes(content)
    assert read_voc_layout(tmp_path, ['box']).num_train == 4
    assert image_names(voc(tmp_path)) == ['000.jpg', '001.jpg', '002.jpg', '003.jpg']


@pytest.mark.parametrize(
    'change',
    [
        lambda text: re.sub('<size>.*</size>', '', text),
        lambda text: re.sub('<size>.*</size>', '<size/>', text),
        lambda text: re.sub(r'<width>\d+</width><height>\d+', '<width>0</width><height>0', text),
        lambda text: re.sub(r'<height>\d+', '<height>', text),
    ],
)
def test_sizes_that_are_not_said_are_read_from_the_image(tmp_path, change):
    write_voc(tmp_path)
    edit_xml(tmp_path, 2, change)
    data = voc(tmp_path)
    assert f'1 sizes read from the image (in {tmp_path}/VOC2007/Annotations/002.xml)' in data.report.summary()
    info = data.get_data_info(2)
    assert (info['height'], info['width'], len(info['instances'])) == (HEIGHT, WIDTH, 1)


def every(change):
    return lambda root: [edit_xml(root, index, change) for index in range(4)]


REFUSED = [
    (
        every(lambda text: text.replace('<annotation>', '<annotation xmlns="http://a">')),
        '000.xml: .*got <{http://a}ann',
    ),
    (every(lambda text: text.replace('annotation>', 'annotations>')), '000.xml: .*got <annotations>'),
    (
        every(lambda text: re.sub('<(xm..)>.*?</xm..>', r'<\1>0.4</\1>', text)),
        r'all 4 left out: 4 of zero area \(in .*000\.xml, .* and 1 more\)$',
    ),
    (every(lambda text: text.replace('<bndbox>', '<difficult>1</difficult><bndbox>')), '4 that count neither way'),
    (
        lambda root: edit_xml(root, 1, lambda text: text.replace('<bndbox>', '<difficult>yes</difficult><bndbox>')),
        'yes',
    ),
    (
        lambda root: edit_xml(root, 1, lambda text: re.sub('<xmax>.*</xmax>', '<xmax>inf</xmax>', text)),
        r"001\.xml: .*with a bndbox of xmin.*'inf'.*in object 1$",
    ),
    (
        lambda root: edit_xml(root, 1, lambda text: text.replace('bndbox>', 'polygon>')),
        r'001\.xml: .*\[None, .*object 1$',
    ),
    (
        lambda root: edit_xml(root, 1, lambda text: re.sub('<width>.*</width>', '<width>-3</width>', text)),
        r'001\.xml: expected a size in pixels, got -3 x 64$',
    ),
    (
        lambda root: (root / 'VOC2007/ImageSets/Main/trainval.txt').write_text('000\n../../secret\n'),
        r'inside of the folder of annotations, got \.\./\.\./secret$',
    ),
    (
        lambda root: (root / 'VOC2007/ImageSets/Main/trainval.txt').write_bytes(b'\xff\xfa000'),
        'expected a text in UTF-8',
    ),
]


@pytest.mark.parametrize(('damage', 'message'), REFUSED)
def test_files_that_cannot_be_trained_on_are_refused_in_one_line(tmp_path, damage, message):
    damage(write_voc(tmp_path))
    with pytest.raises(ValueError, match=message) as caught:
        voc(tmp_path)
    assert '\n' not in str(caught.value)


def test_a_file_name_does_not_leave_the_folder(tmp_path):
    write_voc(tmp_path)
    (tmp_path / 'VOC2007/JPEGImages/002.jpg').rename(tmp_path / 'other.jpg')
    say(tmp_path, 2, '../../other.jpg')
    with pytest.raises(ValueError, match=r'1 of 4 images do not exist: .*JPEGImages/002\.jpg$'):
        voc(tmp_path)


def test_difficult_objects_are_counted(tmp_path):
    write_voc(tmp_path)
    edit_xml(tmp_path, 1, lambda text: text.replace('<bndbox>', '<difficult>1</difficult><bndbox>'))
    assert '4 objects (1 of them crowds or difficult' in voc(tmp_path).report.summary()


def test_without_classes_the_option_is_named(tmp_path):
    layout = read_voc_layout(write_voc(tmp_path))
    with pytest.raises(ValueError, match=r"unknown class\(es\): 'box' in .*name the data's classes \(--classes"):
        voc(tmp_path, metainfo=dict(classes=layout.classes))
