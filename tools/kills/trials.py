"""Trials: a run is stopped in some way, resumed, and compared."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
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
_FILES = ('rename to epoch|rename to iter', 'rename to best', 'rename to result')


@dataclass(frozen=True)
class Trial:
    """How a run is stopped.

    Attributes:
        kind: ``'kill'``, ``'signal'``, ``'full disk'`` or ``'damage'``.
        what: The same in words.
        place: Where.
        action: As in :class:`~tools.kills.places.Places`.
        code: The exit code that the run must end with.
        again: Where the resumed run is killed, too.
        change: What happens to the folder before it is resumed.
    """

    kind: str
    what: str
    place: str
    action: str = 'kill'
    code: int = _KILLED
    again: str | None = None
    change: Callable[[Path], None] | None = None


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

    def all(self, kills: int) -> list[Trial]:
        """Kills at so many places, and the other trials."""
        return [
            *(self.kill(place) for place in choose(self.places, kills)),
            self.kill_twice(),
            *(self.stop(number, words) for number, words in _SIGNALS.items()),
            *(
                self.fill_disk(words)
                for words in ('rename to epoch|rename to iter', 'rename to best', 'rename to result')
            ),
            *(self.damage(change) for change in (_empty_note, _remove_note, _halve_newest)),
        ]

    def kill(self, place: str) -> Trial:
        """SIGKILL at a place; before a file gets its name, with half of it written."""
        if place.startswith('before rename'):
            return Trial('kill', f'killed with half of the file written, {place}', place, 'half')
        return Trial('kill', f'killed {place}', place)

    def kill_twice(self) -> Trial:
        """SIGKILL before a validation, and again in the validation that makes up for it."""
        place = self.last('before validation')
        return Trial('kill', f'killed {place}, and resumed in its validation', place, again='after metrics #0')

    def stop(self, number: str, words: str) -> Trial:
        """A signal that stops in order."""
        place = self._middle(words)
        return Trial('signal', f'{number} {place}', place, number, EXIT_RESUME)

    def fill_disk(self, words: str) -> Trial:
        """A full disk where a file is written."""
        place = self._middle(*(f'before {part}' for part in words.split('|')))
        return Trial('full disk', f'disk full {place}', place, 'full', 1)

    def damage(self, change: Callable[[Path], None]) -> Trial:
        """SIGKILL late in the run, and files that are damaged since."""
        place = self.last('before step')
        return Trial('damage', f'killed {place}, {change.__doc__}', place, change=change)

    def run(self, trial: Trial) -> dict[str, Any]:
        """Stop, resume and compare; ``differences`` is empty where both runs have left the same."""
        folder = self.root / f'{self.name} stopped'
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_name(f'{folder.name}.log').unlink(missing_ok=True)
        found = self._end(folder, Places(trial.place, trial.action), trial.code, resume=False)
        if trial.again is not None:
            found += self._end(folder, Places(trial.again), _KILLED, resume=True)
        if trial.change is not None:
            trial.change(folder)
        found += self._end(folder, None, 0, resume=True)
        found = found or differences(folder, self.root / self.whole)
        outcome = {'subject': self.name, 'kind': trial.kind, 'place': kind_of(trial.place), 'what': trial.what}
        return {**outcome, 'differences': found}

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

    def last(self, words: str) -> str:
        """The last place with these words."""
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
