import os
import pickle

import cv2
import numpy as np
import pytest
from mmengine.registry import DefaultScope

from agmax_mm.datasets import CIFAR10, CIFAR100, ImageFolder, ImageNet

# 0.9 of full scale in one channel each, so that channel order shows.
COLOURS = {'red': (230, 0, 0), 'green': (0, 230, 0), 'blue': (0, 0, 230)}


@pytest.fixture(autouse=True)
def _scope():
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield


def _write_images(folder, count, side=32, colour=(230, 0, 0), suffix='png'):
    folder.mkdir(parents=True)
    for index in range(count):
        cv2.imwrite(str(folder / f'{index}.{suffix}'), np.full((side, side, 3), colour[::-1], np.uint8))


def _write_official(root, name, files, label_key, images=4):
    folder = root / name
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    written = []
    for file in files:
        pixels = generator.integers(0, 256, (images, 3, 32, 32), dtype=np.uint8)
        labels = generator.integers(0, 10, images).tolist()
        with (folder / file).open('wb') as stream:
            pickle.dump({'data': pixels.reshape(images, -1), label_key: labels}, stream, protocol=2)
        written.append((pixels, labels))
    return written


def test_official_cifar10_files(tmp_path):
    files = [f'data_batch_{index}' for index in range(1, 6)]
    written = _write_official(tmp_path, 'cifar-10-batches-py', [*files, 'test_batch'], 'labels')
    for root in (tmp_path, tmp_path / 'cifar-10-batches-py'):
        train, test = CIFAR10(str(root), 'train'), CIFAR10(str(root), 'test')
        assert (len(train), len(test)) == (20, 4)
        for index in range(20):
            pixels, labels = written[index // 4]
            info = train.get_data_info(index)
            assert info['gt_label'] == labels[index % 4]
            assert np.array_equal(info['img'][..., ::-1], pixels[index % 4].transpose(1, 2, 0))  # BGR
        assert np.array_equal(test.get_data_info(2)['img'][..., 0], written[5][0][2][2])
    assert train.metainfo['classes'][3] == 'cat'


def test_the_same_first_images_of_each_class_from_official_files_and_from_folders(tmp_path):
    """Names out of order and spread over the files; the second image of each class by name is the last one kept."""
    generator = np.random.default_rng(1)
    folder = tmp_path / 'official' / 'cifar-10-batches-py'
    folder.mkdir(parents=True)
    kept = {}
    for file in range(1, 6):
        pixels = generator.integers(0, 256, (10, 3, 32, 32), dtype=np.uint8)
        labels = generator.permutation(10).tolist()
        # Of each class one image a file: names fall from file to file.
        names = [f'thing_{6 - file}_{label}.png' for label in labels]
        content = {'data': pixels.reshape(10, -1), 'labels': labels, 'filenames': names}
        (folder / f'data_batch_{file}').write_bytes(pickle.dumps(content, protocol=2))
        for image, label, name in zip(pixels, labels, names, strict=True):
            kept[label, name] = image
            target = tmp_path / 'folders' / 'train' / f'class{label}' / name
            target.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(target), image.transpose(1, 2, 0)[..., ::-1])
    expected = [(label, kept[label, f'thing_{place}_{label}.png']) for label in range(10) for place in (1, 2)]
    for root in ('official', 'folders'):
        data = CIFAR10(str(tmp_path / root), 'train', images_per_class=2)
        assert len(data) == 20
        for index, (label, pixels) in enumerate(expected):
            info = data.get_data_info(index)
            assert info['gt_label'] == label
            assert np.array_equal(info['img'][..., ::-1], pixels.transpose(1, 2, 0))
        assert len(CIFAR10(str(tmp_path / root), 'train')) == 50
        for count in (0, 6):
            with pytest.raises(ValueError, match=rf'images_per_class: expected 1 to 5, .* got {count}'):
                CIFAR10(str(tmp_path / root), 'train', images_per_class=count)


def test_the_test_split_alone_and_files_with_keys_of_bytes(tmp_path):
    (written,) = _write_official(tmp_path, 'cifar-10-batches-py', ['test_batch'], 'labels')
    path = tmp_path / 'cifar-10-batches-py' / 'test_batch'
    content = pickle.loads(path.read_bytes())
    path.write_bytes(pickle.dumps({key.encode(): value for key, value in content.items()}))
    dataset = CIFAR10(str(tmp_path), 'test')
    pixels, labels = written
    assert dataset.get_gt_labels().tolist() == labels
    for index, image in enumerate(pixels):
        assert np.array_equal(dataset.get_data_info(index)['img'][..., ::-1], image.transpose(1, 2, 0))
    with pytest.raises(ValueError, match='cifar-10-batches-py/data_batch_1 or a folder train'):
        CIFAR10(str(tmp_path), 'train')


