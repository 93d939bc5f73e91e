"""Prints of data sets, by which a study knows whether its runs are of the data that are there now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from agmax_mm.fileio import write_json
from agmax_mm.results.reading import read_json

_DATA_ITEMS = 500
_FILE = 'data.json'


def data_print(dataset: Any) -> str:
    """SHA-256 of the classes, the number of items and some of the items of a data set of mmengine, wherever it lies."""
    places: Any = np.unique(np.linspace(0, len(dataset) - 1, _DATA_ITEMS).astype(int)) if len(dataset) else []
    items = json.dumps([dataset.get_data_info(int(place)) for place in places], sort_keys=True, default=_plain)
    root = str(getattr(dataset, 'data_root', '') or '').rstrip('/')
    classes = [str(name) for name in (getattr(dataset, 'metainfo', None) or {}).get('classes') or ()]
    return sha256_of([len(dataset), classes, items.replace(f'"{root}/', '"') if root else items])


def check_same_data(work_dir: Path, prints: Mapping[str, str], *, note: bool) -> None:
    """Refuse to go on in a folder whose runs were trained on other data.

    Args:
        work_dir: Folder of a study's runs.
        prints: Those of the data by what trains on them: arms, and fine-tunings.
        note: Whether to write them down there, for later calls.

    Raises:
        ValueError: If the folder has another print of one of them, or its file is damaged.
    """
    path = work_dir / _FILE
    begun = read_json(path, 'work dir') if path.is_file() else {}
    if not isinstance(begun, dict):
        raise ValueError(f'work dir: expected prints by name in {str(path)!r}, got {begun!r}')
    for name, own in prints.items():
        if begun.get(name, own) != own:
            raise ValueError(
                f'{name}: expected the data that {str(work_dir)!r} was begun with, got others; another --work-dir '
                'begins anew'
            )
    if note:
        write_json({**begun, **prints}, path)


def sha256_of(content: Any) -> str:
    """SHA-256 of what JSON can hold."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    """What JSON does not have: arrays, by their bytes, and types of other libraries, by their text."""
    return hashlib.sha256(value.tobytes()).hexdigest() if isinstance(value, np.ndarray) else str(value)
