#!/usr/bin/env python
"""Build every recipe of a paper, train each for two steps, and write the outcomes.

The images are real digits that ship inside a Python package. Takes a quarter to half an hour on two CPU cores; it can
be stopped at any time and goes on with --resume. Then `python tools/make_recipes.py` renews the pages about recipes.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from fnmatch import fnmatchcase
from pathlib import Path

from agmax_mm.cli import make_parser, run

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # what needs a checkout is no part of the package

_EXAMPLE = """example:
  python tools/check_recipes.py agmax && python tools/make_recipes.py
  python tools/check_recipes.py agmax --out /tmp/some.json --only 'agmax/wrn40-2_*_cifar10.py'
"""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__, _EXAMPLE)
    parser.add_argument('paper', choices=('agmax', 'cutmix'), help='whose recipes')
    parser.add_argument(
        '--out', metavar='FILE', help='the outcomes, written after each recipe (default: docs/trials/PAPER.json)'
    )
    parser.add_argument('--only', metavar='PATTERN', help='only recipes whose path below the configs matches this')
    parser.add_argument(
        '--resume',
        action='store_true',
        help='leave out what succeeded in an earlier run with the same machine and versions, which the outcomes '
        'tell: a recipe whose config is the same is not tried again, though the code may have changed',
    )
    parser.add_argument('--configs', default=str(ROOT / 'configs'), metavar='DIR', help='folder of the configs')
    return parser.parse_args()


def main() -> int:
    """Try the recipes; returns the exit code."""
    args = parse_args()
    from agmax_mm.experiments.executors import InProcess
    from agmax_mm.experiments.stages import Pipeline, StageError
    from tools.recipes.files import trials_file
    from tools.recipes.small_data import write_small_data
    from tools.recipes.trials import environment, plan, read_outcomes, trial_stages, write_outcomes

    if args.only and not args.out:
        raise ValueError(
            '--only: expected --out FILE beside it, for the outcomes of all recipes are kept where it is not'
        )
    configs, out = Path(args.configs), Path(args.out) if args.out else trials_file(args.paper, ROOT)
    trials = [trial for trial in plan(args.paper) if args.only is None or fnmatchcase(trial.path, args.only)]
    if not trials:
        raise ValueError(
            f'--only: expected a pattern such as {args.paper}/resnet50_*, got {args.only!r}, which no recipe matches'
        )
    here = environment()
    earlier, outcomes = read_outcomes(out) if args.resume else ({}, {})
    if {**earlier, 'date': ''} != {**here, 'date': ''}:
        outcomes = {}
    logs = out.parent / 'logs' if args.out else ROOT / 'work_dirs' / 'trials' / 'logs'
    with tempfile.TemporaryDirectory(prefix='trial-') as folder:
        data = write_small_data(Path(folder, 'data'))
        stages = trial_stages(trials, data, configs, outcomes, out, Path(folder))
        write_outcomes(here, outcomes, out)
        # The trials are short: they share one process. Each failure is told when it happens, and is an outcome.
        with contextlib.suppress(StageError):
            Pipeline(stages, logs, executor=InProcess(), keep_going=True, keep_folders=True).run()
    _, outcomes = read_outcomes(out)
    failed = sum(not outcomes[trial.name].ran for trial in trials)
    print(f'wrote {out}: {len(trials) - failed} of {len(trials)} trials succeeded')
    return 1 if failed else 0


if __name__ == '__main__':
    run(main)
