"""What every command of ``tools/`` shares: a user's mistake ends in one line, not in a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable


def run(main: Callable[[], int | None]) -> None:
    """Call ``main`` and exit with its code; a ``ValueError`` or a missing file exits with 2 and one line on stderr."""
    try:
        sys.exit(main() or 0)
    except (ValueError, FileNotFoundError, NotADirectoryError) as error:
        message = ' '.join(str(error).split())
        sys.exit(_fail(message))
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        sys.exit(130)


def _fail(message: str) -> int:
    print(f'error: {message}', file=sys.stderr)
    return 2
