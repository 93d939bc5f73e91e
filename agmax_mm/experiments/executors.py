"""Executors run the stages of a plan: in this process, in processes of this machine, or as jobs of Slurm."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import agmax_mm
from agmax_mm.cli import error_line
from agmax_mm.experiments.call import Call

# Time for a training to end its step and save.
_STOP_GRACE_S = 30.0

Action = Sequence[str] | Call


class Job(Protocol):
    """A stage that was started."""

    def poll(self) -> int | None:
        """Exit code, or None while it runs."""
        ...


class Executor(Protocol):
    """Starts stages and stops them."""

    jobs: int
    """Greatest number of stages at a time."""
    poll_s: float
    """Seconds between two looks at the jobs."""

    def start(self, name: str, action: Action, log: Path, *, append: bool) -> Job:
        """Start a stage, whose output goes to the file ``log``."""
        ...

    def stop(self, jobs: Sequence[Any]) -> None:
        """Stop these jobs, in order where they can; they have ended when this returns."""
        ...


class InProcess:
    """Functions, one after the other, in this process; for many short ones, which share one start."""

    jobs = 1
    poll_s = 0.0

    def start(self, name: str, action: Action, log: Path, *, append: bool) -> Job:
        """Take a function; it runs when the job is first looked at."""
        assert isinstance(action, Call), f'a command: {name}'
        return _CallJob(action, log)

    def stop(self, jobs: Sequence[Any]) -> None:
        """Do nothing: the interruption has ended the function."""


class _CallJob:
    def __init__(self, call: Call, log: Path) -> None:
        self.call, self.log = call, log

    def poll(self) -> int:
        try:
            self.call()
        except Exception as error:
            self.log.write_text(f'{traceback.format_exc()}error: {error_line(error)}\n', encoding='utf-8')
            return 1
        return 0


class Processes:
    """Processes of this machine.

    Args:
        jobs: Greatest number of processes at a time.
        environment: Variables for them, besides this process's own.
        keep_open: File descriptors that they hold open too, such as that of a lock.
    """

    poll_s = 0.2

    def __init__(
        self, jobs: int = 1, environment: Mapping[str, str] | None = None, keep_open: Sequence[int] = ()
    ) -> None:
        self.jobs = jobs
        self.environment = dict(environment or {})
        self.keep_open = keep_open

    def start(self, name: str, action: Action, log: Path, *, append: bool) -> subprocess.Popen[bytes]:
        """Start a process in a session of its own: Ctrl-C reaches this one alone, which then stops the others."""
        return start_process(command_of(action), log, self.environment, append=append, keep_open=self.keep_open)

    def stop(self, jobs: Sequence[subprocess.Popen[bytes]]) -> None:
        """Interrupt the processes; those that don't end are terminated and then killed."""
        stop_processes(jobs)


