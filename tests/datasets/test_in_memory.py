import re
from multiprocessing.reduction import ForkingPickler

import cv2
import numpy as np
import pytest
import skimage.data
import torch
from mmcv.transforms import LoadImageFromFile
from mmengine.registry import DefaultScope
from torch.utils.data import DataLoader

from agmax_mm.datasets import CIFAR10, ImageFolder, image_store
from agmax_mm.datasets.image_store import ImageStore, free_memory

PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomCrop', crop_size=24, padding=4),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
]


@pytest.fixture(autouse=True)
def _scope():
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """Crops of photographs of several sizes, as JPEG and PNG, one of them grey."""
    root = tmp_path_factory.mktemp('photos')
    for label, photo in enumerate((skimage.data.astronaut(), skimage.data.chelsea())):
        folder = root / 'train' / f'class{label}'
        folder.mkdir(parents=True)
        for index in range(5):
            crop = photo[40 * index : 40 * index + 30 + index, 60 : 100 + 7 * index, ::-1]
            cv2.imwrite(str(folder / f'{index}.{"jpg" if index % 2 else "png"}'), crop)
        cv2.imwrite(str(folder / 'grey.png'), photo[:50, :40, 0])
    return root


def _same(one, other):
    assert one.keys() == other.keys()
    for key, value in one.items():
        assert np.array_equal(value, other[key]), key


@pytest.mark.parametrize('loader', [{}, {'color_type': 'grayscale'}, {'color_type': 'unchanged'}])
def test_the_same_samples(root, loader):
    pipeline = [dict(PIPELINE[0], **loader), *PIPELINE[1:]]
    plain = ImageFolder(str(root), 'train', pipeline=pipeline)
    cached = ImageFolder(str(root), 'train', pipeline=pipeline, in_memory=True)
    assert len(cached) == len(plain) == 12
    for index in range(12):
        np.random.seed(index)
        expected = plain[index]
        np.random.seed(index)
        _same(cached[index], expected)


def test_files_are_read_once_and_the_store_is_out_of_reach(root, monkeypatch):
    read = []
    load = LoadImageFromFile.transform
    monkeypatch.setattr(
        LoadImageFromFile, 'transform', lambda self, results: read.append(results['img_path']) or load(self, results)
    )
    data = ImageFolder(str(root), 'train', pipeline=PIPELINE[:1], in_memory=True)
    assert len(set(read)) == 12
    assert 'LoadImageFromFile' not in str(data)
    before = [data[index]['img'].copy() for index in range(12)]
    read.clear()
    for index in range(12):
        data[index]['img'][:] = 0
    assert all(np.array_equal(data[index]['img'], image) for index, image in enumerate(before))
    assert not read


def test_a_part_of_the_images(root):
    for indices in (5, [1, 7, 3]):
        plain, cached = (
            ImageFolder(str(root), 'train', pipeline=PIPELINE[:1], indices=indices, in_memory=memory)
            for memory in (False, True)
        )
        for index in range(len(plain)):
            _same(cached[index], plain[index])
    cached.get_subset_([2])
    assert cached[0]['img_path'] == plain[2]['img_path']
    _same(cached[0] | {'sample_idx': 2}, plain[2])


def test_forked_workers_load_the_same(root):
    plain, cached = (
        ImageFolder(str(root), 'train', pipeline=PIPELINE[:1], in_memory=memory) for memory in (False, True)
    )
    loader = DataLoader(cached, batch_size=None, num_workers=2, multiprocessing_context='fork')
    for index, sample in enumerate(loader):
        _same({key: np.asarray(value) for key, value in sample.items()}, plain[index])


def _refers_to_the_same_memory(pixels, other):
    before = int(pixels.flatten()[0])
    pixels.flatten()[0] = 255 - before
    return int(other.flatten()[0]) == 255 - before


