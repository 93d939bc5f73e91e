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


def _end_on_sigterm() -> None:
    """Give SIGTERM its default in a forked child that inherited a handler of Python.

    It ends the workers of loaders and pools. One that handles it could wait for its queue for ever.
    """
    if callable(signal.getsignal(signal.SIGTERM)):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


os.register_at_fork(after_in_child=_end_on_sigterm)


def handle_stops(handler: Callable[[int, Any], Any]) -> dict[signal.Signals, Any]:
    """Let a handler take the signals that stop a run; a SIGHUP that nohup ignores stays ignored.

    Returns:
        The handlers before, by signal.
    """
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
