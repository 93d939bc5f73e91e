"""Measure speed and memory. The figures are ratios between forms that ran side by side."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path

from agmax_mm.commands.arguments import check_least

# Those of `all`, in its order.
_SUITES = (
    'startup',
    'agreement',
    'data',
    'archives',
    'memory',
    'robustness',
    'scaling',
    'speech',
    'step',
    'step_parts',
)

EXAMPLE = """suites:
  data       the two-view data path against the plain one, on one core
  archives   images straight from archives against files: opens and images a second, with 10,000 images
  step       the agreement's own cost, mixed precision, the cheap second view, torch.compile
  step_parts what a step of a recipe's training is made of: network, data, and all else
  agreement  mutual information over numbers of classes and images: time and memory
  scaling    one and two processes; what the agreement sends
  speech     two views of recordings against librosa, a step of LeNet5, the time of a whole table
  memory     peak of a two-view step, activation checkpointing
  robustness corruptions beside their authors' formulas; attacks in batches; corrupted images on all cores
  startup    commands' help, time to the first step
  gpu        steps on a GPU against a plain loop of PyTorch, the agreement at scale, workers that keep up; not in all

example:
  agmax-mm benchmark data --images data/imagenet/val --rounds 20
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('suite', choices=[*_SUITES, 'gpu', 'all'], help='what to measure')
    parser.add_argument(
        '--out', default='benchmarks', metavar='DIR', help='folder of the results (default: benchmarks)'
    )
    parser.add_argument('--json', metavar='FILE', help='write only the values, to this file, and no page')
    parser.add_argument('--rounds', type=int, metavar='N', help="timed rounds (default: the suite's own number)")
    parser.add_argument('--threads', type=int, default=1, metavar='N', help="torch's threads (default: 1)")
    parser.add_argument(
        '--images', metavar='DIR', help='folder of JPEG files (default: the photographs inside scikit-image)'
    )

    parser.add_argument('--recordings', metavar='DIR', help='folder of recordings for speech (default: noise)')


def main(args: argparse.Namespace) -> None:
    """Run the suites, and write their pages."""
    if args.json and args.suite == 'all':
        raise ValueError('--json: expected one suite, got all')
    check_least(args, rounds=1, threads=1)
    sys.path.insert(0, str(_checkout()))  # what needs a checkout is no part of the package
    if args.suite != 'gpu':
        os.environ['CUDA_VISIBLE_DEVICES'] = ''  # the other suites measure the processor
    from agmax_mm.fileio import write_json
    from benchmarks.suites.suite import Options, run_suite, write_outcome

    options = Options(
        rounds=args.rounds,
        threads=args.threads,
        images=Path(args.images) if args.images else None,
        recordings=Path(args.recordings) if args.recordings else None,
        say=lambda line: print(line, file=sys.stderr, flush=True),
    )
    for name in _SUITES if args.suite == 'all' else (args.suite,):
        options.say(f'{name} ...')
        # Paths of the machine stay out of the record.
        command = ['python', 'tools/benchmark.py', name]
        command += ['--images', 'DIR'] if args.images else []
        command += ['--recordings', 'DIR'] if args.recordings else []
        command += ['--rounds', str(args.rounds)] if args.rounds else []
        command += ['--threads', str(args.threads)] if args.threads != 1 else []
        outcome, setup = run_suite(name, options, shlex.join(command))
        if args.json:
            write_json({'setup': setup, 'values': dict(outcome.values)}, args.json)
            print(f'wrote {args.json}')
        else:
            write_outcome(outcome, setup, name, Path(args.out))
            print(f'wrote {Path(args.out) / name}.md')


def _checkout() -> Path:
    """The folder of the checkout that this package lies in."""
    root = Path(__file__).parents[2]
    if not (root / 'benchmarks' / 'suites').is_dir():
        raise ValueError('benchmark: expected a checkout, which has benchmarks/suites, got an installed package')
    return root
