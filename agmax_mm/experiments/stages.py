"""Stages: steps that build on one another, run side by side where they can, and go on where they were stopped.

This is the only runner: the demonstration, the runs of a study, the repeats of a transfer and the trials of recipes
are plans of stages. An executor of :mod:`agmax_mm.experiments.executors` says where the stages run.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agmax_mm.experiments.call import Call
from agmax_mm.experiments.executors import Executor, Job, Processes
from agmax_mm.fileio import write_json
from agmax_mm.progress import PROGRESS_FILE, Bars, duration, read_progress
from agmax_mm.signals import EXIT_RESUME, stops_handled

STAMP_FILE = 'stage.json'
_LOG_LINES = 50
_WHOLE = 'whole plan'


@dataclass(frozen=True)
class Stage:
    """One step of a plan.

    Attributes:
        name: Short name, unique in the plan; names the log file.
        title: What the user reads.
        action: A command, or a function of this package.
        folder: Folder that belongs to this stage alone. It holds the stamp.
        needs: Names of the stages whose outputs this one reads.
        inputs: Everything that decides the outcome, as JSON can hold it: the stage is done only as long as this stays
            the same.
        result: Files that must be there once the stage has run.
        weight: About how long it takes, in any unit common to the plan, for the time left of the whole.
        finished: Whether the folder holds the whole outcome by its own account, which counts more than the stamp's.
    """

    name: str
    title: str
    action: Sequence[str] | Call
    folder: Path
    needs: Sequence[str] = ()
    inputs: Any = None
    result: Sequence[Path] = ()
    weight: float = 1.0
    finished: Callable[[], bool] | None = None


class StageError(ValueError):
    """Stages failed. The message has one line for each, with the reason and the place of its log."""


@dataclass
class _Running:
    stage: Stage
    job: Job
    started: float = field(default_factory=time.monotonic)
    share: float = 0.0


class Pipeline:
    """A plan of stages.

    A stage is done when its stamp says that it ended well with the same inputs, itself and everything that it needs.
    Such stages are skipped. All others are run, in the plan's order as far as their needs allow. A stage whose inputs
    have changed begins in an empty folder; one that was stopped finds its folder as it was.

    Args:
        stages: The plan; a stage may need only earlier ones.
        logs: Folder of the log files.
        executor: Where the stages run; by default on this machine, one at a time.
        keep_going: Run what can be run after a failure, too. By default a failure stops all others.
        keep_folders: Refuse to run a stage whose inputs have changed instead of emptying its folder, and go on with a
            folder that has no stamp.
        after_stage: Called after each stage that ended well.
    """

    def __init__(
        self,
        stages: Sequence[Stage],
        logs: Path,
        *,
        executor: Executor | None = None,
        keep_going: bool = False,
        keep_folders: bool = False,
        after_stage: Callable[[Stage], object] | None = None,
    ) -> None:
        known: set[str] = set()
        for stage in stages:
            assert stage.name not in known, f'twice: {stage.name}'
            assert known.issuperset(stage.needs), f'out of order: {stage.name}'
            known.add(stage.name)
        self.stages = list(stages)
        self.logs = logs
        self.executor: Executor = executor or Processes()
        self.keep_going = keep_going
        self.keep_folders = keep_folders
        self.after_stage = after_stage
        self.keys = self._compute_keys()
        self._running: list[_Running] = []
        self._failures: dict[str, str] = {}

    def is_done(self, stage: Stage) -> bool:
        """Whether the stage has nothing left to do."""
        if not all(path.exists() for path in stage.result):
            return False
        stamp = _read_stamp(stage)
        if stage.finished is None:
            return stamp.get('key') == self.keys[stage.name] and stamp['status'] == 'completed'
        unknown = self.keys[stage.name] if self.keep_folders else None
        return stamp.get('key', unknown) == self.keys[stage.name] and stage.finished()

    def run(self) -> int:
        """Run what is left. Returns the number of stages that were run.

        Raises:
            StageError: If stages fail.
            ValueError: If the inputs of a stage have changed and its folder must stay.
            KeyboardInterrupt: On a signal that stops this process or one of the stages, after all have been stopped.
        """
        done = {stage.name for stage in self.stages if self.is_done(stage)}
        left = [stage for stage in self.stages if stage.name not in done]
        for stage in left:
            self._check_folder(stage)
        if not left:
            return 0
        self.logs.mkdir(parents=True, exist_ok=True)
        self._failures = {}
        count = len(left)
        clock = _Clock(self._weight(done))
        # Jobs would outlive a process that just ends.
        with Bars() as bars, stops_handled(signal.default_int_handler):
            bars.start(_WHOLE, 100, self._percent(done))
            try:
                while left or self._running:
                    self._start_ready(left, done, bars, clock)
                    time.sleep(self.executor.poll_s)
                    self._poll(left, done, bars)
            finally:
                self._stop_all()
        if self._failures:
            raise StageError('\n'.join(self._failures.values()))
        return count

    def _compute_keys(self) -> dict[str, str]:
        keys: dict[str, str] = {}
        for stage in self.stages:
            content = [stage.inputs, [keys[name] for name in stage.needs]]
            keys[stage.name] = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        return keys

    def _check_folder(self, stage: Stage) -> None:
        if self.keep_folders and _read_stamp(stage).get('key', self.keys[stage.name]) != self.keys[stage.name]:
            raise ValueError(
                f'{stage.title}: expected the setup that {str(stage.folder)!r} was begun with, got another one; '
                'another --work-dir begins anew'
            )

    def _start_ready(self, left: list[Stage], done: set[str], bars: Bars, clock: _Clock) -> None:
        for stage in list(left):
            if len(self._running) >= self.executor.jobs:
                return
            if done.issuperset(stage.needs):
                left.remove(stage)
                self._start(stage, bars, clock.words(self._weight(done), self._weight()))

    def _start(self, stage: Stage, bars: Bars, time_left: str) -> None:
        stamp = _read_stamp(stage)
        resumed = stamp.get('key') == self.keys[stage.name] or self.keep_folders
        if not resumed and stage.folder.exists():
            # Made by another config, seed or package: nothing in there may be gone on with.
            shutil.rmtree(stage.folder)
        begun = stage.folder.exists()
        stage.folder.mkdir(parents=True, exist_ok=True)
        (stage.folder / PROGRESS_FILE).unlink(missing_ok=True)
        self._stamp(stage, 'running', stamp.get('seconds', 0.0) if resumed else 0.0)
        number = self.stages.index(stage) + 1
        verb = 'going on with' if begun else 'starting'
        bars.say(f'stage {number} of {len(self.stages)}: {verb} {stage.title}{time_left}')
        job = self.executor.start(stage.name, stage.action, self._log(stage), append=begun)
        self._running.append(_Running(stage, job))
        bars.start(stage.title)

    def _poll(self, left: list[Stage], done: set[str], bars: Bars) -> None:
        for running in list(self._running):
            stage = running.stage
            progress = read_progress(stage.folder / PROGRESS_FILE)
            if progress is not None:
                bars.update(stage.title, progress[0], progress[2], progress[1])
                running.share = progress[0] / max(progress[1], 1)
            code = running.job.poll()
            if code is None:
                continue
            seconds = self._close(running)
            bars.finish(stage.title)
            missing = [str(path) for path in stage.result if not path.exists()]
            if code == 0 and not missing:
                self._stamp(stage, 'completed', seconds)
                done.add(stage.name)
                bars.update(_WHOLE, self._percent(done))
                if self.after_stage is not None:
                    self.after_stage(stage)
                continue
            if code == EXIT_RESUME:
                self._stamp(stage, 'interrupted', seconds)
                raise KeyboardInterrupt
            self._stamp(stage, 'failed', seconds)
            reason = self._reason(stage, code) if code else f'expected it to write {", ".join(missing)}, got nothing'
            self._failures[stage.name] = f'{stage.title}: {reason}; the whole log: {self._log(stage)}'
            if not self.keep_going:
                raise StageError(self._failures[stage.name])
            bars.say(f'failed: {self._failures[stage.name]}')
            self._drop_dependants(left)
        bars.update(_WHOLE, self._percent(done))

    def _drop_dependants(self, left: list[Stage]) -> None:
        """Give up the stages that need a failed one, directly or not."""
        lost = set(self._failures)
        for stage in list(left):
            if lost.intersection(stage.needs):
                lost.add(stage.name)
                left.remove(stage)

    def _weight(self, done: set[str] | None = None) -> float:
        """Weight of the finished stages, or of all."""
        return sum(stage.weight for stage in self.stages if done is None or stage.name in done)

    def _percent(self, done: set[str]) -> int:
        """The finished part of the plan's weight, in percent."""
        underway = sum(running.share * running.stage.weight for running in self._running)
        return int(100 * (self._weight(done) + underway) / self._weight())

    def _close(self, running: _Running) -> float:
        """Forget a job that has ended. Returns the stage's seconds over all attempts."""
        self._running.remove(running)
        return float(_read_stamp(running.stage).get('seconds', 0.0)) + time.monotonic() - running.started

    def _stop_all(self) -> None:
        if self._running:
            self.executor.stop([running.job for running in self._running])
        for running in list(self._running):
            self._stamp(running.stage, 'interrupted', self._close(running))

    def _stamp(self, stage: Stage, status: str, seconds: float) -> None:
        stamp = {'key': self.keys[stage.name], 'status': status, 'seconds': round(seconds, 1)}
        write_json(stamp, stage.folder / STAMP_FILE)

    def _log(self, stage: Stage) -> Path:
        return self.logs / f'{stage.name.replace("/", "_")}.log'

    def _reason(self, stage: Stage, code: int) -> str:
        """Why a stage failed: its last error line or, without one, its last line."""
        path = self._log(stage)
        text = path.read_text(encoding='utf-8', errors='replace') if path.is_file() else ''
        lines = [line.strip() for line in text.splitlines()[-_LOG_LINES:] if line.strip()]
        errors = [line for line in lines if line.startswith('error: ')]
        last = (errors or lines or ['it said nothing'])[-1]
        return f'it ended with code {code}: {last.removeprefix("error: ")}'


class _Clock:
    """The time left of a plan, from what was done since it was started."""

    def __init__(self, weight: float) -> None:
        self._started, self._weight = time.monotonic(), weight

    def words(self, done: float, whole: float) -> str:
        if done <= self._weight:
            return ''
        left = (time.monotonic() - self._started) / (done - self._weight) * (whole - done)
        return f', about {duration(left)} left'


def _read_stamp(stage: Stage) -> dict[str, Any]:
    try:
        return json.loads((stage.folder / STAMP_FILE).read_text(encoding='utf-8'))
    except FileNotFoundError:
        return {}