class Slurm:
    """Jobs of Slurm, through the library submitit. A job that Slurm takes off its node is queued again and goes on.

    Args:
        folder: Folder for the scripts and outputs of the jobs; all nodes must see it.
        jobs: Greatest number of jobs at a time.
        environment: Variables for the jobs, besides this process's own.
        options: Parameters of ``submitit.AutoExecutor``, such as ``timeout_min``, ``slurm_partition``,
            ``gpus_per_node`` and ``cpus_per_task``.
        cluster: ``'slurm'``, or ``'local'`` for processes of this machine that are handled as jobs are.

    Raises:
        ValueError: If submitit is not installed, there is no Slurm, or an option is unknown.
    """

    poll_s = 2.0

    def __init__(
        self,
        folder: Path,
        jobs: int = 1000,
        environment: Mapping[str, str] | None = None,
        options: Mapping[str, Any] | None = None,
        cluster: str = 'slurm',
    ) -> None:
        try:
            import submitit
        except ImportError:
            raise ValueError(
                "executor: expected the library submitit, got none; pip install 'agmax_mm[slurm]'"
            ) from None
        self.jobs = jobs
        self.environment = dict(environment or {})
        if cluster == 'local':
            self.poll_s = 0.2
        try:
            self._executor = submitit.AutoExecutor(folder=folder, cluster=cluster)
            self._executor.update_parameters(name='agmax_mm', **(options or {}))
        except (RuntimeError, NameError, TypeError, ValueError) as error:
            raise ValueError(f'executor: expected a cluster and options that submitit takes, got {error}') from None

    def start(self, name: str, action: Action, log: Path, *, append: bool) -> Job:
        """Submit a job."""
        if not append:
            log.unlink(missing_ok=True)
        submitted = self._executor.submit(_Command(command_of(action), str(log.resolve()), self.environment))
        return _SlurmJob(submitted, log)

    def stop(self, jobs: Sequence[_SlurmJob]) -> None:
        """Cancel the jobs and wait until they have ended."""
        for job in jobs:
            job.submitted.cancel(check=False)
        limit = time.monotonic() + 2 * _STOP_GRACE_S
        while time.monotonic() < limit and any(not job.submitted.done(force_check=True) for job in jobs):
            time.sleep(self.poll_s)


class _SlurmJob:
    def __init__(self, submitted: Any, log: Path) -> None:
        self.submitted, self.log = submitted, log

    def poll(self) -> int | None:
        if not self.submitted.done():
            return None
        error = self.submitted.exception()
        if error is None:
            return int(self.submitted.result())
        # The job ended without its function's result: killed, cancelled, or never started.
        with self.log.open('a', encoding='utf-8') as log:
            words = ' '.join(str(error).split())
            log.write(f'error: job {self.submitted.job_id} ({self.submitted.state}): {words}\n')
        return 1


class _Command:
    """The work of a job: a command, its output in a file. When the job's time is up, a new job does the same again."""

    def __init__(self, command: list[str], log: str, environment: Mapping[str, str]) -> None:
        self.command, self.log, self.environment = command, log, dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, '_process': None}

    def __call__(self) -> int:
        self._process = start_process(self.command, Path(self.log), self.environment, append=True)
        try:
            # Not wait(), which would hold the process's lock when checkpoint() interrupts it.
            while (code := self._process.poll()) is None:
                time.sleep(Processes.poll_s)
            return code
        finally:
            stop_processes([self._process])

    def checkpoint(self) -> Any:
        """Stop the command, which then goes on in another job."""
        from submitit.helpers import DelayedSubmission

        if self._process is not None:
            stop_processes([self._process])
        return DelayedSubmission(self)


def thread_variables(threads: int) -> dict[str, str]:
    """Environment that gives a process so many threads, at least one."""
    return {name: str(max(1, threads)) for name in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS')}


def command_of(action: Action) -> list[str]:
    """The command of an action, which may be a function."""
    return action.command() if isinstance(action, Call) else list(action)


def start_process(
    command: Sequence[str],
    log: Path,
    environment: Mapping[str, str],
    *,
    append: bool,
    keep_open: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own, its output in a file."""
    with log.open('ab' if append else 'wb') as stream:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**os.environ, 'PYTHONUNBUFFERED': '1', 'PYTHONPATH': _python_path(), **environment},
            start_new_session=True,
            pass_fds=keep_open,
        )


def _python_path() -> str:
    """The value of ``PYTHONPATH`` by which Python finds this very package before all else."""
    return os.pathsep.join(filter(None, [str(Path(agmax_mm.__file__).parents[1]), os.environ.get('PYTHONPATH')]))


def stop_processes(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Interrupt processes that lead sessions of their own, then terminate and kill those that don't end."""
    for number, grace in ((signal.SIGINT, _STOP_GRACE_S), (signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        alive = [process for process in processes if process.poll() is None]
        for process in alive:
            os.killpg(process.pid, number)
        limit = time.monotonic() + grace
        while time.monotonic() < limit and any(process.poll() is None for process in alive):
            time.sleep(0.05)
