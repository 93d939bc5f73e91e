"""Files of weights: which of a run's to take, and writing them in both forms."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.runner import find_latest_checkpoint
from safetensors.torch import save_file
from torch import Tensor

from agmax_mm.fileio import atomic_path
from agmax_mm.safe_reading import NOTE

SUFFIXES = ('.safetensors', '.pth')
# Which of the checkpoints in a run's folder.
PICKS = ('last', 'best')


def find_checkpoint(path: str | os.PathLike[str], pick: str = 'last') -> str:
    """The checkpoint file itself, or one of those in a run's folder.

    Args:
        path: File or folder.
        pick: In a folder, ``'last'`` for the newest, ``'best'`` for the one with the best validation.

    Raises:
        ValueError: If there is none, or there are the best ones of several metrics.
    """
    if not Path(path).is_dir():
        return str(path)
    if pick == 'best':
        best = sorted(map(str, Path(path).glob('best_*.pth')))
        if len(best) != 1:
            raise ValueError(
                f'checkpoint: expected one best_*.pth in the folder {str(path)!r}, got {", ".join(best) or "none"}'
            )
        return best[0]
    newest = find_latest_checkpoint(str(path))
    if newest is None or not Path(newest).is_file():
        raise ValueError(f'checkpoint: expected one in the folder {str(path)!r}, got none')
    return str(newest)


def write_weights(tensors: Mapping[str, Tensor], note: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Write tensors and where they come from, whole or not at all.

    Args:
        tensors: Names as they are to be in the file.
        note: Provenance, JSON-able: text in the safetensors metadata, ``meta['agmax_mm']`` beside ``state_dict`` in the
            ``.pth`` form.
        path: Its suffix, ``.safetensors`` or ``.pth``, chooses the form.

    Raises:
        ValueError: If the suffix is another.
    """
    suffix = Path(path).suffix
    if suffix not in SUFFIXES:
        raise ValueError(f'exported backbone: expected a name ending in {" or ".join(SUFFIXES)}, got {str(path)!r}')
    # Cloned: a training checkpoint's tensors can be views into one storage, which would be written with them.
    copies = {name: value.detach().contiguous().clone() for name, value in tensors.items()}
    with atomic_path(path) as temporary:
        if suffix == '.safetensors':
            save_file(copies, temporary, metadata={NOTE: json.dumps(note, sort_keys=True)})
        else:
            torch.save({'state_dict': copies, 'meta': {NOTE: dict(note)}}, temporary)
