"""Safe reading and writing of files: files appear whole or not at all, and no code in a file is run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agmax_mm.safe_reading import load_weights
from agmax_mm.temporary import temporary_path

# What every run writes into its work directory; see RunRecordHook.
RESULT_FILE = 'result.json'
# What an evaluation of a detector writes there; see agmax_mm.detection.record.
DETECTIONS_FILE = 'detections.json'
# What an evaluation of a captioner writes there; see agmax_mm.captioning.record.
CAPTIONS_FILE = 'captions.json'


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it to ``path`` when the block ends without an error.

    A killed process leaves the temporary file; the next run in that folder removes it, see :mod:`agmax_mm.temporary`.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_path(target)
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


def load_checkpoint_file(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Load a file of weights onto the CPU without running any code in it.

    Args:
        path: ``.safetensors``, or anything ``torch.save`` wrote.

    Returns:
        What the file holds, see :func:`~agmax_mm.safe_reading.load_weights`.

    Raises:
        ValueError: If the file is missing, unreadable, holds other objects than weights, or is not a mapping.
    """
    source = Path(path)
    if not source.is_file():
        what = 'which is a folder' if source.is_dir() else 'which does not exist'
        raise ValueError(f'checkpoint: expected a file, got {str(source)!r}, {what}')
    checkpoint = load_weights(source)
    if not isinstance(checkpoint, dict):
        raise ValueError(f'checkpoint {str(source)!r}: expected a mapping, got {type(checkpoint).__name__}')
    return checkpoint