def test_spawned_workers_share_the_images(root, tmp_path):
    """What a spawned worker is sent: the images by reference, so that a change is seen on both sides."""
    data = ImageFolder(str(root), 'train', pipeline=PIPELINE[:1], in_memory=True)
    message = bytes(ForkingPickler.dumps(data))
    assert len(message) < 8_000
    received = ForkingPickler.loads(message)
    _same(received[3], data[3])
    assert _refers_to_the_same_memory(data.store._pixels, received.store._pixels)

    for number in range(10):
        (tmp_path / 'train' / str(number)).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / 'train' / str(number) / 'a.png'), np.full((32, 32, 3), number, np.uint8))
    cifar = CIFAR10(str(tmp_path), 'train')
    assert _refers_to_the_same_memory(cifar.images, ForkingPickler.loads(ForkingPickler.dumps(cifar)).images)


def test_progress_is_shown(root, capsys):
    ImageFolder(str(root), 'train', pipeline=PIPELINE[:1], in_memory=True)
    err = capsys.readouterr().err
    assert re.search(r'ImageFolder .*train: 6/12 \(50 %\)', err)
    assert re.search(r'ImageFolder .*train: 12 images, 0 MB', err)


def test_images_that_would_not_fit_are_refused_before_all_are_decoded(monkeypatch):
    monkeypatch.setattr(image_store, 'free_memory', lambda: 2_000_000)
    decoded = []

    def load(index):
        decoded.append(index)
        return np.zeros((10, 10, 3), np.uint8)

    with pytest.raises(
        ValueError, match=r'photos: expected images of at most 0.0 GB .*half of the memory .*got 0.3 GB'
    ):
        ImageStore(load, 1_000_000, 'photos')
    assert len(decoded) <= 32
    assert len(ImageStore(load, 3_000, 'photos')) == 3_000
    # The size is that of what is decoded, not a guess from a few.
    with pytest.raises(ValueError, match='photos: expected images of at most'):
        ImageStore(lambda index: np.zeros((10, 10 + 1000 * (index in (5, 6, 7, 8)), 30), np.uint8), 300, 'photos')


def test_free_memory(monkeypatch, tmp_path):
    monkeypatch.delenv('LOCAL_WORLD_SIZE', raising=False)
    monkeypatch.setattr(image_store, '_CGROUP', tmp_path)
    whole = free_memory()
    assert 2**27 < whole < 2**45
    (tmp_path / 'memory.max').write_text('max\n')
    assert free_memory() == pytest.approx(whole, rel=0.2)
    (tmp_path / 'memory.max').write_text('3000000\n')
    (tmp_path / 'memory.current').write_text('2500000\n')
    (tmp_path / 'memory.stat').write_text('anon 5\nactive_file 300000\ninactive_file 200000\n')
    assert free_memory() == 1_000_000
    monkeypatch.setenv('LOCAL_WORLD_SIZE', '4')
    assert free_memory() == 250_000


def test_bad_input(root, tmp_path):
    with pytest.raises(
        ValueError, match=r'in_memory: expected a pipeline that begins with LoadImageFromFile, got Rand'
    ):
        ImageFolder(str(root), 'train', pipeline=PIPELINE[1:], in_memory=True)
    with pytest.raises(ValueError, match='in_memory: .* got an empty one'):
        ImageFolder(str(root), 'train', in_memory=True)
    with pytest.raises(ValueError, match='expected images of uint8 to keep in memory, got float32'):
        ImageFolder(str(root), 'train', pipeline=[dict(PIPELINE[0], to_float32=True)], in_memory=True)
    (tmp_path / 'train' / 'a').mkdir(parents=True)
    # Its header and its end are those of an image.
    (tmp_path / 'train' / 'a' / 'broken.png').write_bytes(b'\x89PNG\r\n\x1a\nIEND')
    for memory in (False, True):
        for backend in ('cv2', 'pillow'):
            step = dict(PIPELINE[0], imdecode_backend=backend)
            with pytest.raises(ValueError, match=r'ImageFolder: expected an image in .*broken.png'):
                ImageFolder(str(tmp_path), 'train', pipeline=[step], in_memory=memory)[0]
    assert torch.is_tensor(ImageFolder(str(root), 'train', pipeline=PIPELINE[:1], in_memory=True).store._pixels)
