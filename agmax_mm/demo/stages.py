"""Stages: commands that build on one another, run side by side where they can, and go on where they were stopped."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from agmax_mm.fileio import write_json
from agmax_mm.progress import PROGRESS_FILE, Bars, duration, read_progress

STAMP_FILE = 'stage.json'
_POLL_S = 0.2
_STOP_GRACE_S = 15.0
_LOG_LINES = 15
_WHOLE = 'whole plan'


@dataclass(frozen=True)
class Stage:
    """One command of the plan.

    Attributes:
        name: Short name, unique in the plan; names the log file.
        title: What the user reads.
        command: Program and arguments.
        folder: Folder that belongs to this stage alone. It holds the stamp; when the stage has changed since it was
            last run, the folder is emptied first.
        needs: Names of the stages whose outputs this one reads.
        inputs: Whatever else decides the outcome, such as the content of a config.
        result: Files that must be there once the stage has run.
        weight: About how long it takes, in any unit common to the plan, for the time left of the whole.
    """

    name: str
    title: str
    command: Sequence[str]
    folder: Path
    needs: Sequence[str] = ()
    inputs: Any = None
    result: Sequence[Path] = ()
    weight: float = 1.0


class StageError(ValueError):
    """A stage's command failed. The message holds the end of its log."""


@dataclass
class _Running:
    stage: Stage
    process: subprocess.Popen[bytes]
    log: IO[bytes]
    started: float = field(default_factory=time.monotonic)
    share: float = 0.0


