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
    parser.add_argument(
        '--out', metavar='FILE.json', help='write the outcomes here, and a page beside it; go on with what is there'
    )
    args = parser.parse_args()
    from tools.kills.page import read_outcomes, summary, write_page
    from tools.kills.subjects import SUBJECTS, write_data
    from tools.kills.trials import Trials

    names = args.subjects or list(SUBJECTS)
    out = Path(args.out) if args.out else None
    outcomes: list[dict[str, Any]] = read_outcomes(out) if out else []
    done = {(outcome['subject'], outcome['what']) for outcome in outcomes}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_data(root)
        for name in names:
            trials = Trials(SUBJECTS[name], root, name)
            for trial in trials.all(args.places // len(names)):
                if (name, trial.what) in done:
                    continue
                outcomes.append(trials.run(trial))
                found = outcomes[-1]['differences']
                print('\n       '.join([f'{"OTHER" if found else "same "} {name}, {trial.what}', *found]), flush=True)
                if out:
                    write_page(outcomes, out)
    print(summary(outcomes))


if __name__ == '__main__':
    run(main)
