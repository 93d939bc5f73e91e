"""Reading the JSON files that a run leaves behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def read_json(path: Path, what: str) -> Any:
    """The content of a JSON file.

    Args:
        path: The file.
        what: Whose it is, for the message.

    Raises:
        ValueError: If the file is missing or cannot be read, is no JSON, or holds numbers or characters that JSON does
            not have.
    """
    try:
        text = path.read_text(encoding='utf-8')
        return json.loads(text, parse_constant=_refuse)
    except FileNotFoundError:
        raise ValueError(f'{what}: expected the file {str(path)!r}, which a training run writes; got none') from None
    except OSError as error:
        raise ValueError(f'{what}: expected a file that can be read, got {str(path)!r}: {error.strerror}') from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{what}: expected JSON in {str(path)!r}, got {error}') from None


def read_evaluation(folder: Path | None, name: str, what: str, check: Callable[[Any, Path], None]) -> Any:
    """The record of a run's last evaluation, None if there is none.

    Args:
        folder: The run's folder; None for a run without one.
        name: Name of the file in it.
        what: Whose it is, for the message.
        check: Refuses a record that a report could not show.

    Raises:
        ValueError: If the file is damaged.
    """
    path = None if folder is None else folder / name
    if path is None or not path.is_file():
        return None
    record = read_json(path, what)
    check(record, path)
    return record


def _refuse(name: str) -> None:
    raise ValueError(f'the number {name}')
