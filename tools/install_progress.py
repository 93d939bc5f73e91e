"""Run pip, keep its full output in a log, and show its progress in one line."""

from __future__ import annotations

import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

# A line at least this often where lines cannot be overwritten, so that nobody takes a long step for a hung one.
HEARTBEAT_S = 30
# How long an interrupted pip may take to put back what it was replacing.
ROLLBACK_S = 20

COMPILED = re.compile(r'^\s*\[(\d+)/(\d+)\] ')
DOWNLOADED = re.compile(r'^Progress (\d+) of (\d+)')
NAMED = re.compile(r'^\s*(Collecting|Downloading|Installing collected packages|Building wheel for)[: ]+([^\s,]+)')

# What pip and compilers print, and what it means to the person who waits.
NO_NETWORK = (
    'Temporary failure in name resolution|Name or service not known|Network is unreachable|NewConnectionError|'
    'ConnectTimeout|Max retries exceeded|ProxyError|Read timed out|Connection refused'
)
CAUSES = (
    (r'No space left on device', 'the disk is full'),
    (r'Python\.h: No such file', "Python's header files are missing (Debian, Ubuntu: apt-get install python3.11-dev)"),
    (r'Killed signal terminated program|out of memory', 'the compiler ran out of memory: try again with MAX_JOBS=1'),
    (NO_NETWORK, 'no network: pip cannot reach the package index'),
    (
        r'The user requested \(constraint\)',
        "pip's settings on this machine exclude a pinned version (see pip config list)",
    ),
)


def explain(output: str) -> str:
    """Return the reason of a failure in one line: a known cause, or the last line with "error", or the last line."""
    for pattern, cause in CAUSES:
        if re.search(pattern, output):
            return cause
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r'\berror\b|ensurepip', line, re.IGNORECASE)]
    return (errors or lines or ['it ended without a word'])[-1][:300]


def describe(line: str) -> str | None:
    """Return the progress that a line of pip's output tells, or None."""
    if found := COMPILED.match(line):
        return f'file {found[1]} of {found[2]}'
    if found := DOWNLOADED.match(line):
        return f'{int(found[1]) / 1e6:.0f} of {int(found[2]) / 1e6:.0f} MB'
    if found := NAMED.match(line):
        return f'{found[1].split()[0].lower()} {found[2].rstrip("/").rsplit("/", 1)[-1]}'
    return None


def elapsed(seconds: float) -> str:
    """Return a duration for reading: ``elapsed(75) == '1:15'``."""
    return f'{int(seconds) // 60}:{int(seconds) % 60:02d}'


class Progress:
    """One step of the installation on the terminal: one line that changes, or plain lines without a terminal."""

    def __init__(self, title: str, log: Path) -> None:
        self.title = title
        self.log = log
        self.status = ''
        self.started = time.monotonic()
        self.printed = -float('inf')
        self.live = sys.stdout.isatty()

    def follow(self, command: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
        """Run a command to its end; return its exit code and its output."""
        lines: queue.Queue[str | None] = queue.Queue()
        kept: list[str] = []
        self.show()
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace'
        )
        threading.Thread(target=self._read, args=(process, lines), daemon=True).start()
        with open(self.log, 'a', encoding='utf-8') as log:
            print(f'\n$ {" ".join(command)}', file=log, flush=True)
            try:
                while (line := self._next(lines)) is not None:
                    if not DOWNLOADED.match(line):
                        kept.append(line)
                        log.write(line)
                        log.flush()
                    self.note(line)
            except KeyboardInterrupt:
                # The terminal has interrupted pip too, which now puts back what it was replacing.
                try:
                    process.wait(timeout=ROLLBACK_S)
                except subprocess.TimeoutExpired:
                    process.terminate()
                raise
        code = process.wait()
        self.finish(code)
        return code, ''.join(kept)

    @staticmethod
    def _read(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    def _next(self, lines: queue.Queue[str | None]) -> str | None:
        """Return the next line of output, or None at its end; update the shown time while waiting."""
        while True:
            try:
                return lines.get(timeout=1)
            except queue.Empty:
                self.show()

    def note(self, line: str) -> None:
        """Read one line of output, and show its progress."""
        status = describe(line)
        if status is None:
            return
        self.status = status
        self.show(important=bool(COMPILED.match(line)) or status.startswith('building'))

    def show(self, important: bool = False) -> None:
        """Print the state of the step. If lines cannot be overwritten, print only now and then, or important ones."""
        now = time.monotonic()
        text = f'{self.title}: {elapsed(now - self.started)}  {self.status}'
        if self.live:
            width = shutil.get_terminal_size().columns - 1
            print(f'\r{text[:width]:<{width}}', end='', flush=True)
        elif important or now - self.printed >= HEARTBEAT_S:
            print(text.rstrip(), flush=True)
        else:
            return
        self.printed = now

    def finish(self, code: int) -> None:
        """Print the result of the step."""
        self.status = 'done' if code == 0 else 'failed'
        self.show(important=True)
        if self.live:
            print(flush=True)
