"""Images straight from archives: the same samples as from folders, and the index that they are found by."""

import io
import multiprocessing
import os
import pickle
import tarfile

import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler
from mmengine.registry import DefaultScope
from PIL import Image
from torch.utils.data import DataLoader

from agmax_mm.datasets import CIFAR10, ImageFolder, ImageNet, image_folder
from agmax_mm.datasets.archives import ArchivePath, open_file, place, split_place, unpacked_path
from agmax_mm.datasets.archives import index as index_file
from agmax_mm.datasets.archives.archive import opened_archive
from tests.datasets import archive_files
from tests.ranks import run_ranks

pytestmark = pytest.mark.usefixtures('archive_scope')
PIPELINE = [dict(type='agmax_mm.LoadImage'), dict(type='agmax_mm.TwoView', transforms=[], num_views=1)]


@pytest.fixture(scope='module')
def tar_file(photos, tmp_path_factory):
    return archive_files.whole_tar(photos, tmp_path_factory.mktemp('tar'))


def samples(root, split, **options):
    dataset = ImageFolder(str(root), split, pipeline=PIPELINE, **options)
    return dataset, [dataset[index] for index in range(len(dataset))]


def assert_equal(got, expected):
    assert len(got) == len(expected) > 0
    for one, other in zip(got, expected, strict=True):
        assert one['gt_label'] == other['gt_label']
        np.testing.assert_array_equal(one['img'], other['img'])


@pytest.mark.parametrize('form', archive_files.FORMS, ids=lambda form: form.__name__)
def test_every_form_gives_the_samples_of_the_folder(form, photos, tmp_path):
    root = form(photos, tmp_path)
    for split in ('train', 'val'):
        folder, expected = samples(photos, split)
        dataset, got = samples(root, split)
        assert_equal(got, expected)
        assert dataset.metainfo['classes'] == folder.metainfo['classes'] == archive_files.CLASSES
        assert [os.path.basename(item['img_path']) for item in got] == [
            os.path.basename(item['img_path']) for item in expected
        ]
    assert_equal(samples(root, 'train', images_per_class=2)[1], samples(photos, 'train', images_per_class=2)[1])
    assert_equal(samples(root, 'val', in_memory=True)[1], expected)


def test_what_is_left_out_is_counted_as_in_folders(photos, tar_file, monkeypatch):
    lines = []
    monkeypatch.setattr(image_folder, 'print_log', lambda text, **_: lines.append(text))
    for root in (photos, tar_file):
        ImageFolder(str(root), 'train')
    expected = "left out 1 files (1 .txt), the first being 'ant/notes.txt' and 1 folders, such as '__MACOSX'"
    assert [line.partition('train: ')[2] for line in lines] == [expected] * 2


def test_lists_beside_and_inside_of_archives(photos, tmp_path):
    lines = 'val/cat/0.JPEG 1\nval/ant/more images/2.JPEG 0\n'
    (tmp_path / 'list.txt').write_text(lines)
    archive = archive_files.tar(tmp_path / 'photos.tar', photos)
    with tarfile.open(archive, 'a') as file:
        file.add(tmp_path / 'list.txt', 'list.txt')
    options = dict(classes_split='', classes=['a', 'b'])
    expected = samples(photos, '', ann_file=str(tmp_path / 'list.txt'), **options)[1]
    assert_equal(samples(archive, '', ann_file='list.txt', **options)[1], expected)
    assert_equal(samples(archive, '', ann_file=str(tmp_path / 'list.txt'), **options)[1], expected)
    with tarfile.open(archive, 'a') as file:
        (tmp_path / 'list.txt').write_text(lines + 'val/cat/9.JPEG 1\n')
        file.add(tmp_path / 'list.txt', 'list.txt')  # the last one of a name counts
    with pytest.raises(ValueError, match=r"line 3: expected an image at 'archive://.*cat/9.JPEG', got none \(1 of 3"):
        ImageFolder(str(archive), '', ann_file='list.txt')


