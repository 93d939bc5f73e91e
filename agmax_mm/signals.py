"""Signals that stop a run: Ctrl-C, a scheduler's and a terminal's that closes."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

# The exit code of a command that was stopped and goes on when it is called again: EX_TEMPFAIL of sysexits.h.
EXIT_RESUME = 75
# Schedulers send SIGTERM, and SIGUSR1 where they were told to warn (Slurm's --signal); SIGHUP comes when a terminal
# closes.
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)


# Handlers of this package that are set, or were before others.
_handlers: list[Callable[[int, Any], Any]] = []
# What the signal mask was before a fork.
_masks: list[set[int | signal.Signals]] = []


def _before_fork() -> None:
    """Keep SIGTERM waiting until a forked child has its default: a handler that it inherited would swallow it."""
    if signal.getsignal(signal.SIGTERM) in _handlers:
        _masks.append(signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM}))


def _after_fork() -> None:
    if _masks:
        signal.pthread_sigmask(signal.SIG_SETMASK, _masks.pop())


def _after_fork_in_child() -> None:
    """Let SIGTERM end workers of loaders and pools. One that handles it could wait for its queue for ever."""
    if _masks:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _after_fork()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child)


def handle_stops(handler: Callable[[int, Any], Any]) -> dict[signal.Signals, Any]:
    """Let a handler take the signals that stop a run; a SIGHUP that nohup ignores stays ignored.

    Processes that are forked from this one take SIGTERM as if there were no handler.

    Returns:
        The handlers before, by signal.
    """
    _handlers.append(handler)
    return {
        number: signal.signal(number, handler)
        for number in STOP_SIGNALS
        if not (number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN)
    }


@contextlib.contextmanager
def stops_handled(handler: Callable[[int, Any], Any]) -> Iterator[None]:
    """Same as :func:`handle_stops` for the length of a block; nothing outside of the main thread, which gets them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = handle_stops(handler)
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
        _handlers.remove(handler)