def test_official_cifar100_takes_fine_labels(tmp_path):
    written = _write_official(tmp_path, 'cifar-100-python', ['train', 'test'], 'fine_labels')
    data = CIFAR100(str(tmp_path), 'test')
    assert [data.get_data_info(index)['gt_label'] for index in range(4)] == written[1][1]
    assert len(data.metainfo['classes']) == 100


def test_cifar10_from_folders(tmp_path):
    for number in range(10):
        _write_images(tmp_path / 'train' / f'class{number}', 1 + number % 2, colour=(20 * number, 0, 0))
    data = CIFAR10(str(tmp_path), 'train')
    assert len(data) == 15
    for index in range(15):
        info = data.get_data_info(index)
        assert info['img'][0, 0].tolist() == [0, 0, 20 * info['gt_label']]
    info['img'][:] = 0
    assert data.get_data_info(14)['img'].any()  # the store is out of reach


def test_pickles_with_code_are_refused(tmp_path):
    marker = tmp_path / 'ran'

    class Payload:
        def __reduce__(self):
            return os.mkdir, (str(marker),)

    folder = tmp_path / 'cifar-10-batches-py'
    folder.mkdir()
    for name in [*(f'data_batch_{index}' for index in range(1, 6)), 'test_batch']:
        (folder / name).write_bytes(pickle.dumps(Payload()))
    with pytest.raises(ValueError, match='expected CIFAR data in .*data_batch_1.*got the object'):
        CIFAR10(str(tmp_path), 'train')
    assert not marker.exists()


def test_labels_come_from_the_training_folders(tmp_path):
    for name, colour in COLOURS.items():
        _write_images(tmp_path / 'train' / name, 2, colour=colour)
    _write_images(tmp_path / 'val' / 'red', 1)
    train, val = ImageFolder(str(tmp_path), 'train'), ImageFolder(str(tmp_path), 'val')
    assert train.metainfo['classes'] == val.metainfo['classes'] == ('blue', 'green', 'red')
    assert [train.get_data_info(index)['gt_label'] for index in range(6)] == [0, 0, 1, 1, 2, 2]
    assert val.get_data_info(0)['gt_label'] == 2


def test_imagenet_folders_whole_and_in_part(tmp_path):
    for number in range(1000):
        folder = tmp_path / 'all' / 'train' / f'n{number:08d}'
        folder.mkdir(parents=True)
        (folder / 'a.JPEG').write_bytes(b'\xff\xd8\xff\xd9')  # as far as a header goes, an image
    whole = ImageNet(str(tmp_path / 'all'), 'train')
    assert whole.metainfo['classes'][0] == 'tench, Tinca tinca'
    assert whole.get_data_info(999)['gt_label'] == 999
    _write_images(tmp_path / 'part' / 'train' / 'n01440764', 1, suffix='JPEG')
    part = ImageNet(str(tmp_path / 'part'), 'train')
    assert part.metainfo['classes'] == ('n01440764',)


def test_class_names_may_be_given(tmp_path):
    for name in ('a', 'b'):
        _write_images(tmp_path / 'train' / name, 1)
    assert ImageFolder(str(tmp_path), 'train', classes=['first', 'second']).metainfo['classes'] == ('first', 'second')
    with pytest.raises(ValueError, match='classes: expected 2 names, one for each folder of .*train.*, got 3'):
        ImageFolder(str(tmp_path), 'train', classes=['x', 'y', 'z'])