def test_labels_beside_the_images_are_those_of_a_list(photos, tmp_path):
    listed = archive_files.labelled_shards(photos, tmp_path / 'shards')
    (tmp_path / 'list.txt').write_text(''.join(f'{path} {label}\n' for path, label in listed))
    _, expected = samples(photos, 'train', ann_file=str(tmp_path / 'list.txt'))
    for root, split in ((tmp_path / 'shards', 'train'), (tmp_path / 'shards' / 'train-{0000..0001}.tar', '')):
        dataset, got = samples(root, split)
        assert_equal(got, expected)
        assert dataset.metainfo['classes'] == ('0', '1', '2')
    assert samples(root, '', classes=archive_files.CLASSES)[0].metainfo['classes'] == archive_files.CLASSES
    with pytest.raises(ValueError, match=r"expected a label of 0 to 1 \(a to b\), got 2 for 'train-0000.tar/\d+.jpeg'"):
        ImageFolder(str(root), '', classes=['a', 'b'])
    with pytest.raises(ValueError, match='expected images of all 1000 classes'):
        ImageNet(str(root), '', classes_split='')


@pytest.mark.parametrize(
    ('content', 'message'),
    [(b'cat', "expected a label of at least 0 in '1.cls', got b'cat'"), (None, r'no label of 1 of 3: 1.jpg')],
)
def test_a_label_that_is_none(content, message, tmp_path):
    picture = io.BytesIO()
    Image.new('RGB', (8, 8)).save(picture, 'jpeg')
    with tarfile.open(tmp_path / 'train.tar', 'w') as archive:
        for key, label in enumerate((b'0', content, b'1')):
            archive_files._add(archive, f'{key}.jpg', picture.getvalue())
            if label is not None:
                archive_files._add(archive, f'{key}.cls', label)
    with pytest.raises(ValueError, match=message):
        ImageFolder(str(tmp_path), 'train')


def _loaded(root, context, workers=2, **options):
    dataset = ImageFolder(str(root), 'train', pipeline=PIPELINE)
    torch.manual_seed(0)
    loader = DataLoader(
        dataset,
        4,
        sampler=DefaultSampler(dataset, seed=0, **options),
        num_workers=workers,
        multiprocessing_context=context if workers else None,
        collate_fn=list,
    )
    return [item for batch in loader for item in batch]


@pytest.mark.parametrize('context', ['fork', 'spawn'])
def test_workers_read_at_the_same_time_as_their_parent(context, photos, tar_file):
    if context == 'spawn':
        dataset = ImageFolder(str(tar_file), 'train', pipeline=PIPELINE)
        worker = multiprocessing.get_context('spawn').Process(
            target=_write_all, args=(dataset, tar_file.parent / 'out')
        )
        worker.start()
        worker.join()
        assert worker.exitcode == 0
        got = pickle.loads((tar_file.parent / 'out').read_bytes())
        assert_equal(got, samples(photos, 'train')[1])
        return
    assert_equal(_loaded(tar_file, context), _loaded(photos, context, workers=0))


def _write_all(dataset, path):
    path.write_bytes(pickle.dumps([dataset[index] for index in range(len(dataset))]))


def _labels_of_rank(rank, root):
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        items = _loaded(root, 'fork', workers=0, shuffle=True)
    return [(item['gt_label'], torch.from_numpy(item['img']).double().sum().item()) for item in items]


def test_two_ranks_share_the_images_and_make_one_index(photos, tmp_path):
    archive = archive_files.whole_tar(photos, tmp_path)
    ranks = []
    for root in (archive, photos):
        folder = tmp_path / f'ranks of {root.name}'
        folder.mkdir()
        ranks.append(run_ranks(_labels_of_rank, 2, folder, root))
    assert ranks[0] == ranks[1]
    assert sorted(ranks[0][0] + ranks[0][1]) == sorted(_labels_of_rank(0, photos))
    assert [path.name for path in tmp_path.glob('.*')] == ['.photos.tar.index']


