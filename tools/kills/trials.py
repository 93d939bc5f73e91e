"""Trials: a run is stopped in some way, resumed, and compared."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from agmax_mm.checkpoints.files import newest_checkpoint
from agmax_mm.signals import EXIT_RESUME
from tools.kills.places import Places, choose, kind_of
from tools.kills.sameness import differences
from tools.kills.subjects import Subject

_KILLED = -9
_SIGNALS = {
    'SIGTERM': 'after step',
    'SIGHUP': 'before step',
    'SIGUSR1': 'after batch of a validation',
    'SIGINT': 'step',
}


class Trials:
    """The trials of one subject.

    Args:
        subject: The run.
        root: Folder with the data.
        name: Name of the subject, for its folders.
    """

    def __init__(self, subject: Subject, root: Path, name: str) -> None:
        self.subject, self.root, self.name = subject, root, name
        self.whole = f'{name} whole'
        code, _ = subject.start(root, self.whole, Places())
        assert code == 0, (root / f'{self.whole}.log').read_text(encoding='utf-8')[-2000:]
        self.places = (root / f'{self.whole}.places').read_text(encoding='utf-8').splitlines()

    def all(self, kills: int) -> Iterator[dict[str, Any]]:
        """Kills at so many places, then the other trials."""
        for place in choose(self.places, kills):
            yield self.kill(place)
        yield self.kill_twice()
        for number, words in _SIGNALS.items():
            yield self.stop(number, words)
        for words in ('rename to epoch|rename to iter', 'rename to best', 'rename to result'):
            yield self.fill_disk(words)
        for damage in (_empty_note, _remove_note, _halve_newest):
            yield self.damage(damage)

    def kill(self, place: str) -> dict[str, Any]:
        """SIGKILL at a place; before a file gets its name, with half of it written."""
        action = 'half' if place.startswith('before rename') else 'kill'
        words = {'half': 'killed with half of the file written, ', 'kill': 'killed '}[action]
        return self._try('kill', words + place, Places(place, action), _KILLED)

    def kill_twice(self) -> dict[str, Any]:
        """SIGKILL before a validation, and again in the validation that makes up for it."""
        place = self._last('before validation')
        again = Places('after metrics #0')
        return self._try('kill', f'killed {place}, and resumed in its validation', Places(place), _KILLED, again)

    def stop(self, number: str, words: str) -> dict[str, Any]:
        """A signal that stops in order."""
        place = self._middle(words)
        return self._try('signal', f'{number} {place}', Places(place, number), EXIT_RESUME)

    def fill_disk(self, words: str) -> dict[str, Any]:
        """A full disk where a file is written."""
        place = self._middle(*(f'before {part}' for part in words.split('|')))
        return self._try('full disk', f'disk full {place}', Places(place, 'full'), 1)

    def damage(self, change: Callable[[Path], None]) -> dict[str, Any]:
        """SIGKILL late in the run, and files that are damaged since."""
        place = self._last('before step')
        what = f'killed {place}, {change.__doc__}'
        return self._try('damage', what, Places(place), _KILLED, change=change)

    def _try(
        self,
        kind: str,
        what: str,
        places: Places,
        expected: int,
        again: Places | None = None,
        change: Callable[[Path], None] | None = None,
    ) -> dict[str, Any]:
        folder = self.root / f'{self.name} stopped'
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_name(f'{folder.name}.log').unlink(missing_ok=True)
        found = self._end(folder, places, expected, resume=False)
        if again is not None:
            found += self._end(folder, again, _KILLED, resume=True)
        if change is not None:
            change(folder)
        found += self._end(folder, None, 0, resume=True)
        if not found:
            found = differences(folder, self.root / self.whole)
        return {'subject': self.name, 'kind': kind, 'place': kind_of(places.target or ''), 'what': what} | {
            'differences': found
        }

    def _end(self, folder: Path, places: Places | None, expected: int, *, resume: bool) -> list[str]:
        code, process = self.subject.start(self.root, folder.name, places, resume=resume)
        if code != expected:
            last = (self.root / f'{folder.name}.log').read_text(encoding='utf-8').splitlines()[-1:]
            return [f'exit code {code} and not {expected}: {" ".join(last)}']
        if expected == EXIT_RESUME and (left := _processes_of(process)):
            return [f'left behind: processes {left}']
        return []

    def _middle(self, *words: str) -> str:
        """The place in the middle of those with these words."""
        fitting = [place for place in self.places if any(word in place for word in words)]
        assert fitting, f'no place with {words}'
        return fitting[len(fitting) // 2]

    def _last(self, words: str) -> str:
        return [place for place in self.places if words in place][-1]


def _processes_of(session: int) -> list[int]:
    """The processes of a session that still run."""
    found = []
    for path in Path('/proc').glob('[0-9]*'):
        try:
            fields = (path / 'stat').read_text(encoding='utf-8').rpartition(')')[2].split()
        except OSError:  # it has ended
            continue
        if int(fields[3]) == session and fields[0] != 'Z':
            found.append(int(path.name))
    return found


def _empty_note(folder: Path) -> None:
    """last_checkpoint empty"""  # noqa: D415 (part of a sentence)
    (folder / 'last_checkpoint').write_text('', encoding='utf-8')


def _remove_note(folder: Path) -> None:
    """last_checkpoint missing"""  # noqa: D415
    (folder / 'last_checkpoint').unlink()


def _halve_newest(folder: Path) -> None:
    """Newest checkpoint truncated"""  # noqa: D415
    newest = newest_checkpoint(folder)
    assert newest is not None
    os.truncate(newest, newest.stat().st_size // 2)
