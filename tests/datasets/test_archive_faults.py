"""Archives that are damaged, unsafe, incomplete or of another kind are refused, and named."""

import tarfile
import zipfile

import pytest

from agmax_mm.datasets import ImageFolder
from agmax_mm.datasets.archives import place
from agmax_mm.datasets.archives.archive import Archive
from tests.datasets import archive_files

pytestmark = pytest.mark.usefixtures('archive_scope')


def _tar_of(path, *infos):
    with tarfile.open(path, 'w') as archive:
        for name, kind, link in infos:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            archive.addfile(info)
    return path


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('../train/a/0.png', r"the unsafe name '\.\./train/a/0.png'"),
        ('/train/a/0.png', "the unsafe name '/train/a/0.png'"),
        ('train/a/../../../0.png', 'the unsafe name'),
        ('train\\a\\0.png', 'the unsafe name'),
    ],
)
def test_unsafe_names_are_refused(name, message, tmp_path):
    _tar_of(tmp_path / 'one.tar', (name, tarfile.REGTYPE, ''))
    with zipfile.ZipFile(tmp_path / 'one.zip', 'w') as archive:
        info = zipfile.ZipInfo('0')
        info.filename = name
        archive.writestr(info, b'')
    for suffix in ('tar', 'zip'):
        with pytest.raises(ValueError, match=message):
            place(tmp_path / f'one.{suffix}').is_dir()


def test_links(photos, tmp_path):
    archive = archive_files.tar(tmp_path / 'hard.tar', photos)
    with tarfile.open(archive, 'a') as file:
        info = tarfile.TarInfo('train/bee/linked.JPEG')
        info.type, info.linkname = tarfile.LNKTYPE, 'train/bee/0.JPEG'
        file.addfile(info)
    root = place(archive)
    with (root / 'train/bee/linked.JPEG').open() as file:
        assert file.read() == (photos / 'train/bee/0.JPEG').read_bytes()
    with pytest.raises(ValueError, match="the symbolic link 'a.png'; tar --dereference"):
        Archive(str(_tar_of(tmp_path / 'soft.tar', ('a.png', tarfile.SYMTYPE, 'b.png'))))
    with pytest.raises(ValueError, match="the link 'a.png' to 'b.png', which does not come before it"):
        Archive(str(_tar_of(tmp_path / 'early.tar', ('a.png', tarfile.LNKTYPE, 'b.png'))))
    with pytest.raises(ValueError, match="'pipe', which is no plain file"):
        Archive(str(_tar_of(tmp_path / 'pipe.tar', ('pipe', tarfile.FIFOTYPE, ''))))


@pytest.mark.parametrize('share', [0.3, 0.6, 0.98])
def test_archives_that_are_cut_off(share, photos, tmp_path):
    whole = archive_files.tar(tmp_path / 'whole.tar', photos).read_bytes()
    (tmp_path / 'cut.tar').write_bytes(whole[: int(share * len(whole))])
    packed = archive_files.stored_zip(photos, tmp_path).read_bytes()
    (tmp_path / 'cut.zip').write_bytes(packed[: int(share * len(packed))])
    for suffix in ('tar', 'zip'):
        with pytest.raises(
            ValueError, match=rf"cut.{suffix}': expected a whole tar or zip file, got one that is damaged"
        ):
            ImageFolder(str(tmp_path / f'cut.{suffix}'), 'train')
    assert not list(tmp_path.glob('.*'))


def test_a_tar_that_is_cut_between_members_or_damaged_inside(photos, tmp_path):
    whole = bytearray(archive_files.tar(tmp_path / 'whole.tar', photos).read_bytes())
    with tarfile.open(tmp_path / 'whole.tar') as file:
        offset = file.getmembers()[5].offset
    for name, content in (('cut', whole[:offset]), ('damaged', whole[:offset] + b'x' * 512 + whole[offset + 512 :])):
        (tmp_path / f'{name}.tar').write_bytes(content)
        with pytest.raises(ValueError, match=f'no end mark at byte {offset}, so it is cut off or damaged there'):
            Archive(str(tmp_path / f'{name}.tar'))