class Pipeline:
    """A plan of stages.

    A stage is done when its stamp says that the same command ended well on the same inputs, itself and everything it
    needs; such stages are skipped. All others are run, in the plan's order as far as their needs allow.

    Args:
        stages: The plan; a stage may need only earlier ones.
        logs: Folder of the log files.
        jobs: Greatest number of commands at a time.
        environment: Variables for the commands, besides this process's own.
        keep_open: File descriptors that the commands hold open too, such as that of a lock.
    """

    def __init__(
        self,
        stages: Sequence[Stage],
        logs: Path,
        *,
        jobs: int = 1,
        environment: Mapping[str, str] | None = None,
        keep_open: Sequence[int] = (),
    ) -> None:
        known: set[str] = set()
        for stage in stages:
            assert stage.name not in known, f'twice: {stage.name}'
            assert known.issuperset(stage.needs), f'out of order: {stage.name}'
            known.add(stage.name)
        self.stages = list(stages)
        self.logs = logs
        self.jobs = jobs
        self.environment = {**os.environ, 'PYTHONUNBUFFERED': '1', **(environment or {})}
        self.keep_open = keep_open
        self.keys = self._compute_keys()
        self._running: list[_Running] = []

    def is_done(self, stage: Stage) -> bool:
        """Whether the stage has nothing left to do."""
        stamp = _read_stamp(stage)
        return (
            stamp.get('key') == self.keys[stage.name]
            and stamp.get('status') == 'completed'
            and all(path.exists() for path in stage.result)
        )

    def seconds(self) -> dict[str, float]:
        """Wall time of each stage that was run, over all its attempts."""
        return {stage.name: _read_stamp(stage).get('seconds', 0.0) for stage in self.stages}

    def run(self) -> int:
        """Run what is left. Returns the number of stages that were run.

        Raises:
            StageError: If a command fails; the others are stopped.
            KeyboardInterrupt: On Ctrl-C, after the commands have been stopped.
        """
        done = {stage.name for stage in self.stages if self.is_done(stage)}
        left = [stage for stage in self.stages if stage.name not in done]
        if not left:
            return 0
        self.logs.mkdir(parents=True, exist_ok=True)
        count = len(left)
        with Bars() as bars:
            bars.start(_WHOLE, 100, self._percent(done))
            try:
                while left or self._running:
                    self._start_ready(left, done, bars)
                    time.sleep(_POLL_S)
                    self._poll(done, bars)
            finally:
                self._stop_all()
        return count

    def _compute_keys(self) -> dict[str, str]:
        keys: dict[str, str] = {}
        for stage in self.stages:
            content = [list(stage.command), stage.inputs, [keys[name] for name in stage.needs]]
            keys[stage.name] = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        return keys

    def _start_ready(self, left: list[Stage], done: set[str], bars: Bars) -> None:
        for stage in list(left):
            if len(self._running) >= self.jobs:
                return
            if done.issuperset(stage.needs):
                left.remove(stage)
                self._start(stage, bars)

    def _start(self, stage: Stage, bars: Bars) -> None:
        stamp = _read_stamp(stage)
        resumed = stamp.get('key') == self.keys[stage.name]
        if not resumed and stage.folder.exists():
            # Made by another config, seed or package: nothing in there may be gone on with.
            shutil.rmtree(stage.folder)
        stage.folder.mkdir(parents=True, exist_ok=True)
        (stage.folder / PROGRESS_FILE).unlink(missing_ok=True)
        self._stamp(stage, 'running', stamp.get('seconds', 0.0) if resumed else 0.0)
        number = self.stages.index(stage) + 1
        verb = 'going on with' if resumed else 'starting'
        bars.say(f'stage {number} of {len(self.stages)}: {verb} {stage.title}')
        log = (self.logs / f'{stage.name}.log').open('ab' if resumed else 'wb')
        # A session of its own: Ctrl-C reaches this process alone, which then stops its commands in order.
        process = subprocess.Popen(
            list(stage.command),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=self.environment,
            start_new_session=True,
            pass_fds=self.keep_open,
        )
        self._running.append(_Running(stage, process, log))
        bars.start(stage.title)

    def _poll(self, done: set[str], bars: Bars) -> None:
        for running in list(self._running):
            stage = running.stage
            progress = read_progress(stage.folder / PROGRESS_FILE)
            if progress is not None:
                bars.update(stage.title, progress[0], progress[2], progress[1])
                running.share = progress[0] / max(progress[1], 1)
            code = running.process.poll()
            if code is None:
                continue
            seconds = self._close(running)
            if code != 0:
                bars.finish(stage.title)
                raise StageError(self._failure(stage, code))
            missing = [str(path) for path in stage.result if not path.exists()]
            if missing:
                raise StageError(f'{stage.title}: expected the command to write {", ".join(missing)}, got nothing')
            self._stamp(stage, 'completed', seconds)
            done.add(stage.name)
            number = self.stages.index(stage) + 1
            bars.finish(stage.title, f'stage {number} of {len(self.stages)}: {stage.title}: {duration(seconds)}')
        bars.update(_WHOLE, self._percent(done), f'{len(done)} of {len(self.stages)} stages')

    def _percent(self, done: set[str]) -> int:
        """How much of the plan's weight is done."""
        finished = sum(stage.weight for stage in self.stages if stage.name in done)
        underway = sum(running.share * running.stage.weight for running in self._running)
        return int(100 * (finished + underway) / sum(stage.weight for stage in self.stages))

    def _close(self, running: _Running) -> float:
        """Forget a command that has ended. Returns the stage's seconds over all attempts."""
        self._running.remove(running)
        running.log.close()
        return float(_read_stamp(running.stage)['seconds']) + time.monotonic() - running.started

    def _stop_all(self) -> None:
        for sig, grace in ((signal.SIGINT, _STOP_GRACE_S), (signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
            alive = [running for running in self._running if running.process.poll() is None]
            for running in alive:
                os.killpg(running.process.pid, sig)
            limit = time.monotonic() + grace
            while time.monotonic() < limit and any(running.process.poll() is None for running in alive):
                time.sleep(0.05)
        for running in list(self._running):
            self._stamp(running.stage, 'interrupted', self._close(running))

    def _stamp(self, stage: Stage, status: str, seconds: float) -> None:
        stamp = {'key': self.keys[stage.name], 'status': status, 'seconds': round(seconds, 1)}
        write_json(stamp, stage.folder / STAMP_FILE)

    def _failure(self, stage: Stage, code: int) -> str:
        path = self.logs / f'{stage.name}.log'
        lines = path.read_text(encoding='utf-8', errors='replace').splitlines()[-_LOG_LINES:]
        shown = '\n'.join(f'  | {line}' for line in lines)
        return f'{stage.title}: the command ended with code {code}. The end of its log:\n{shown}\nThe whole log: {path}'


def _read_stamp(stage: Stage) -> dict[str, Any]:
    try:
        return json.loads((stage.folder / STAMP_FILE).read_text(encoding='utf-8'))
    except FileNotFoundError:
        return {}
