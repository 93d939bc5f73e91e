"""Signs of life between the processes of a run: one that hangs ends all of them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import torch.distributed as dist
from mmengine.dist import broadcast_object_list
from mmengine.hooks import Hook

from agmax_mm.engine.hooks.run_record import mark_unfinished
from agmax_mm.ranks import tell
from agmax_mm.registry import HOOKS

TIMEOUT_S = 45.0
# Looks at the others within the timeout.
_LOOKS = 9
# A step may take this many times the longest one so far before it counts as hanging.
_SLOWER = 3
_TRAINING = 'training'
_FOR_EVER = timedelta(days=365)


class Sign(NamedTuple):
    """What a process tells the others: a count of its beats, what it does, and where it can be found."""

    beat: int
    phase: str
    step: int
    longest_s: float
    host: str
    pid: int

    def encode(self) -> str:
        """As text for the store."""
        return '|'.join(map(str, self))

    @classmethod
    def decode(cls, text: str) -> Sign:
        """The sign in a text of :meth:`encode`."""
        beat, phase, step, longest, host, pid = text.split('|')
        return cls(int(beat), phase, int(step), float(longest), host, int(pid))


class Judge:
    """Tell from the signs of all processes which of them hang.

    A process hangs that gives no sign at all for ``timeout`` seconds: it was stopped, or its machine is gone. All hang
    together if each is in training and none has made a step for ``timeout`` seconds and three times its longest step.
    Validations, checkpoints and a process's first step, which may compile, take as long as they take.

    Args:
        timeout: Seconds.
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self._last: dict[int, Sign] = {}
        self._silent: dict[int, float] = {}
        self._stalled = 0.0

    def judge(self, signs: dict[int, Sign], elapsed: float) -> tuple[list[int], str] | None:
        """The processes that hang, and why they count as such; None while all is well.

        Args:
            signs: The newest sign of each process.
            elapsed: Seconds since the last call, without those in which this process was itself stopped.
        """
        moved = False
        for rank, sign in signs.items():
            last = self._last.get(rank)
            self._silent[rank] = self._silent.get(rank, 0.0) + elapsed if last == sign else 0.0
            moved |= last is None or (last.phase, last.step) != (sign.phase, sign.step)
        self._last = dict(signs)
        silent = [rank for rank, seconds in self._silent.items() if seconds >= self.timeout]
        if silent:
            return silent, f'no sign of life for {self.timeout:g} s'
        training = all(sign.phase == _TRAINING for sign in signs.values())
        self._stalled = self._stalled + elapsed if training and not moved else 0.0
        limit = max(self.timeout, _SLOWER * max(sign.longest_s for sign in signs.values()))
        if self._stalled < limit:
            return None
        steps = {rank: sign.step for rank, sign in signs.items()}
        behind = [rank for rank, step in steps.items() if step < max(steps.values())]
        return behind or list(signs), f'no step for {self._stalled:.0f} s'