def test_the_index_is_made_once_and_again_when_the_archive_changes(photos, tmp_path, monkeypatch):
    archive = archive_files.tar(tmp_path / 'photos.tar', photos)
    scans = []
    scan = index_file.scan
    monkeypatch.setattr(index_file, 'scan', lambda path: scans.append(path) or scan(path))
    count = len(ImageFolder(str(archive), 'train'))
    opened_archive.cache_clear()
    assert len(ImageFolder(str(archive), 'train')) == count
    assert len(scans) == 1
    with tarfile.open(archive, 'a') as file:
        file.add(photos / 'train' / 'bee' / '0.JPEG', 'train/bee/another.JPEG')
    assert len(ImageFolder(str(archive), 'train')) == count + 1  # in the same process
    assert len(scans) == 2
    # A damaged or foreign index is made anew.
    for content in (b'', b'no index', (tmp_path / '.photos.tar.index').read_bytes()[:-9]):
        (tmp_path / '.photos.tar.index').write_bytes(content)
        opened_archive.cache_clear()
        assert len(ImageFolder(str(archive), 'train')) == count + 1


def test_the_index_goes_where_it_can_be_written(photos, tmp_path, monkeypatch):
    archive = archive_files.tar(tmp_path / 'photos.tar', photos)
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    atomic_path = index_file.atomic_path

    def read_only(path):
        if path.parent == tmp_path:
            raise PermissionError(13, 'Permission denied')
        return atomic_path(path)

    monkeypatch.setattr(index_file, 'atomic_path', read_only)
    assert len(ImageFolder(str(archive), 'train')) == 12
    kept = list((tmp_path / 'cache' / 'agmax_mm' / 'archives').iterdir())
    assert [path.name[:11] for path in kept] == ['photos.tar.']
    monkeypatch.setattr(index_file, 'scan', None)
    opened_archive.cache_clear()
    assert len(ImageFolder(str(archive), 'train')) == 12
    (tmp_path / 'file').touch()
    monkeypatch.undo()
    monkeypatch.setattr(index_file, 'atomic_path', read_only)
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'file'))
    opened_archive.cache_clear()
    with pytest.raises(ValueError, match=r'expected a folder for its index .* XDG_CACHE_HOME names another one'):
        ImageFolder(str(archive), 'train')


def test_cifar_from_an_archive(tmp_path):
    for split in ('train', 'test'):
        for name in 'abcdefghij':
            (tmp_path / 'cifar' / split / name).mkdir(parents=True)
            Image.new('RGB', (32, 32), (ord(name), 0, 0)).save(tmp_path / 'cifar' / split / name / '0.png')
    archive = archive_files.tar(tmp_path / 'cifar.tar', tmp_path / 'cifar')
    for split in ('train', 'test'):
        assert torch.equal(CIFAR10(str(archive), split).images, CIFAR10(str(tmp_path / 'cifar'), split).images)


def test_paths(tar_file, photos):
    root = place(str(tar_file))
    assert isinstance(root, ArchivePath)
    assert sorted(child.name for child in root.iterdir()) == ['train', 'val']
    assert split_place(root, 'val') == root / 'val' == place(f'archive://{tar_file}/val')
    assert (root / 'val' / '..' / 'train').is_dir()
    assert not (root / 'va').exists()
    assert (root / 'val/ant/notes.txt').read_text() == 'notes'
    assert (root / 'val/ant').parent == root / 'val'
    assert unpacked_path(f'archive://{tar_file}/val/ant') == str(tar_file.parent / 'photos' / 'val' / 'ant')
    with open_file(f'archive://{tar_file}/val/ant/notes.txt') as file:
        assert (file.seek(-2, os.SEEK_END), file.read(), file.seek(1), file.read(2)) == (3, b'es', 1, b'ot')
    with Image.open(open_file(f'archive://{tar_file}/val/ant/0.JPEG')) as picture:
        assert picture.size == (40, 40)
    with pytest.raises(FileNotFoundError, match=r'expected an archive \(\.tar, \.zip\) in the path'):
        open_file('archive:///nowhere')


def test_what_is_relative_to_the_root_is_the_same_in_archives(photos, tmp_path):
    names = []
    for form in (None, *archive_files.FORMS[:-1]):
        out = tmp_path / (form.__name__ if form else 'none')
        out.mkdir()
        dataset = ImageFolder(str(form(photos, out) if form else photos), 'train')
        path, root = (unpacked_path(text) for text in (dataset.get_data_info(0)['img_path'], dataset.data_root))
        names.append(os.path.relpath(path, root))
    assert names == ['train/ant/0.JPEG'] * len(names)
