"""Whether two runs have left the same: weights, records and files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from agmax_mm.checkpoints.checkpoint import read_checkpoint
from agmax_mm.checkpoints.files import find_checkpoint
from agmax_mm.fileio import DETECTIONS_FILE, RESULT_FILE, load_checkpoint_file

# How long and where a run took place, and by which folder its files were found.
_INCIDENTAL = {
    *('wall_time_s', 'peak_memory_mb', 'time', 'eta', 'experiment_name', 'cfg', 'log_scalars', 'resumed_keys'),
    *('source_sha256', 'source', 'progress.json'),
    'mmengine_version',  # with the commit of the folder that it runs in
}
# Where the host's hook was when it looked last: at the beginning of a step, or of the run.
_LAST_LOOK = {'.message_hub.runtime_info.iter', '.message_hub.runtime_info.epoch'}
_HIDDEN_OK = {'.lock'}


def differences(run: Path, reference: Path) -> list[str]:
    """What a run's folder has otherwise than that of the uninterrupted run, one line each."""
    names, expected = _files(run), _files(reference)
    found = [f'{name}: only {where}' for name, where in _only(names, expected)]
    for name in sorted(names & expected):
        one, other = _content(run / name), _content(reference / name)
        found += [f'{name}: {line}' for line in _unequal(one, other, '')][:3]
    for pick in ('last', 'best'):
        chosen = [Path(find_checkpoint(folder, pick)).name for folder in (run, reference)]
        if chosen[0] != chosen[1]:
            found.append(f'--pick {pick}: {chosen[0]} and not {chosen[1]}')
    return found


def _only(names: set[str], expected: set[str]) -> Iterator[tuple[str, str]]:
    for name in sorted(names ^ expected):
        yield name, 'after the stop' if name in names else 'in the uninterrupted run'


def _files(folder: Path) -> set[str]:
    """The files of a run; its logs lie in folders of their own."""
    names = {path.name for path in folder.iterdir() if path.is_file()}
    return {name for name in names if name not in _HIDDEN_OK and name not in _INCIDENTAL and not name.endswith('.py')}


def _content(path: Path) -> Any:
    if path.suffix == '.pth':
        return load_checkpoint_file(path)
    if path.suffix == '.safetensors':
        file = read_checkpoint(path)
        return {'tensors': file.tensors, 'note': file.note}
    if path.name in (RESULT_FILE, DETECTIONS_FILE):
        return json.loads(path.read_text(encoding='utf-8'))
    text = path.read_text(encoding='utf-8')
    return Path(text).name if path.name == 'last_checkpoint' else re.sub(r'[0-9a-f]{64}', '', text)


def _unequal(one: Any, other: Any, place: str) -> Iterator[str]:
    if place in _LAST_LOOK:
        return
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        if not torch.equal(one, other):
            yield f'{place} differs by {(one.double() - other.double()).abs().max():g}'
    elif isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in sorted({*one, *other} - _INCIDENTAL, key=str):
            if key in one and key in other:
                yield from _unequal(one[key], other[key], f'{place}.{key}')
            else:
                yield f'{place}.{key} is only {"after the stop" if key in one else "in the uninterrupted run"}'
    elif isinstance(one, Sequence) and isinstance(other, Sequence) and not isinstance(one, str | bytes):
        if len(one) != len(other):
            yield f'{place} has {len(one)} entries and not {len(other)}'
        for index, (a, b) in enumerate(zip(one, other, strict=False)):
            yield from _unequal(a, b, f'{place}.{index}')
    elif place.rpartition('.')[2].startswith(('best_ckpt', 'last_ckpt')):
        if Path(str(one)).name != Path(str(other)).name:
            yield f'{place} is {one} and not {other}'
    elif not (one == other or (one != one and other != other)):
        yield f'{place} is {str(one)[:60]} and not {str(other)[:60]}'