@pytest.mark.parametrize('mode', ['gz', 'bz2', 'xz'])
def test_archives_that_are_compressed_as_a_whole(mode, photos, tmp_path):
    with tarfile.open(tmp_path / f'photos.tar.{mode}', f'w:{mode}') as file:
        file.add(photos, '.')
    with pytest.raises(ValueError, match='compressed as a whole; unpack it to a plain .tar file'):
        ImageFolder(str(tmp_path / f'photos.tar.{mode}'), 'train')
    (tmp_path / f'photos.tar.{mode}').rename(tmp_path / 'photos.tar')
    with pytest.raises(ValueError, match=r'that (gzip|bzip2|xz) has compressed as a whole'):
        ImageFolder(str(tmp_path / 'photos.tar'), 'train')


def test_zip_files_that_cannot_be_read_in_any_order(tmp_path):
    with zipfile.ZipFile(tmp_path / 'bzip2.zip', 'w', zipfile.ZIP_BZIP2) as archive:
        archive.writestr('train/a/0.png', b'abc')
    with pytest.raises(ValueError, match="'train/a/0.png', compressed by method 12; zip -0"):
        Archive(str(tmp_path / 'bzip2.zip'))
    with zipfile.ZipFile(tmp_path / 'plain.zip', 'w') as archive:
        archive.writestr('train/a/0.png', b'abc')
    content = bytearray((tmp_path / 'plain.zip').read_bytes())
    content[content.index(b'PK\x01\x02') + 8] |= 1
    (tmp_path / 'locked.zip').write_bytes(content)
    with pytest.raises(ValueError, match="'train/a/0.png', which is encrypted"):
        Archive(str(tmp_path / 'locked.zip'))


def test_contents_that_are_no_whole_files(tmp_path):
    with zipfile.ZipFile(tmp_path / 'a.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('a', b'abc' * 1000)
    path = Archive(str(tmp_path / 'a.zip'))
    _, member = path.find('a')
    content = bytearray((tmp_path / 'a.zip').read_bytes())
    content[member.offset] ^= 0xFF
    (tmp_path / 'a.zip').write_bytes(content)
    with pytest.raises(OSError, match='damaged in its archive|of 3000 bytes'):
        path.read('a')
    (tmp_path / 'a.zip').write_bytes(content[: member.offset + 2])
    with pytest.raises(OSError, match='damaged in its archive|of 3000 bytes'):
        path.read('a')
    with pytest.raises(FileNotFoundError, match="expected a file 'b' in it, got none"):
        path.read('b')


def test_images_that_are_not_in_class_folders(photos, tmp_path):
    archive = archive_files.tar(tmp_path / 'flat.tar', photos / 'val' / 'cat')
    with pytest.raises(ValueError, match=r'expected a folder of class folders at .*, got none, only 0.JPEG, 1.png, 3'):
        ImageFolder(str(archive), 'val')
    with pytest.raises(ValueError, match='expected images .* in every class folder|expected class folders in'):
        ImageFolder(str(archive_files.tar(tmp_path / 'val.tar', photos / 'val' / 'cat' / 'more images').parent), 'val')


def test_shards_must_be_complete_and_apart(photos, tmp_path):
    archive_files.shards(photos, tmp_path)
    with pytest.raises(ValueError, match=r"expected 4 archives, got none at '.*train-000003.tar'"):
        place(tmp_path / 'train-{000000..000003}.tar').is_dir()
    with pytest.raises(ValueError, match='expected numbers of equal length that grow'):
        place(tmp_path / 'train-{3..000000}.tar').is_dir()
    (tmp_path / 'train-000001.tar').rename(tmp_path / 'aside.tar')
    with pytest.raises(ValueError, match=r"expected 3 archives, got none at '.*train-000001.tar'"):
        ImageFolder(str(tmp_path), 'train')
    (tmp_path / 'train-000001.tar').write_bytes((tmp_path / 'train-000000.tar').read_bytes())
    with pytest.raises(ValueError, match="expected names that no other part has, got '.*' again"):
        ImageFolder(str(tmp_path), 'train')
    (tmp_path / 'val.zip').touch()
    with pytest.raises(ValueError, match=r"expected one archive of 'val', got val.zip, val-\{000000..000002\}.tar"):
        ImageFolder(str(tmp_path), 'val')


def test_a_damaged_image_in_an_archive_is_named(photos, tmp_path):
    root = archive_files.write_folder(tmp_path / 'photos')
    (root / 'train' / 'bee' / '0.JPEG').write_bytes(b'text')
    archive = archive_files.tar(tmp_path / 'photos.tar', root)
    with pytest.raises(
        ValueError, match=r"got 1 unreadable files .*archive://.*bee/0.JPEG' \(the file begins with b'text"
    ):
        ImageFolder(str(archive), 'train')
