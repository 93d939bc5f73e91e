"""What the tests of the operators share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def without_operators(tmp_path):
    """A folder with mmcv as it is installed here, but without its compiled module."""
    import mmcv

    package = tmp_path / 'site' / 'mmcv'
    package.mkdir(parents=True)
    here = Path(mmcv.__path__[0])
    for metadata in here.parent.glob('onedl_mmcv-*.dist-info'):
        (package.parent / metadata.name).symlink_to(metadata)
    for entry in here.iterdir():
        if not entry.name.startswith(('_ext', '__pycache__')):
            (package / entry.name).symlink_to(entry)
    return package.parent
