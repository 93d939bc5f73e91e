"""Places in a run, as its code passes them, and what happens to the process there."""

from __future__ import annotations

import errno
import functools
import os
import re
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mmengine.evaluator import Evaluator
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner, ValLoop

_HOOKS = ('before_train', 'after_train_epoch', 'after_val_epoch', 'after_val', 'after_train', 'after_run')
# Written about twice a second, whatever the run does meanwhile.
_UNSTEADY = 'progress.json'
_TEMPORARY = re.compile(r'\..+\.tmp(\.\w+)?')


class Places:
    """Names the places that a process passes, and acts at one of them.

    A place is a name and how often it was passed before, such as ``'before rename to epoch_2.pth #0'``.

    Args:
        target: Where to act; nowhere by default.
        action: ``'kill'``, ``'half'`` (kill with half of the file written), ``'full'`` (the disk is full), or the name
            of a signal.
    """

    def __init__(self, target: str | None = None, action: str = 'kill') -> None:
        self.target, self.action = target, action
        self.passed: list[str] = []
        self._counts: Counter[str] = Counter()

    def at(self, name: str, file: Path | None = None) -> None:
        """Pass a place."""
        place = f'{name} #{self._counts[name]}'
        self._counts[name] += 1
        self.passed.append(place)
        if place != self.target:
            return
        if self.action == 'full':
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self.action == 'half':
            assert file is not None, f'no file is being written: {place}'
            os.truncate(file, file.stat().st_size // 2)
        number = signal.SIGKILL if self.action in ('kill', 'half') else signal.Signals[self.action]
        os.kill(os.getpid(), number)

    def watch(self) -> None:
        """Let the code of this process pass its places, for good."""
        for loop in (EpochBasedTrainLoop, IterBasedTrainLoop):
            self._around(loop, 'run_iter', lambda *_: 'step')
        self._around(ValLoop, 'run', lambda *_: 'validation')
        self._around(ValLoop, 'run_iter', lambda *_: 'batch of a validation')
        self._around(Evaluator, 'evaluate', lambda *_: 'metrics')
        self._around(Runner, 'call_hook', lambda runner, name, *_: f'hooks {name}' if name in _HOOKS else None)
        self._around(Path, 'replace', _renaming, files=True)
        self._around(Path, 'unlink', lambda path, *_: _removal(path))
        self._around(os, 'remove', lambda path, *_: _removal(Path(path)))

    def _around(self, owner: Any, name: str, describe: Callable[..., str | None], *, files: bool = False) -> None:
        original = getattr(owner, name)

        @functools.wraps(original)
        def passing(*args: Any, **kwargs: Any) -> Any:
            what = describe(*args)
            if what is None:
                return original(*args, **kwargs)
            self.at(f'before {what}', args[0] if files else None)
            result = original(*args, **kwargs)
            self.at(f'after {what}')
            return result

        setattr(owner, name, passing)


def _renaming(source: Path, target: Path) -> str | None:
    return None if Path(target).name == _UNSTEADY else f'rename to {Path(target).name}'


def _removal(path: Path) -> str | None:
    return f'removal of {path.name}' if path.is_file() and not _TEMPORARY.fullmatch(path.name) else None


def kind_of(place: str) -> str:
    """The place without its numbers, by which many are one kind."""
    return re.sub(r'\d+', 'N', place.rpartition(' #')[0])


def choose(places: list[str], count: int) -> list[str]:
    """So many of the places: one of each kind as far as the number allows, the others evenly spread."""
    kinds: dict[str, list[str]] = {}
    for place in places:
        kinds.setdefault(kind_of(place), []).append(place)
    # The middle one of each kind: before the first checkpoint there is little to lose.
    chosen = set(_spread([group[len(group) // 2] for group in kinds.values()], count))
    chosen |= set(_spread([place for place in places if place not in chosen], count - len(chosen)))
    return [place for place in places if place in chosen]


def _spread(places: list[str], count: int) -> list[str]:
    count = min(count, len(places))
    return [places[(2 * index + 1) * len(places) // (2 * count)] for index in range(count)]
