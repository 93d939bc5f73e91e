"""What the tests of archives share."""

import pytest
from mmengine.registry import DefaultScope

from agmax_mm.datasets.archives.archive import opened_archive
from tests.datasets import archive_files


@pytest.fixture
def archive_scope():
    """The host's scope, and no archive that is open already."""
    opened_archive.cache_clear()
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield


@pytest.fixture(scope='module')
def photos(tmp_path_factory):
    return archive_files.write_folder(tmp_path_factory.mktemp('folder') / 'photos')
