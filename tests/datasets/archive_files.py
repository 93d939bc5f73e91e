"""Archives of a folder of images, in every form that is read."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile

import cv2
import numpy as np

CLASSES = ('ant', 'bee', 'cat')


def write_folder(root, images=4, side=40, splits=('train', 'val')):
    """``root/{train,val}/<class>/``, nested and with a space, and what belongs to no class."""
    generator = np.random.default_rng(0)
    for split in splits:
        for name in CLASSES:
            (root / split / name / 'more images').mkdir(parents=True)
            for index in range(images):
                pixels = cv2.resize(generator.integers(0, 256, (5, 5, 3), dtype=np.uint8), (side, side))
                folder = root / split / name / ('more images' if index % 3 == 2 else '')
                cv2.imwrite(str(folder / f'{index}.{"png" if index % 2 else "JPEG"}'), pixels)
        (root / split / 'ant' / '.hidden.png').write_bytes(b'no image')
        (root / split / 'ant' / 'notes.txt').write_text('notes')
        (root / split / '__MACOSX').mkdir()
        (root / split / '__MACOSX' / '0.png').write_bytes(b'no image')
    return root


def files_of(root):
    """Paths below a folder, relative to it, in an order that is not theirs."""
    paths = [os.path.relpath(os.path.join(above, name), root) for above, _, names in os.walk(root) for name in names]
    return sorted(paths, reverse=True)


def tar(path, root, prefix='', names=None):
    with tarfile.open(path, 'w') as archive:
        for name in names or files_of(root):
            archive.add(root / name, prefix + name)
    return path


def _zip(path, root, method, prefix=''):
    with zipfile.ZipFile(path, 'w', method) as archive:
        for name in files_of(root):
            archive.write(root / name, prefix + name)
    return path


def whole_tar(root, out):
    """With its folders as members, and names that begin with ``./``."""
    with tarfile.open(out / 'photos.tar', 'w') as archive:
        archive.add(root, '.')
    return out / 'photos.tar'


def named_tar(root, out):
    """In a folder of the archive's name, as ``tar cf photos.tar photos`` has it."""
    return tar(out / 'photos.tar', root, 'photos/')


def long_named_tar(root, out):
    """In the old format of GNU, with names beyond its 100 bytes."""
    with tarfile.open(out / 'photos.tar', 'w', format=tarfile.GNU_FORMAT) as archive:
        archive.add(root, 'photos of animals ' * 8)
    return out / 'photos.tar'


def stored_zip(root, out):
    return _zip(out / 'photos.zip', root, zipfile.ZIP_STORED)


def deflated_zip(root, out):
    return _zip(out / 'photos.ZIP', root, zipfile.ZIP_DEFLATED, 'photos/')


def split_tars(root, out):
    for split in ('train', 'val'):
        tar(out / f'{split}.tar', root / split)
    return out


def split_named(root, out):
    tar(out / 'train.tar', root / 'train', 'train/')
    _zip(out / 'val.zip', root / 'val', zipfile.ZIP_DEFLATED, 'val/')
    return out


def shards(root, out):
    """Class folders in three shards of each split."""
    for split in ('train', 'val'):
        names = files_of(root / split)
        for number in range(3):
            tar(out / f'{split}-{number:06d}.tar', root / split, names=names[number::3])
    return out


def official(root, out):
    """A tar file of each class, of files without folders, in the tar file of training."""
    with tarfile.open(out / 'ILSVRC2012_img_train.tar', 'w') as archive:
        for name in sorted(CLASSES, reverse=True):
            inner = tar(out / 'inner', root / 'train' / name)
            archive.add(inner, f'{name}.tar')
            inner.unlink()
    tar(out / 'ILSVRC2012_img_val.tar', root / 'val')
    return out


FORMS = (
    *(whole_tar, named_tar, long_named_tar, stored_zip, deflated_zip),
    *(split_tars, split_named, shards, official),
)


def labelled_shards(root, out, numbers=2, split='train'):
    """As ``webdataset`` writes them: ``KEY.jpg``, ``KEY.cls``, with keys that begin anew in each shard.

    Returns:
        The files below ``root/split`` with their labels, in the order of the shards.
    """
    out.mkdir(exist_ok=True)
    paths = sorted(name for name in files_of(root / split) if name.split('/')[0] in CLASSES and 'no' not in name)
    paths = [path for path in paths if '/.' not in path]
    paths = paths[::2] + paths[1::2]
    listed = []
    for number in range(numbers):
        with tarfile.open(out / f'{split}-{number:04d}.tar', 'w') as archive:
            for index, path in enumerate(paths[number::numbers]):
                label = CLASSES.index(path.split('/')[0])
                key = f'{index:05d}'
                archive.add(root / split / path, f'{key}.{path.rpartition(".")[2].lower()}')
                _add(archive, f'{key}.cls', str(label).encode())
                _add(archive, f'{key}.json', b'{}')
                listed.append((path, label))
    return listed


def _add(archive, name, content):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))
