"""Names of files that are being written, by which those of a killed writer are found and removed."""

from __future__ import annotations

import os
import re
from pathlib import Path

# The process is part of the name. Earlier versions named checkpoints without the word, which makes other names ours.
_NAME = re.compile(r'\..+\.(\d{1,7})\.tmp(\.\w+)?|\.(?:epoch|iter|best)_\w+\.(\d{1,7})\.pth')


def temporary_path(target: Path) -> Path:
    """Return the place beside ``target`` where this process writes it before it renames it.

    The name keeps the suffix of ``target``, because many writers choose the format by it.
    """
    return target.with_name(f'.{target.stem}.{os.getpid()}.tmp{target.suffix}')


def remove_leftovers(folder: Path) -> list[str]:
    """Remove the temporary files in a folder whose writers are dead, as a kill leaves them.

    Files in folders below stay, as do those whose number is that of a living process of this machine.

    Returns:
        The names of the removed files.
    """
    removed = []
    for path in sorted(folder.glob('.*')):
        name = _NAME.fullmatch(path.name)
        if name and not is_alive(int(name[1] or name[3])) and path.is_file():
            path.unlink(missing_ok=True)
            removed.append(path.name)
    return removed


def is_alive(process: int) -> bool:
    """Return whether a process of this machine has this number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
