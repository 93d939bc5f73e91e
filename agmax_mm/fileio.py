"""Safe reading and writing of files: files appear whole or not at all, and no code in a file is run."""

from __future__ import annotations

import argparse
import json
import os
import pickle
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

# What every run writes into its work directory; see RunRecordHook.
RESULT_FILE = 'result.json'
# What an evaluation of a detector writes there; see agmax_mm.detection.record.
DETECTIONS_FILE = 'detections.json'
# Entry of this package in the metadata of a file of weights.
NOTE = 'agmax_mm'


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it to ``path`` when the block ends without an error.

    The temporary name keeps the suffix of ``path``, because many writers choose the format by it.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f'.{target.stem}.{os.getpid()}{target.suffix}')
    try:
        yield temporary
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(text: str, path: str | os.PathLike[str]) -> None:
    """Write ``text`` to ``path`` as UTF-8, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding='utf-8')


def write_json(value: Any, path: str | os.PathLike[str]) -> None:
    """Write ``value`` as indented JSON, atomically. Non-finite numbers are refused by the JSON standard: ValueError."""
    write_text(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + '\n', path)


def _history_buffer_method(owner: Any, name: str) -> Any:
    """Replace ``getattr`` while unpickling. mmengine pickles its log buffers with references to their methods."""
    from mmengine.logging import HistoryBuffer

    if owner is not HistoryBuffer or name.startswith('_'):
        raise pickle.UnpicklingError(f'attribute {name!r} of {owner!r} is not admitted')
    return getattr(owner, name)


def _admitted_globals() -> list[Any]:
    from mmengine.runner.checkpoint import get_torch_safe_globals

    # mmengine admits the plain getattr. With it, a file could reach any attribute of the admitted classes.
    admitted = [entry for entry in get_torch_safe_globals() if entry is not getattr]
    return [*admitted, (_history_buffer_method, 'builtins.getattr'), argparse.Namespace]


def load_checkpoint_file(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Load a file of weights onto the CPU without running any code in it.

    Besides tensors, only plain values, numpy's scalars, the log buffers that mmengine stores and the arguments of
    others' commands are admitted.

    Args:
        path: ``.safetensors``, or anything ``torch.save`` wrote.

    Returns:
        What the file holds; of a safetensors file ``state_dict``, and ``meta`` with the note of this package.

    Raises:
        ValueError: If the file is missing, unreadable, holds other objects than weights, or is not a mapping.
    """
    source = Path(path)
    if not source.is_file():
        what = 'which is a folder' if source.is_dir() else 'which does not exist'
        raise ValueError(f'checkpoint: expected a file, got {str(source)!r}, {what}')
    checkpoint = _load_safetensors(source) if source.suffix == '.safetensors' else _load_pickled(source)
    if not isinstance(checkpoint, dict):
        raise ValueError(f'checkpoint {str(source)!r}: expected a mapping, got {type(checkpoint).__name__}')
    return checkpoint


def _load_pickled(path: Path) -> Any:
    try:
        with torch.serialization.safe_globals(_admitted_globals()):
            return torch.load(path, map_location='cpu', weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError) as error:
        # Torch's own text advises an unsafe load. Only the name of the refused object is taken from it.
        offending = re.search(r'GLOBAL (\S+)', str(error))
        got = f'the object {offending[1]}' if offending else 'something else, or a truncated file'
        raise ValueError(f'checkpoint {str(path)!r}: expected tensors and plain values only, got {got}') from None


def _load_safetensors(path: Path) -> dict[str, Any]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework='pt') as file:
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a mapping)
            note = json.loads((file.metadata() or {}).get(NOTE, '{}'))
    except (SafetensorError, json.JSONDecodeError) as error:
        raise ValueError(f'checkpoint {str(path)!r}: expected a safetensors file, got {error}') from None
    return {'state_dict': state, 'meta': {NOTE: note}}
