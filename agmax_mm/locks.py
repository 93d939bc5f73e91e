"""One run in a folder at a time."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from agmax_mm.temporary import remove_leftovers

_FILE = '.lock'
# Descriptors that forked processes, such as the workers of data loaders, must not keep open: the lock would outlive
# its holder with them.
_own: set[int] = set()


@contextlib.contextmanager
def locked(folder: Path, owner: str, *, inherited: bool = False) -> Iterator[int]:
    """Hold a folder's lock, and refuse to run while another process does.

    The lock is the kernel's (``flock``), so it ends with its holder, however that ends. On a network file system it
    holds for all machines that mount the folder with locking, as is usual for NFS; where the file system has no locks,
    there is a warning and no lock. Temporary files that a killed run left in the folder are removed.

    Args:
        folder: The folder; it is made where it is missing.
        owner: What runs there, for the message.
        inherited: Whether processes that are given the descriptor hold the lock, too, until they end.

    Yields:
        The lock's file descriptor.

    Raises:
        ValueError: If another process holds the lock.
    """
    import fcntl

    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _FILE).open('a+', encoding='utf-8') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f'work dir {str(folder)!r}: expected no other run in it, got {_holder(lock)}; wait until it has ended, '
                'stop it, or take another --work-dir'
            ) from None
        except OSError as error:
            warnings.warn(
                f'{str(folder)!r} cannot be locked ({error.strerror}): start no second run in it', stacklevel=3
            )
        if not inherited:
            _own.add(lock.fileno())
        _sign(lock, owner)
        remove_leftovers(folder)
        try:
            yield lock.fileno()
        finally:
            _own.discard(lock.fileno())
            if made and os.listdir(folder) == [_FILE]:
                # Refused before anything was written.
                with contextlib.suppress(OSError):
                    (folder / _FILE).unlink()
                    for path in made:
                        path.rmdir()


def _sign(lock: IO[str], owner: str) -> None:
    """Say in the file who holds it; a full disk is no reason not to run."""
    since = time.strftime('%Y-%m-%d %H:%M:%S %Z')
    with contextlib.suppress(OSError):
        lock.truncate(0)
        lock.write(json.dumps({'owner': owner, 'process': os.getpid(), 'host': socket.gethostname(), 'since': since}))
        lock.flush()


def _holder(lock: IO[str]) -> str:
    lock.seek(0)
    try:
        note = json.loads(lock.read())
        return f'{note["owner"]} (process {note["process"]} on {note["host"]}, since {note["since"]})'
    except (ValueError, KeyError, TypeError):
        return 'one that has not said who it is'


def _close_in_child() -> None:
    for descriptor in _own:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _own.clear()


os.register_at_fork(after_in_child=_close_in_child)
