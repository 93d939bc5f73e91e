"""The file of results: whole at any time, so that a run goes on where it was stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agmax_mm.fileio import write_json

_FORMAT = 1
# Facts by name, to which later calls with other suites and checkpoints add.
_GROWING = ('checkpoints', 'metrics', 'summaries')


class Store:
    """Values by checkpoint, suite and condition, written after each of them.

    Args:
        path: The JSON file. Where it exists its values are taken over.
        identity: What the values depend on beside checkpoint and condition; in an existing file it must be the same.

    Raises:
        ValueError: If the file is something else, or of another config, other data or another size of batches.
    """

    def __init__(self, path: str, identity: Mapping[str, Any]) -> None:
        self.path = Path(path)
        self.identity = dict(identity)
        self._values: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._facts: dict[str, Any] = {}
        if not self.path.is_file():
            return
        try:
            content = json.loads(self.path.read_text(encoding='utf-8'))
            found = content['identity']
            entries = [(entry['sha256'], entry['suite'], entry['condition'], entry) for entry in content['results']]
            self._facts = {name: dict(content[name]) for name in _GROWING}
        except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f'--out: expected a file of robustness results or none at {path!r}, got another one: {error!r}'
            ) from None
        for name, value in self.identity.items():
            if found.get(name) != value:
                raise ValueError(
                    f'--out: expected results of {name} {value} in {path!r} to go on with, got {found.get(name)}; '
                    'name another file'
                )
        for sha256, suite, condition, entry in entries:
            self._values[sha256, suite, _key(condition)] = entry

    def __contains__(self, place: tuple[str, str, Mapping[str, Any]]) -> bool:
        sha256, suite, condition = place
        return (sha256, suite, _key(condition)) in self._values

    def values(self, sha256: str, suite: str, condition: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values that were measured under a condition."""
        found: dict[str, Any] = self._values[sha256, suite, _key(condition)]['values']
        return found

    def add(
        self, sha256: str, suite: str, condition: Mapping[str, Any], values: Mapping[str, Any], seconds: float
    ) -> None:
        """Keep what was measured under a condition."""
        self._values[sha256, suite, _key(condition)] = {
            'sha256': sha256,
            'suite': suite,
            'condition': dict(condition),
            'values': dict(values),
            'seconds': round(seconds, 2),
        }

    def write(self, facts: Mapping[str, Any]) -> None:
        """Write all values with further facts about the run, among them ``checkpoints``, ``metrics``, ``summaries``."""
        # In one order, however the run was interrupted.
        results = [self._values[key] for key in sorted(self._values)]
        grown = {name: {**self._facts.get(name, {}), **facts[name]} for name in _GROWING}
        write_json({'format': _FORMAT, 'identity': self.identity, **facts, **grown, 'results': results}, self.path)


def _key(condition: Mapping[str, Any]) -> str:
    return json.dumps(condition, sort_keys=True)
