#!/usr/bin/env python
"""Build every recipe of a paper, train each for two steps, and write a table of it.

The recipes are those of the AgMax paper's Tables 1, 2, 7, 8 and 9, or of the CutMix paper's Tables 3 to 8. The images
are real digits that ship inside a Python package. Takes a quarter to half an hour on two CPU cores; it can be stopped
at any time and goes on with --resume.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from fnmatch import fnmatchcase
from pathlib import Path

from agmax_mm.cli import make_parser, run

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # what needs a checkout is no part of the package

_EXAMPLE = """example:
  python tools/check_recipes.py agmax --out docs/recipes.md
  python tools/check_recipes.py cutmix --out docs/recipes_cutmix.md
  python tools/check_recipes.py agmax --out /tmp/some.md --only 'agmax/wrn40-2_*_cifar10.py'
"""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__, _EXAMPLE)
    parser.add_argument('paper', choices=('agmax', 'cutmix'), help='whose recipes')
    parser.add_argument('--out', required=True, metavar='FILE', help='the table, as Markdown')
    parser.add_argument(
        '--json',
        metavar='FILE',
        help='all outcomes, written after each recipe (default: work_dirs/check_recipes_PAPER.json)',
    )
    parser.add_argument('--only', metavar='PATTERN', help='only recipes whose path below the configs matches this')
    parser.add_argument(
        '--resume',
        action='store_true',
        help='leave out what succeeded in an earlier run, which the JSON file tells: a recipe whose config is the same '
        'is not tried again, though the code may have changed',
    )
    parser.add_argument('--configs', default='configs', metavar='DIR', help='folder of the configs (default: configs)')
    return parser.parse_args()


def main() -> int:
    """Check."""
    args = parse_args()
    from agmax_mm.fileio import write_json, write_text
    from agmax_mm.progress import Bars
    from tools.recipes.check import as_json, is_done, read_outcomes, run_trials
    from tools.recipes.families import FAMILIES
    from tools.recipes.small_data import write_small_data

    family = FAMILIES[args.paper]
    configs, state = Path(args.configs), Path(args.json or f'work_dirs/check_recipes_{args.paper}.json')
    trials = [trial for trial in family.plan() if args.only is None or fnmatchcase(trial.path, args.only)]
    if not trials:
        raise ValueError(
            f'--only: expected a pattern such as {args.paper}/resnet50_*, got {args.only!r}, which no recipe matches'
        )
    outcomes = read_outcomes(state) if args.resume else {}
    left = [trial for trial in trials if not is_done(trial, outcomes, configs)]
    with tempfile.TemporaryDirectory() as folder, Bars() as bars:
        data = write_small_data(Path(folder))
        done = len(trials) - len(left)
        bars.start('recipes', len(trials), done)
        for trial, outcome in run_trials(left, data, configs):
            done += 1
            outcomes[trial.name] = outcome
            write_json(as_json(outcomes), state)
            if not outcome.ran:
                bars.say(f'failed: {trial.name}: {outcome.error}')
            bars.update('recipes', done, trial.path)
        bars.finish('recipes')
    write_text(family.page(trials, outcomes), args.out)
    failed = sum(not outcomes[trial.name].ran for trial in trials)
    print(f'wrote {args.out}: {len(trials) - failed} of {len(trials)} trials succeeded')
    return 1 if failed else 0


if __name__ == '__main__':
    run(main)
