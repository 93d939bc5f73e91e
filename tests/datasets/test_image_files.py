"""Files in class folders: every format that the loader reads, a count of the rest, and damaged files at the start."""

import io

import cv2
import numpy as np
import pytest
from mmengine.registry import DefaultScope
from PIL import Image, ImageOps

from agmax_mm.datasets import ImageFolder, LoadImage, image_folder
from agmax_mm.datasets.encoded_image import Box, EncodedImage
from agmax_mm.datasets.image_files import SUFFIXES, check_headers

PICTURE = np.random.default_rng(0).integers(0, 256, (24, 40, 3), dtype=np.uint8)
FORMATS = {
    **dict.fromkeys(('.jpg', '.jpeg', '.jpe', '.jfif'), 'JPEG'),
    **dict.fromkeys(('.ppm', '.pgm', '.pbm', '.pnm'), 'PPM'),
    **dict.fromkeys(('.tif', '.tiff'), 'TIFF'),
    **{'.png': 'PNG', '.bmp': 'BMP', '.webp': 'WEBP', '.jp2': 'JPEG2000'},
}
MODES = {'.pgm': 'L', '.pbm': '1'}


@pytest.fixture(autouse=True)
def _scope():
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield


@pytest.fixture
def logged(monkeypatch):
    lines = []
    monkeypatch.setattr(image_folder, 'print_log', lambda text, **_: lines.append(text))
    return lines


def _encoded(kind='PNG', mode='RGB', **options):
    file = io.BytesIO()
    Image.fromarray(PICTURE).convert(mode).save(file, kind, **options)
    return file.getvalue()


def _write(root, *names, content=None):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_encoded() if content is None else content)


def test_every_format_is_found_and_read(tmp_path, logged):
    assert set(FORMATS) == set(SUFFIXES)
    for suffix, kind in FORMATS.items():
        content = _encoded(kind, MODES.get(suffix, 'RGB'))
        _write(tmp_path / 'train' / 'a', f'lower{suffix}', f'UPPER{suffix.upper()}', content=content)
    data = ImageFolder(str(tmp_path), 'train', pipeline=[dict(type='LoadImageFromFile')])
    assert len(data) == 2 * len(SUFFIXES)
    for index in range(len(data)):
        sample = data[index]
        expected = np.asarray(Image.open(sample['img_path']).convert('RGB')).astype(int)
        assert np.abs(sample['img'][..., ::-1] - expected).mean() < 8, sample['img_path']  # two decoders of a JPEG
    assert logged == []


def test_what_is_no_data_is_left_out_and_counted(tmp_path, logged):
    train = tmp_path / 'train'
    _write(train, 'a/0.png', 'a/deep/1.png', 'b/2.png')
    _write(train, 'a/notes.txt', 'a/photo.heic', 'a/deep/photo.HEIC', 'stray.png')
    _write(
        train, 'a/.ipynb_checkpoints/0-checkpoint.png', 'b/@eaDir/2.png', '__MACOSX/a/._0.png', 'a/._0.png', '.DS_Store'
    )
    (train / 'a' / 'deep' / 'round').symlink_to(train / 'a')
    data = ImageFolder(str(tmp_path), 'train')
    assert data.metainfo['classes'] == ('a', 'b')
    paths = [data.get_data_info(index)['img_path'] for index in range(len(data))]
    assert paths == [str(train / name) for name in ('a/0.png', 'a/deep/1.png', 'b/2.png')]
    (line,) = logged
    assert line.startswith(f'ImageFolder {train}: left out 4 files (2 .heic, 1 .png, 1 .txt), the first being ')
    assert line.endswith("and 4 folders, such as '__MACOSX', 'a/.ipynb_checkpoints', 'a/deep/round'")


