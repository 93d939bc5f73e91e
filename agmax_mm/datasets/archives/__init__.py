"""Images that stay in archives: tar and zip files, numbered shards, tar files in a tar file.

Python's own ``tarfile`` and ``zipfile`` read the archives once, for an index of where each file lies. Then every read
is one ``pread`` at a known place, which processes and threads can share.
"""

from agmax_mm.datasets.archives.index import LABEL_SUFFIX
from agmax_mm.datasets.archives.paths import ArchivePath, Place, open_file, place, split_place, unpacked_path

__all__ = ['LABEL_SUFFIX', 'ArchivePath', 'Place', 'open_file', 'place', 'split_place', 'unpacked_path']
