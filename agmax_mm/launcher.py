"""torchrun, whose report of a failure is one line: why a process ended.

``python -m agmax_mm.launcher`` takes torchrun's options and does what it does, restarts included. Where a process has
said itself why it ended, nothing is added.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from agmax_mm.signals import EXIT_RESUME

if TYPE_CHECKING:
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

# How processes end that the launcher stops, with SIGTERM, after the first one's end.
_FOLLOWING = (-signal.SIGTERM, 128 + signal.SIGTERM, 128 + signal.SIGINT, EXIT_RESUME)


def main() -> int:
    """Start the processes and wait for them; the exit code is that of the one that failed first."""
    from torch.distributed import run
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    # The processes of a restart would read the addresses of those before them from a store that both share.
    os.environ.setdefault('TORCH_DISABLE_SHARE_RDZV_TCP_STORE', '1')
    # A connection that breaks is reported by each process in thirty lines of C++.
    os.environ.setdefault('TORCH_CPP_LOG_LEVEL', 'ERROR')
    # torchrun's own reports, twenty lines and a traceback that holds no line of the program.
    logging.disable(logging.ERROR)
    args = run.parse_args(sys.argv[1:])
    if hasattr(args, 'signals_to_handle') and 'SIGUSR1' not in args.signals_to_handle:
        # Slurm's warning, which would end torchrun and leave its processes behind.
        args.signals_to_handle += ',SIGUSR1'
    try:
        run.run(args)
    except SignalException:
        print('interrupted; --resume goes on', file=sys.stderr)
        return EXIT_RESUME
    except ChildFailedError as error:
        return _report(error)
    except (RuntimeError, ValueError, OSError) as error:
        # The port is taken, the other machines did not come, the options contradict each other.
        print(f'error: launcher: {" ".join(str(error).split())}', file=sys.stderr)
        return 1
    return 0


def _report(error: ChildFailedError) -> int:
    """Say which process ended and how, unless it did; return its exit code, 128 and the signal's number for a kill."""
    told: dict[int, tuple[Any, str]] = {}
    lost: dict[int, tuple[Any, str]] = {}
    for rank, failure in error.failures.items():
        if os.path.isfile(failure.error_file):
            message = failure.error_file_data['message']
            (lost if message['extraInfo'].get('lost') else told)[rank] = (failure, message['message'])
    if told:
        return _code(min(told.items())[1][0].exitcode)
    rank, failure = min(error.failures.items(), key=lambda item: _place(item[1].exitcode, item[0] in lost, item[0]))
    if failure.exitcode == EXIT_RESUME:  # stopped as asked, and said so
        return EXIT_RESUME
    if rank in lost:
        how = lost[rank][1]
    elif failure.exitcode < 0:
        hint = ', which is what the system does where memory runs out' if failure.exitcode == -signal.SIGKILL else ''
        how = f'process {rank} was ended by {failure.signal_name()}{hint}'
    else:
        how = f'process {rank} ended with code {failure.exitcode}'
    print(f'error: {how}; all processes were stopped, and --resume goes on', file=sys.stderr)
    return _code(failure.exitcode)


def _place(code: int, is_lost: bool, rank: int) -> tuple[bool, bool, bool, int]:
    """Order ends by what came first: the launcher ends all others with SIGTERM, of a run that stops in order, too."""
    return code in _FOLLOWING, is_lost, code != EXIT_RESUME, rank


def _code(code: int) -> int:
    return code if code > 0 else 128 - code


if __name__ == '__main__':
    sys.exit(main())
