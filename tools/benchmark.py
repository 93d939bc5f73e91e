#!/usr/bin/env python
"""Measure speed and memory. The figures are ratios between forms that ran side by side."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path

from agmax_mm.cli import make_parser, run

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # what needs a checkout is no part of the package

# In the order of `all`.
_SUITES = ('startup', 'agreement', 'data', 'memory', 'robustness', 'scaling', 'step')

_EXAMPLE = """suites:
  data       the two-view data path against the plain one, on one core
  step       the agreement's own cost, mixed precision, the cheap second view, torch.compile
  agreement  mutual information over numbers of classes and images: time and memory
  scaling    one and two processes; what the agreement sends
  memory     peak of a two-view step, activation checkpointing
  robustness corruptions beside their authors' formulas; attacks in batches; corrupted images on all cores
  startup    commands' help, time to the first step

example:
  python tools/benchmark.py data --images data/imagenet/val --rounds 20
"""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__, _EXAMPLE)
    parser.add_argument('suite', choices=[*_SUITES, 'all'], help='what to measure')
    parser.add_argument(
        '--out', default='benchmarks', metavar='DIR', help='folder of the results (default: benchmarks)'
    )
    parser.add_argument('--json', metavar='FILE', help='write only the values, to this file, and no page')
    parser.add_argument('--rounds', type=int, metavar='N', help="timed rounds (default: the suite's own number)")
    parser.add_argument('--threads', type=int, default=1, metavar='N', help="torch's threads (default: 1)")
    parser.add_argument(
        '--images', metavar='DIR', help='folder of JPEG files (default: the photographs inside scikit-image)'
    )
    args = parser.parse_args()
    if args.json and args.suite == 'all':
        parser.error('--json: expected one suite, got all')
    if args.rounds is not None and args.rounds < 1:
        parser.error(f'--rounds: expected at least 1, got {args.rounds}')
    if args.threads < 1:
        parser.error(f'--threads: expected at least 1, got {args.threads}')
    return args


def main() -> None:
    """Run the suites, and write their pages."""
    args = parse_args()
    os.environ['CUDA_VISIBLE_DEVICES'] = ''  # all suites measure the processor
    from agmax_mm.fileio import write_json
    from benchmarks.suites.suite import Options, run_suite, write_outcome

    options = Options(
        rounds=args.rounds,
        threads=args.threads,
        images=Path(args.images) if args.images else None,
        say=lambda line: print(line, file=sys.stderr, flush=True),
    )
    for name in _SUITES if args.suite == 'all' else (args.suite,):
        options.say(f'{name} ...')
        # Paths of the machine stay out of the record.
        command = ['python', 'tools/benchmark.py', name]
        command += ['--images', 'DIR'] if args.images else []
        command += ['--rounds', str(args.rounds)] if args.rounds else []
        command += ['--threads', str(args.threads)] if args.threads != 1 else []
        outcome, setup = run_suite(name, options, shlex.join(command))
        if args.json:
            write_json({'setup': setup, 'values': dict(outcome.values)}, args.json)
            print(f'wrote {args.json}')
        else:
            write_outcome(outcome, setup, name, Path(args.out))
            print(f'wrote {Path(args.out) / name}.md')


if __name__ == '__main__':
    run(main)
