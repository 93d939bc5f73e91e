#!/usr/bin/env python
"""Stop small runs at many places, resume them, and count how many end as if they had not been stopped."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from agmax_mm.cli import make_parser, run

_EXAMPLE = """example:
  python tools/kill_runs.py --places 48 --out benchmarks/kills.json
"""


def main() -> None:
    """Try the places, print the counts, and write them."""
    parser = make_parser(__doc__, _EXAMPLE)
    parser.add_argument('--places', type=int, default=48, metavar='N', help='kills over all subjects (default: 48)')
    parser.add_argument('--subjects', nargs='+', metavar='NAME', help='(default: all)')
    parser.add_argument('--out', metavar='FILE.json', help='write the outcomes here, and a page beside it')
    args = parser.parse_args()
    from tools.kills.page import summary, write_page
    from tools.kills.subjects import SUBJECTS, write_data
    from tools.kills.trials import Trials

    names = args.subjects or list(SUBJECTS)
    outcomes: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_data(root)
        for name in names:
            trials = Trials(SUBJECTS[name], root, name)
            for outcome in trials.all(args.places // len(names)):
                outcomes.append(outcome)
                print(f'{"same" if not outcome["differences"] else "OTHER"}  {name}, {outcome["what"]}', flush=True)
                for line in outcome['differences']:
                    print(f'       {line}', flush=True)
    print(summary(outcomes))
    if args.out:
        write_page(outcomes, Path(args.out))


if __name__ == '__main__':
    run(main)
