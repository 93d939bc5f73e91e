"""Progress for people: bars in a terminal, and a plain line now and then without one.

A process may also write its progress to a small file, so that another process can draw the bar.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agmax_mm.temporary import temporary_path

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PROGRESS_FILE = 'progress.json'


@dataclass
class _Task:
    total: int | None
    done: int
    begun_at: int
    started: float
    bar: TaskID | None = None

    def tenth(self) -> int:
        return 10 * self.done // self.total if self.total else 0

    def seconds_left(self) -> float:
        made = self.done - self.begun_at
        if not made or self.total is None:
            return 0.0
        return (time.monotonic() - self.started) / made * (self.total - self.done)


class Bars:
    """Bars on stderr, one per task, with the time left. Without a terminal, one line per tenth of a task.

    Use as a context manager. Printed and logged lines appear above the bars in the same terminal.

    Args:
        loggers: Loggers whose handlers may write to the terminal.
    """

    def __init__(self, loggers: Sequence[logging.Logger] = ()) -> None:
        self._loggers = loggers
        self._tasks: dict[str, _Task] = {}
        self._progress: Progress | None = None
        self._moved: list[tuple[logging.StreamHandler[Any], Any]] = []

    def __enter__(self) -> Bars:
        if sys.stderr.isatty():
            self._open_terminal()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
            for handler, stream in self._moved:
                handler.setStream(stream)
            self._moved = []

    def start(self, title: str, total: int | None = None, done: int = 0) -> None:
        """Show a task of ``total`` steps, or None while unknown. An earlier run has made ``done`` of them."""
        task = _Task(total, done, done, time.monotonic())
        self._tasks[title] = task
        if self._progress is not None:
            task.bar = self._progress.add_task(title, total=total, completed=done, message='')

    def update(self, title: str, done: int, message: str = '', total: int | None = None) -> None:
        """Set the number of steps made, a few words behind the bar, and the number of all steps."""
        task = self._tasks[title]
        if task.total is None and total is not None:
            # The work begins now, at the place that a resumed run had reached.
            task.total, task.done, task.begun_at, task.started = total, done, done, time.monotonic()
        before, task.done = task.tenth(), done
        if self._progress is not None and task.bar is not None:
            self._progress.update(task.bar, completed=done, message=message, total=task.total)
        elif task.tenth() > before:
            words = f', {message}' if message else ''
            left = duration(task.seconds_left())
            self.say(f'{title}: {done}/{task.total} ({10 * task.tenth()} %){words}, {left} left')

    def finish(self, title: str, message: str = '') -> None:
        """Remove a task's bar, and print a line if there is a message."""
        task = self._tasks.pop(title)
        if self._progress is not None and task.bar is not None:
            self._progress.remove_task(task.bar)
        if message:
            self.say(message)

    def say(self, line: str) -> None:
        """Print a line above the bars."""
        if self._progress is not None:
            self._progress.console.print(line, markup=False, highlight=False)
        else:
            print(line, file=sys.stderr, flush=True)

    def _open_terminal(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        # If stdout goes to a file, printed lines belong there, not above the bars.
        shared = sys.stdout.isatty()
        before = sys.stdout
        self._progress = Progress(
            TextColumn('{task.description}'),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn('{task.fields[message]}'),
            console=Console(stderr=True),
            redirect_stdout=shared,
            # A long period: the time left is that of the whole task, with the validations in between.
            speed_estimate_period=300,
        )
        self._progress.start()
        if shared:
            self._move_log_handlers(before)

    def _move_log_handlers(self, before: Any) -> None:
        """Let log handlers print above the bars, too. They keep the stream that they were made with."""
        for logger in self._loggers:
            for handler in logger.handlers:
                if isinstance(handler, logging.StreamHandler) and handler.stream is before:
                    self._moved.append((handler, before))
                    handler.setStream(sys.stdout)


def note_progress(path: Path, done: int, total: int, message: str = '') -> None:
    """Write a process's progress to a file that another process reads. The file is always whole."""
    temporary = temporary_path(path)
    temporary.write_text(json.dumps({'done': done, 'total': total, 'message': message}), encoding='utf-8')
    temporary.replace(path)


def read_progress(path: Path) -> tuple[int, int, str] | None:
    """Read the last note of :func:`note_progress`: steps made, all steps, message; None if there is none yet."""
    try:
        note = json.loads(path.read_text(encoding='utf-8'))
    except FileNotFoundError:
        return None
    return note['done'], note['total'], note['message']


def duration(seconds: float) -> str:
    """Return a duration in words: ``'42 s'``, ``'3 min 05 s'``, ``'2 h 10 min'``."""
    total = round(seconds)
    if total < 60:
        return f'{total} s'
    if total < 3600:
        return f'{total // 60} min {total % 60:02d} s'
    return f'{total // 3600} h {total % 3600 // 60:02d} min'