@HOOKS.register_module()
class WatchHook(Hook):
    """End a run on several processes when one of them hangs, and say which.

    It is said about ``timeout`` seconds after the last sign of life, or step, and the last process ends about two looks
    later, of which there are nine within the timeout.

    Every process gives a sign of life in the background. So a process that works for long, such as the first one in a
    validation, is never taken for one that hangs; see :class:`Judge`. Collective operations themselves have torch's
    timeouts, 30 minutes with Gloo and 10 with NCCL, or ``env_cfg.dist_cfg.timeout`` seconds.

    Args:
        timeout: Seconds, see :class:`Judge`; 0 for no watch.
    """

    # After all other hooks: their time is the step's.
    priority = 'LOWEST'

    def __init__(self, timeout: float = TIMEOUT_S) -> None:
        if timeout < 0:
            raise ValueError(f'hang_timeout: expected seconds, or 0 for no watch, got {timeout}')
        self.timeout = timeout
        self._ended = threading.Event()
        self._phase, self._step, self._longest = 'start', 0, 0.0
        self._begun: float | None = None
        self._pause, self._beat = timeout / _LOOKS, 0
        self._signs: dict[int, Sign] = {}

    def before_train(self, runner: Any) -> None:
        """Connect the processes, and begin to watch."""
        if runner.world_size < 2 or not self.timeout:
            return
        self._rank, self._world, self._folder = runner.rank, runner.world_size, runner.work_dir
        address = os.environ.get('MASTER_ADDR', 'localhost')
        # A store of its own: calls of the process group's would wait behind the training's. Its server's thread needs
        # no interpreter.
        server = dist.TCPStore(address, 0, is_master=True, wait_for_workers=False) if runner.rank == 0 else None
        port = [server.port if server is not None else 0]
        broadcast_object_list(port)
        self._store = server or dist.TCPStore(address, port[0], is_master=False, wait_for_workers=False)
        # A call that ran into its time limit would leave the connection of no use, with lines of torch's own.
        self._store.set_timeout(_FOR_EVER)
        self._give_sign()
        self._signs = self._read_signs()
        for work in (self._exchange, self._watch):
            threading.Thread(target=work, name='watch', daemon=True).start()

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        """Note the step that begins."""
        if self._begun is not None:
            self._phase, self._step = _TRAINING, 2 * runner.iter + 1
        else:
            self._phase = 'first step'

    def after_train_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: dict[str, Any] | None = None
    ) -> None:
        """Note the step that is done, and how long it took."""
        now = time.monotonic()
        if self._begun is not None and self._phase == _TRAINING:
            self._longest = max(self._longest, now - self._begun)
        self._begun = now
        last = runner.iter + 1 >= runner.max_iters
        self._phase, self._step = ('end' if last else _TRAINING), 2 * runner.iter + 2

    def before_val(self, runner: Any) -> None:
        """Note the validation, which takes as long as it takes."""
        self._phase = 'validation'

    def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Note that a checkpoint is written."""
        self._phase = 'checkpoint'

    def after_train(self, runner: Any) -> None:
        """End the watch."""
        self._ended.set()

    def _give_sign(self) -> None:
        self._beat += 1
        sign = Sign(self._beat, self._phase, self._step, self._longest, socket.gethostname(), os.getpid())
        self._store.set(str(self._rank), sign.encode())

    def _read_signs(self) -> dict[int, Sign]:
        return {rank: Sign.decode(self._store.get(str(rank)).decode()) for rank in range(self._world)}

    def _exchange(self) -> None:
        """Give signs and read those of the others; a call waits for ever where the first process is stopped."""
        while not self._ended.wait(self._pause):
            try:
                self._give_sign()
                self._signs = self._read_signs()
            except dist.DistError:  # The first process has ended, and with it its store.
                self._ended.set()

    def _watch(self) -> None:
        judge = Judge(self.timeout)
        looked, answer, looks = time.monotonic(), self._signs, 0
        while not self._ended.wait(self._pause):
            signs, looks = self._signs, looks + 1
            if signs is answer:
                # No answer since the last look, which says something of the first process alone, whose store it is.
                signs = {rank: sign if rank == 0 else sign._replace(beat=-looks) for rank, sign in signs.items()}
            answer, now = self._signs, time.monotonic()
            # A machine that slept, or a run that was stopped as a whole, has missed nothing.
            found = judge.judge(signs, min(now - looked, 3 * self._pause))
            looked = now
            if found is not None and not self._ended.is_set():
                self._stop_all(signs, *found)

    def _stop_all(self, signs: dict[int, Sign], hanging: list[int], why: str) -> None:
        """Say what happened, kill what hangs on this machine, and end this process, whose main thread may wait."""
        alike = len(hanging) == self._world
        names = (
            'all processes' if alike else f'process{"es" if len(hanging) > 1 else ""} {", ".join(map(str, hanging))}'
        )
        first = min(set(signs) - set(hanging) or set(signs))
        if self._rank == first:
            step = max(sign.step for sign in signs.values()) // 2 + 1
            tell(
                f'{names} of {self._world}: {why}, near step {step} of the training; all processes were stopped, and '
                '--resume goes on; hang_timeout=SECONDS waits longer, 0 for ever',
                at_once=True,
            )
        if self._rank != first or alike:
            # Another one looks a little later, perhaps: that tells it, or has to find out for itself, which it cannot
            # when the first process has ended, and with it the store.
            time.sleep(2 * self._pause + 1.0)
        with contextlib.suppress(OSError, ValueError):
            mark_unfinished(self._folder, 'failed')
        for rank in hanging if not alike else ():
            if signs[rank].host == socket.gethostname() and _is_sibling(signs[rank].pid):
                with contextlib.suppress(OSError):
                    os.kill(signs[rank].pid, signal.SIGKILL)
        os._exit(1)


def _is_sibling(pid: int) -> bool:
    """Whether a number is that of a process that the same launcher started."""
    try:
        status = Path(f'/proc/{pid}/status').read_text(encoding='utf-8')
    except OSError:
        return False
    parent = next((line.split()[1] for line in status.splitlines() if line.startswith('PPid:')), '')
    return pid != os.getpid() and parent == str(os.getppid())
