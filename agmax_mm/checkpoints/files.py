"""Files of weights: which of a run's to take, and reading and writing them in both forms."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.runner import find_latest_checkpoint
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from agmax_mm.fileio import atomic_path, load_checkpoint_file

SUFFIXES = ('.safetensors', '.pth')
# Which of the checkpoints in a run's folder.
PICKS = ('last', 'best')

META = 'agmax_mm'


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


def read_weights(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a file of weights without running any code in it.

    Args:
        path: ``.safetensors``, or anything ``torch.save`` wrote.

    Returns:
        What the file holds; of a safetensors file ``state_dict``, and ``meta`` with the note of this package.

    Raises:
        ValueError: If the file is missing, damaged, or holds more than weights.
    """
    if not str(path).endswith('.safetensors'):
        return load_checkpoint_file(path)
    if not Path(path).is_file():
        raise ValueError(f'checkpoint: expected a file, got {str(path)!r}, which does not exist')
    try:
        with safe_open(path, framework='pt') as file:
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a mapping)
            note = json.loads((file.metadata() or {}).get(META, '{}'))
    except (SafetensorError, json.JSONDecodeError) as error:
        raise ValueError(f'checkpoint {str(path)!r}: expected a safetensors file, got {error}') from None
    return {'state_dict': state, 'meta': {META: note}}


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
            save_file(copies, temporary, metadata={META: json.dumps(note, sort_keys=True)})
        else:
            torch.save({'state_dict': copies, 'meta': {META: dict(note)}}, temporary)