def test_links_that_go_round_end(tmp_path, logged):
    """Two classes that link to each other: each image has both labels once, as the links say."""
    _write(tmp_path / 'train', 'a/0.png', 'b/1.png')
    (tmp_path / 'train' / 'a' / 'b').symlink_to(tmp_path / 'train' / 'b')
    (tmp_path / 'train' / 'b' / 'a').symlink_to(tmp_path / 'train' / 'a')
    data = ImageFolder(str(tmp_path), 'train')
    assert [data.get_data_info(index)['gt_label'] for index in range(len(data))] == [0, 0, 1, 1]
    assert 'left out 2 folders' in logged[0]


def test_unreadable_files_are_found_at_the_start(tmp_path, logged):
    _write(tmp_path / 'train' / 'a', *(f'{index}.png' for index in range(4)))
    for name, content, reason in (
        ('empty.jpg', b'', 'an empty file'),
        ('page.jpg', b'<html>not found</html>', "the file begins with b'<html>no'"),
        ('pointer.png', b'version https://', "the file begins with b'version '"),
    ):
        path = tmp_path / 'train' / 'a' / name
        path.write_bytes(content)
        with pytest.raises(ValueError, match='expected images in .*train.*, got 1 unreadable files among 5') as caught:
            ImageFolder(str(tmp_path), 'train')
        assert str(caught.value).endswith(f'the first being {str(path)!r} ({reason})')
        path.unlink()
    (tmp_path / 'list.txt').write_text('a/gone.png 0\n')
    (tmp_path / 'train' / 'a' / 'gone.png').symlink_to(tmp_path / 'nowhere')
    with pytest.raises(ValueError, match='No such file'):
        ImageFolder(str(tmp_path), 'train', ann_file='list.txt')
    assert logged == []


def test_images_without_their_end_are_counted(tmp_path, logged):
    _write(tmp_path / 'train' / 'a', '0.png', '3.webp')
    for name, kind in (('1.jpg', 'JPEG'), ('2.png', 'PNG')):
        content = _encoded(kind)
        _write(tmp_path / 'train' / 'a', name, content=content[: len(content) // 2])
    # What a camera appends is no fault.
    _write(tmp_path / 'train' / 'a', '4.jpg', content=_encoded('JPEG') + b'\0' * 5000)
    assert len(ImageFolder(str(tmp_path), 'train')) == 5
    first = tmp_path / 'train' / 'a' / '1.jpg'
    assert logged == [
        f'ImageFolder {tmp_path / "train"}: the end is missing in 2 of 5 checked images, the first being {str(first)!r}'
    ]


def test_a_sample_is_spread_over_all_files(tmp_path):
    _write(tmp_path, *(f'{index}.png' for index in range(9)))
    (tmp_path / '4.png').write_bytes(b'')
    (tmp_path / '5.png').write_bytes(b'')
    paths = [str(tmp_path / f'{index}.png') for index in range(9)]
    check = check_headers(paths, most=5)  # 0, 2, 4, 6 and 8
    assert (check.checked, check.unreadable, check.cut_off) == (5, {paths[4]: 'an empty file'}, [])


@pytest.mark.parametrize('orientation', [3, 6, 8])
def test_pictures_are_turned_by_exif_or_as_they_are_stored(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / 'photo.jpg'
    path.write_bytes(_encoded('JPEG', quality=95, exif=exif))
    stored = Image.open(path)
    for ignore, expected in ((False, ImageOps.exif_transpose(stored)), (True, stored)):
        image = LoadImage(ignore_orientation=ignore)({'img_path': str(path)})['img']
        assert image.shape == (None if not ignore else (24, 40))
        assert np.array_equal(image.decode()[..., ::-1], np.asarray(expected))
    reduced, _ = EncodedImage(path.read_bytes(), ignore_orientation=True).decode_for([Box(0, 0, 24, 40)], 6)
    assert reduced.shape == (6, 10, 3)
    assert np.array_equal(
        cv2.imread(str(path), cv2.IMREAD_COLOR)[..., ::-1], np.asarray(ImageOps.exif_transpose(stored))
    )
