"""What the data path is measured on, and that both paths hand out the same kind of thing."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks.suites import data, data_paths, data_peers
from benchmarks.suites.operations import operation_rows
from benchmarks.suites.photographs import jpeg_files, large, small_images


@pytest.fixture(scope='module')
def contents():
    return jpeg_files(None, 8)


def test_photographs_are_of_imagenet_s_size_and_differ(contents):
    pictures = [Image.open(io.BytesIO(content)) for content in contents]
    assert {(picture.format, picture.mode, picture.size) for picture in pictures} == {('JPEG', 'RGB', (500, 375))}
    assert len(set(contents)) == 8
    assert contents == jpeg_files(None, 8)
    assert min(np.asarray(picture).std() for picture in pictures) > 20
    assert Image.open(io.BytesIO(large(contents[0]))).size == (2000, 1500)


def test_files_of_a_folder(contents, tmp_path):
    (tmp_path / 'sub').mkdir()
    for name, content in (('b.jpg', contents[1]), ('sub/a.JPEG', contents[0]), ('c.txt', b'')):
        (tmp_path / name).write_bytes(content)
    assert jpeg_files(tmp_path, 5) == [contents[1], contents[0]]
    with pytest.raises(ValueError, match=r'--images: expected JPEG files in .*none.*, got none'):
        jpeg_files(tmp_path / 'none', 5)


def test_paths_run_over_all_samples(contents, tmp_path, monkeypatch):
    """The views of both, as the loader hands them out."""
    batches = []
    monkeypatch.setattr(data_paths, 'consume', lambda loader: batches.extend(loader))
    images = small_images(contents, 10)
    assert images.shape == (10, 32, 32, 3)
    data_paths.write_folder(contents, tmp_path / 'files')
    data_paths.write_cifar(images, tmp_path / 'cifar')
    for name, (recipe, small, autoaugment) in data._RECIPES.items():
        sources, side = (images, 32) if small else (contents, 224)
        epoch, dataset = data_paths.our_path(
            str(data._CONFIGS / recipe), tmp_path / ('cifar' if small else 'files'), batch=4
        )
        batches.clear()
        data_paths.plain_path(sources, small=small, autoaugment=autoaugment, batch=4)()
        assert sum(len(labels) for _, labels in batches) == len(sources), name
        assert {(view.dtype, *view.shape[1:]) for views, _ in batches for view in views} == {
            (torch.float32, 3, side, side)
        }
        batches.clear()
        epoch()
        assert sum(len(batch['data_samples']) for batch in batches) == len(sources) == len(dataset)
        assert {(view.dtype, *view.shape[1:]) for batch in batches for view in batch['inputs']} == {
            (torch.uint8, 3, side, side)
        }
        assert all(len(batch['inputs']) == 2 for batch in batches)
        assert any('AutoAugment' in str(step) for step in dataset.pipeline.transforms) == autoaugment


def test_operations_stay_within_their_tolerance(contents):
    values, rows = operation_rows(contents[0], rounds=1)
    assert len(values) == len(rows) == 16
    greatest = {name: found['greatest'] for name, found in values.items()}
    assert {name for name, difference in greatest.items() if difference} <= {'resized crop', 'Color', 'Sharpness'}
    assert max(greatest.values()) <= 1
    assert max(found['share'] for found in values.values()) < 0.01


@pytest.mark.parametrize('autoaugment', [False, True])
def test_peers_hand_out_two_views_of_every_file(contents, monkeypatch, autoaugment):
    """Those that need nothing more than this package does."""
    batches = []
    monkeypatch.setattr(data_peers, 'consume', lambda loader: batches.extend(loader))
    for peer in data_peers.PEERS:
        if peer.module not in ('torchvision', 'PIL'):
            continue
        assert peer.version()
        batches.clear()
        peer.build(contents, autoaugment, 4)()
        assert sum(len(labels) for _, labels in batches) == len(contents)
        for views, _ in batches:
            assert [(view.dtype, *view.shape[1:]) for view in views] == [(torch.uint8, 3, 224, 224)] * 2
            assert not torch.equal(*views)


def test_peers_that_are_not_installed_are_named():
    peer = replace(data_peers.PEERS[0], name='none', module='no_such_module')
    assert peer.version() is None
    assert (
        data._missing({'versions': {'none': peer.version(), 'torchvision': '1'}}) == 'Not installed, so not run: none.'
    )
    assert data._missing({'versions': {'torchvision': '1'}}) == 'All peers were installed.'
