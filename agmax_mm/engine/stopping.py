"""Stopping in order: the processes of a run agree on the step, and their loaders' workers live until then."""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
from torch.utils.data import DataLoader

from agmax_mm.host import global_group
from agmax_mm.signals import STOP_SIGNALS

# Of one Ctrl-C a process may hear twice: from the terminal and from its launcher.
_SECOND_S = 1.0


class Stopped(KeyboardInterrupt):
    """The run was asked to stop, and has saved where it is: all of its processes at the same step."""


class StopRequest:
    """A signal that asks a run to stop, and the processes' agreement about when.

    Before the first step and after the last one there is nothing to be saved: then a signal interrupts at once, as does
    a second Ctrl-C.
    """

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self.is_agreed = False
        self._noted_at = 0.0
        self.is_listening = False
        self._group: Any = None
        self._pending: tuple[Any, torch.Tensor] | None = None

    def note(self, number: int, frame: Any) -> None:
        """Take a signal; the handler."""
        again = self.signal is not None and number == signal.SIGINT and time.monotonic() - self._noted_at > _SECOND_S
        if again or not self.is_listening:
            raise KeyboardInterrupt
        if self.signal is None:
            self.signal, self._noted_at = signal.Signals(number), time.monotonic()

    def listen(self) -> None:
        """Begin to wait for steps; all processes call it together."""
        self.is_listening = True
        if global_group() is not None:
            # Its own group, on the CPU: the answer waits for no GPU, and is between no other exchanges.
            self._group = dist.new_group(backend='gloo')

    def agreed(self) -> bool:
        """Return whether all processes stop now; all of them ask equally often.

        Several processes learn it one question later: each question is answered while the next step is made.
        """
        if self._group is None:
            self.is_agreed = self.signal is not None
            return self.is_agreed
        asked = torch.tensor([0 if self.signal is None else int(self.signal)])
        before, self._pending = (
            self._pending,
            (
                dist.all_reduce(asked, dist.ReduceOp.MAX, group=self._group, async_op=True),
                asked,
            ),
        )
        if before is not None and not self.is_agreed:
            before[0].wait()
            if before[1].item():
                self.is_agreed, self.signal = True, signal.Signals(int(before[1]))
        return self.is_agreed

    def least(self, value: int) -> int:
        """Return the least value of all processes, which call it together."""
        if self._group is None:
            return value
        least = torch.tensor([value])
        dist.all_reduce(least, dist.ReduceOp.MIN, group=self._group)
        return int(least)

    def wait_for_all(self) -> None:
        """Let no process end before the one that saves: launchers end all others when one has ended."""
        if self._group is not None:
            if self._pending is not None:
                self._pending[0].wait()
            dist.barrier(group=self._group)


def keep_workers(loader: DataLoader) -> DataLoader:
    """Let a loader's workers live as long as their process wants them to, whatever signals come from outside."""
    if loader.num_workers:
        loader.worker_init_fn = functools.partial(_outlive_stops, loader.worker_init_fn)
    return loader


def _outlive_stops(prepare: Callable[[int], None] | None, worker: int) -> None:
    """Prepare a worker. A terminal and a scheduler send their signals to it, too, while its run still makes a step."""
    for number in STOP_SIGNALS:
        if number != signal.SIGTERM:
            signal.signal(number, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if hasattr(signal, 'sigwaitinfo') and parent is not None:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        threading.Thread(target=_end_for_parent, args=(parent.pid,), daemon=True).start()
    if prepare is not None:
        prepare(worker)


def _end_for_parent(parent: int) -> None:
    # Torch ends workers by SIGTERM where they do not end by themselves.
    while signal.sigwaitinfo([signal.SIGTERM]).si_pid != parent:
        pass
    os._exit(0)
