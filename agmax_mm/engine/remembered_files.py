"""Config files that the host reads again and again: each is read once, and again only after a change.

For every file and every base of it, the host writes three temporary files. A config is read twice, once for its values
and once for the length that its schedule was written for, and the recipes share their bases.
"""

from __future__ import annotations

import copy
import os
import re
from contextvars import ContextVar
from typing import Any

from mmengine.config import Config

_host_read = Config._file2dict

# What the file system says of a file: a change shows in it.
_Stamp = tuple[int, int, int]
_remembered: dict[tuple[Any, ...], tuple[dict[str, _Stamp | None], tuple[Any, ...]]] = {}
_files_of_the_reader: ContextVar[dict[str, _Stamp | None] | None] = ContextVar('files of the reader', default=None)

# A file with an import can depend on anything, and one with a name such as {{$HOME:here}} on the environment.
_DEPENDS_ON_MORE = re.compile(r'^\s*(import|from)\s|\{\{[\'"]?\s*\$|__import__|open\(', re.MULTILINE)


def read_once(
    filename: str,
    use_predefined_variables: bool = True,
    use_environment_variables: bool = True,
    lazy_import: bool | None = None,
) -> tuple[Any, ...]:
    """Read a config file as ``Config._file2dict`` does, from memory where neither it nor a base of it has changed.

    Returns:
        As the host: values, text and environment variables. They are the caller's own.
    """
    path = os.path.abspath(os.path.expanduser(filename))
    flags = (use_predefined_variables, use_environment_variables, lazy_import)
    key = (path, *flags)
    files, found = _remembered.get(key, ({}, None))
    if found is None or any(_stamp(file) != stamp for file, stamp in files.items()):
        files = {path: _stamp(path)}
        token = _files_of_the_reader.set(files)
        try:
            found = _host_read(filename, *flags)
        finally:
            _files_of_the_reader.reset(token)
        # The text is that of all files, so that what is built on such a file isn't remembered either.
        if _DEPENDS_ON_MORE.search(found[1]):
            _remembered.pop(key, None)
        else:
            _remembered[key] = (files, copy.deepcopy(found))
    else:
        found = copy.deepcopy(found)
    outer = _files_of_the_reader.get()
    if outer is not None:
        outer.update(files)
    return found


def _stamp(path: str) -> _Stamp | None:
    try:
        status = os.stat(path)
    except OSError:  # the host says what is missing
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
