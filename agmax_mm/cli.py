"""Parser and error handling of all commands. A mistake ends in one line, not in a traceback."""

from __future__ import annotations

import argparse
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from agmax_mm.ranks import LOST_LINE, has_lost_another, place, tell
from agmax_mm.signals import EXIT_RESUME, handle_stops

_DEBUG = '--debug'
_STDOUT = 1


class _Parser(argparse.ArgumentParser):
    """A parser whose errors on several processes are told once, without the usage."""

    def error(self, message: str) -> NoReturn:
        if place()[1] < 2:
            super().error(message)
        tell(f'{self.prog}: {message}')
        sys.exit(2)


def make_parser(description: str | None, epilog: str, prog: str | None = None) -> argparse.ArgumentParser:
    """Make a parser with ``--debug``, which :func:`run` reads. Its help ends in an example, printed as written.

    Args:
        description: What the command does.
        epilog: The example.
        prog: What the help calls the program, by default the name of the script.
    """
    parser = _Parser(
        prog=prog, description=description, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(_DEBUG, action='store_true', help='show the traceback of an error')
    return parser


def run(main: Callable[[], int | None], goes_on: str | None = None) -> None:
    """Call ``main`` and exit with its code; an error exits with 1 and one line on stderr.

    A signal that stops it exits with :data:`~agmax_mm.signals.EXIT_RESUME` where the command can go on, else with 130.

    Args:
        main: The command.
        goes_on: How the command goes on after an interruption, in words; None where it cannot.
    """
    # Schedulers and the demonstration stop a command with these signals. A shell's background job ignores Ctrl-C.
    handle_stops(signal.default_int_handler)
    try:
        with ends_with_its_reader():
            code = main() or 0
        sys.exit(code)
    except KeyboardInterrupt:
        if place()[1] < 2:  # of several, the launcher says it
            print('interrupted' if goes_on is None else f'interrupted; {goes_on}', file=sys.stderr)
        sys.exit(130 if goes_on is None else EXIT_RESUME)
    except Exception as error:
        if _DEBUG in sys.argv:
            raise
        lost = has_lost_another(error)
        tell(LOST_LINE if lost else error_line(error), lost=lost)
        sys.exit(1)


@contextmanager
def ends_with_its_reader() -> Iterator[None]:
    """Exit without a word, with 141 as other programs, if the reader of the output leaves early, as ``head`` does."""
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:  # it is None where the output was closed before the start
                sys.stdout.flush()
    except BrokenPipeError:
        poll = select.poll()
        poll.register(_STDOUT, 0)
        if not any(event & select.POLLERR for _, event in poll.poll(0)):
            raise  # a pipe to something else
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STDOUT)  # for what is still to be written at the exit
        sys.exit(128 + signal.SIGPIPE)


def error_line(error: Exception) -> str:
    """Describe an error in one line.

    ``ValueError`` and ``OSError`` are mistakes of the user, and their text is complete. For other errors, the line also
    names the kind and the place.
    """
    text = str(error)
    if 'Original Traceback' in text:
        # A data loader's worker failed. Torch puts its whole traceback into the message; the error is the last line.
        text = text.strip().splitlines()[-1].partition(': ')[2]
    text = ' '.join(text.split()) or type(error).__name__
    if isinstance(error, ValueError | OSError):
        return text
    frames = traceback.extract_tb(error.__traceback__)
    place = f' in {frames[-1].filename}:{frames[-1].lineno}' if frames else ''
    return f'{type(error).__name__}{place}: {text} ({_DEBUG} shows the traceback)'