def test_what_is_hidden_does_not_count_and_links_do(tmp_path):
    _write_images(tmp_path / 'elsewhere', 2)
    _write_images(tmp_path / 'train' / 'a', 1)
    _write_images(tmp_path / 'train' / '.ipynb_checkpoints', 1)
    (tmp_path / 'train' / 'a' / '._0.png').touch()
    (tmp_path / 'train' / 'a' / 'deep').symlink_to(tmp_path / 'elsewhere')
    data = ImageFolder(str(tmp_path), 'train')
    assert data.metainfo['classes'] == ('a',)
    paths = [data.get_data_info(index)['img_path'] for index in range(len(data))]
    assert paths == [str(tmp_path / 'train' / 'a' / name) for name in ('0.png', 'deep/0.png', 'deep/1.png')]


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (lambda root: ImageFolder(str(root), 'train'), 'expected a folder of class folders at .*train'),
        (lambda root: ImageFolder(str(root / 'flat'), 'train'), 'expected class folders in'),
        (lambda root: ImageFolder(str(root / 'empty'), 'train'), 'got none in 1: b'),
        (lambda root: ImageFolder(str(root / 'other'), 'val'), 'got 1 others: z'),
        (lambda root: CIFAR10(str(root), 'train'), 'cifar-10-batches-py/data_batch_1 or a folder train'),
        (lambda root: CIFAR10(str(root), 'val'), r"expected one of \['train', 'test'\], got 'val'"),
        (lambda root: CIFAR10(str(root / 'other'), 'train'), 'expected 10 class folders .* got 1'),
        (lambda root: CIFAR10(str(root / 'big'), 'train'), 'expected 32x32 pixels in .*0.png.*got 40x40'),
    ],
)
def test_bad_folders_are_named(tmp_path, make, message):
    (tmp_path / 'flat' / 'train').mkdir(parents=True)
    _write_images(tmp_path / 'empty' / 'train' / 'a', 1)
    (tmp_path / 'empty' / 'train' / 'b').mkdir()
    _write_images(tmp_path / 'other' / 'train' / 'a', 1)
    _write_images(tmp_path / 'other' / 'val' / 'z', 1)
    for number in range(10):
        _write_images(tmp_path / 'big' / 'train' / str(number), 1, side=40)
    with pytest.raises(ValueError, match=message):
        make(tmp_path)


@pytest.mark.parametrize(
    ('labels', 'message'),
    [
        ([0, 3, 10, 1], 'expected a label of 0 to 9 for image 2 of .*data_batch_3.*, got 10'),
        ([0, -1, 2, 1], 'expected a label of 0 to 9 for image 1 of .*data_batch_3.*, got -1'),
        ([0, 3], 'expected 4 labels, one per image, in .*data_batch_3.*, got 2'),
        ([0, 3, float('nan'), 1], 'expected a label of 0 to 9 for image 2 of .*data_batch_3.*, got nan'),
        ([0, 3, 2.5, 1], 'expected a label of 0 to 9 for image 2 of .*data_batch_3.*, got 2.5'),
    ],
)
def test_official_labels_out_of_range_are_named(tmp_path, labels, message):
    files = [f'data_batch_{index}' for index in range(1, 6)]
    _write_official(tmp_path, 'cifar-10-batches-py', [*files, 'test_batch'], 'labels')
    path = tmp_path / 'cifar-10-batches-py' / 'data_batch_3'
    content = pickle.loads(path.read_bytes())
    content['labels'] = labels
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(ValueError, match=message):
        CIFAR10(str(tmp_path), 'train')
    assert len(CIFAR10(str(tmp_path), 'test')) == 4


@pytest.mark.parametrize(
    ('value', 'dtype'), [(np.nan, np.float32), (300, np.int64), (-1, np.int16), (0.5, np.float64), (np.inf, np.float64)]
)
def test_official_pixels_out_of_range_are_refused(tmp_path, value, dtype):
    """A conversion to bytes would turn them into others: NaN into 0, 300 into 44."""
    files = [f'data_batch_{index}' for index in range(1, 6)]
    written = _write_official(tmp_path, 'cifar-10-batches-py', [*files, 'test_batch'], 'labels')
    path = tmp_path / 'cifar-10-batches-py' / 'data_batch_2'
    content = pickle.loads(path.read_bytes())
    content['data'] = content['data'].astype(dtype)
    path.write_bytes(pickle.dumps(content, protocol=2))
    data = CIFAR10(str(tmp_path), 'train')  # whole numbers of another type are fine
    assert np.array_equal(data.get_data_info(4)['img'][..., ::-1], written[1][0][0].transpose(1, 2, 0))
    content['data'][2, 5] = value
    path.write_bytes(pickle.dumps(content, protocol=2))
    with pytest.raises(ValueError, match=f'data_batch_2.*whole numbers of 0 to 255 as pixels, got {value} in 1 places'):
        CIFAR10(str(tmp_path), 'train')
