"""One of several processes: its place among them, and the reason of its end, told once."""

from __future__ import annotations

import json
import os
import signal
import sys
import time

# The launcher, Slurm and MPI end the other processes of a run within this time after the first one's end.
_GRACE_S = 3.0
_PLACES = (('RANK', 'WORLD_SIZE'), ('SLURM_PROCID', 'SLURM_NTASKS'), ('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE'))
# What Gloo, NCCL and the store say when another process has gone.
_LOST = ('Connection closed by peer', 'Connection reset by peer', 'Broken pipe', 'gloo', 'NCCL', 'nccl', 'TCPStore')
LOST_LINE = 'the connection to the other processes broke: one of them has ended, or the network failed'


def place() -> tuple[int, int]:
    """This process's rank and the number of processes, as the launcher has told them; ``(0, 1)`` without one."""
    for rank, world in _PLACES:
        if rank in os.environ and world in os.environ:
            return int(os.environ[rank]), int(os.environ[world])
    return 0, 1


def restarts() -> int:
    """How often torchrun has started the processes of this run again."""
    return int(os.environ.get('TORCHELASTIC_RESTART_COUNT', '0'))


def has_lost_another(error: BaseException) -> bool:
    """Whether an error is only the end of another process, as seen from this one."""
    if place()[1] < 2 or not isinstance(error, RuntimeError):
        return False
    return type(error).__name__.startswith('Dist') or any(words in str(error) for words in _LOST)


def tell(line: str, *, lost: bool = False, at_once: bool = False) -> None:
    """Print why this process ends, as ``error: <line>`` on stderr, unless another one of the run does.

    What is wrong for all processes is told by the first one. The others wait until the launcher ends them, and speak
    if it does not: then the error is theirs alone. torchrun finds the reason in its error file.

    Args:
        line: The reason.
        lost: Whether the reason is the end of another process, which comes first.
        at_once: Whether the processes have agreed that this one speaks.
    """
    rank, world = place()
    if world > 1 and (rank > 0 or lost) and not at_once:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        # Another one's reason comes before the news that it has gone.
        time.sleep(_GRACE_S + lost)
    if lost and 'TORCHELASTIC_ERROR_FILE' in os.environ:
        _write_error_file(line, lost=True)  # for the launcher, which knows whose end came first
        return
    if world > 1:
        line += f' (process {rank} of {world})' if rank > 0 and not at_once else ''
        _write_error_file(line, lost=False)
    print(f'error: {line}', file=sys.stderr, flush=True)


def _write_error_file(line: str, *, lost: bool) -> None:
    path = os.environ.get('TORCHELASTIC_ERROR_FILE')
    if path is None:
        return
    extra = {'py_callstack': '', 'timestamp': str(int(time.time())), 'lost': lost}
    with open(path, 'w', encoding='utf-8') as file:
        json.dump({'message': {'message': line, 'extraInfo': extra}}, file)
