"""Files of weights: which of a run's to take, and writing them in both forms."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from agmax_mm.fileio import RESULT_FILE, atomic_path
from agmax_mm.safe_reading import CHECKSUM, NOTE, is_whole, load_weights, tensors_checksum
from agmax_mm.wording import first_names

_LOGGER = logging.getLogger(__name__)
SUFFIXES = ('.safetensors', '.pth')
# Of a run that was stopped, besides those that it saves at its regular times.
STOPPED = 'stopped_iter_{}.pth'
_STEP = re.compile(r'(epoch|iter|stopped_iter)_(\d+)')
_BEST_STEP = re.compile(r'_?(epoch|iter)_(\d+)$')


def find_checkpoint(path: str | os.PathLike[str], pick: str = 'last') -> str:
    """Return the checkpoint file itself, or one of those in a run's folder.

    The folder may have been moved or copied: only files in it count, whatever its ``last_checkpoint`` says.

    Args:
        path: File or folder.
        pick: In a folder, ``'last'`` for the newest whole one, ``'best'`` for the one with the best validation. Of
            several best ones it is the one that the run's record names, else the newest whole one.

    Raises:
        ValueError: If there is none, or there are the best ones of several metrics.
    """
    folder = Path(path)
    if not folder.is_dir():
        return str(path)
    damaged: list[Path] = []
    found = newest_checkpoint(folder, damaged) if pick == 'last' else _best_checkpoint(folder)
    if found is None:
        name = 'epoch_*.pth or iter_*.pth' if pick == 'last' else 'best_*.pth'
        raise ValueError(f'checkpoint: expected one in the folder {str(path)!r} ({name}), got none that is whole')
    if damaged:
        _LOGGER.warning(
            'checkpoint: %s passed over, which cannot be read; %s is taken',
            first_names(path.name for path in damaged),
            found,
        )
    return str(found)


def newest_checkpoint(folder: str | os.PathLike[str], damaged: list[Path] | None = None) -> Path | None:
    """Return the checkpoint of a run's folder that is the furthest in training and whole, or None.

    It is found by looking at the files, by the numbers in their names; of files with epochs, with steps and of stopped
    runs, the newest of each are compared by the steps that they hold.

    Args:
        folder: The run's folder.
        damaged: Takes the newer files that were passed over.
    """
    kinds: dict[str, list[Path]] = {}
    for path in Path(folder).glob('*.pth'):
        if found := _STEP.fullmatch(path.stem):
            kinds.setdefault(found[1], []).append(path)
    whole: list[tuple[int, Path]] = []
    for paths in kinds.values():
        for path in sorted(paths, key=_step, reverse=True):
            steps = _steps_of(path)
            if steps is not None:
                whole.append((steps, path))
                break
            if damaged is not None:
                damaged.append(path)
    return max(whole, key=lambda entry: entry[0])[1] if whole else None


def set_newer_aside(folder: str | os.PathLike[str], *, epoch: int, step: int) -> list[str]:
    """Rename the checkpoints of a run's folder that are further in training than a place that a run goes back to.

    Else they would later be taken for the newest ones of that run. Nothing looks for the new names.

    Args:
        folder: The run's folder.
        epoch: Epochs that are made at the place.
        step: Steps that are made there.

    Returns:
        The new names, which begin with ``earlier_``.
    """
    names = []
    for path in sorted(Path(folder).glob('*.pth')):
        found = _STEP.fullmatch(path.stem) or (_BEST_STEP.search(path.stem) if path.stem.startswith('best_') else None)
        if found and int(found[2]) > (epoch if found[1] == 'epoch' else step):
            path.replace(path.with_name(f'earlier_{path.name}'))
            names.append(f'earlier_{path.name}')
    return names


def _steps_of(path: Path) -> int | None:
    """Steps that a run had made when it wrote a checkpoint; None where that is not whole."""
    try:
        content = load_weights(path)
    except ValueError:
        return None
    meta = content.get('meta') if isinstance(content, dict) else None
    return int((meta or {}).get('iter', 0))


def _best_checkpoint(folder: Path) -> Path | None:
    paths = sorted((path for path in folder.glob('best_*.pth') if is_whole(path)), key=_step, reverse=True)
    metrics = {_BEST_STEP.sub('', path.stem) for path in paths}
    if len(metrics) > 1:
        names = ', '.join(sorted(map(str, paths)))
        raise ValueError(f'checkpoint: expected the best ones of one metric in the folder {str(folder)!r}, got {names}')
    named = _recorded_best(folder)
    return next((path for path in paths if path.name in named), paths[0] if paths else None)


def _recorded_best(folder: Path) -> set[str]:
    """Names of the files with the best scores that the run's record notes."""
    try:
        best = json.loads((folder / RESULT_FILE).read_text(encoding='utf-8'))['scores']['best']
        places = [(metric.replace('/', '_'), entry) for metric, entry in best.items()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()
    kinds = ('epoch', 'iter')
    return {f'best_{metric}_{kind}_{entry.get(kind)}.pth' for metric, entry in places for kind in kinds}


def _step(path: Path) -> int:
    found = _BEST_STEP.search(path.stem)
    return int(found[2]) if found else 0


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
            # Of the .pth form, torch itself writes checksums. One entry alone, as the library writes several in any
            # order, and equal exports are to be equal files.
            whole = {**note, CHECKSUM: tensors_checksum(copies)}
            save_file(copies, temporary, metadata={NOTE: json.dumps(whole, sort_keys=True)})
        else:
            torch.save({'state_dict': copies, 'meta': {NOTE: dict(note)}}, temporary)
