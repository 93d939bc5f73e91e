#!/usr/bin/env python
"""Train variants of a recipe with several seeds each, and write the table of their means and spreads."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from agmax_mm.cli import make_parser, run

_EXAMPLE = """example:
  python tools/compare.py benchmarks/studies/mixing.py --data-root data/cifar10

A study is a Python file:
  '''A title.

  What is compared, in a few sentences.
  '''
  base = '../../configs/baseline/wrn40-2_standard_200e_cifar10.py'
  options = {'train_cfg.max_epochs': 100}  # for all arms; may be left out
  arms = dict(
      baseline={},
      smoothing={'model.head.loss': dict(type='LabelSmoothLoss', label_smooth_val=0.1)},
  )
  seeds = [0, 1, 2]

Runs take turns: the first seed of all arms, then the next. Called again, the command goes on where it was interrupted,
and takes finished runs as they are. With --arms or --seeds it does a part; called without them once all parts are done,
it writes the whole table.
"""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__, _EXAMPLE)
    parser.add_argument('study', metavar='STUDY.py', help='what to compare')
    parser.add_argument('--data-root', metavar='DIR', help="where the data are (default: the base config's)")
    parser.add_argument('--arms', nargs='+', metavar='NAME', help='(default: all of the study)')
    parser.add_argument('--seeds', nargs='+', type=int, metavar='N', help="(default: the study's)")
    parser.add_argument('--work-dir', metavar='DIR', help='folder of the runs (default: work_dirs/<name of the study>)')
    parser.add_argument(
        '--out', metavar='FILE', help='table, FILE.md and FILE.json (default: <work dir>/<name of the study>)'
    )
    return parser.parse_args()


def main() -> None:
    """Train the arms of a study, and write the table of their differences."""
    args = parse_args()
    from agmax_mm.experiments.study import read_study
    from agmax_mm.experiments.study_report import write_study
    from agmax_mm.experiments.study_runs import run_study
    from agmax_mm.machine import usable_cores
    from agmax_mm.results.runs import Run

    study = read_study(Path(args.study)).part(arms=args.arms, seeds=args.seeds, data_root=args.data_root)
    work_dir = Path(args.work_dir or f'work_dirs/{study.name}')
    out = Path(args.out) if args.out else work_dir / study.name
    stem = out.with_suffix('') if out.suffix in ('.md', '.json') else out
    # Paths of the machine stay out of the record.
    command = [
        'python',
        'tools/compare.py',
        args.study if not Path(args.study).is_absolute() else Path(args.study).name,
    ]
    command += ['--data-root', 'DIR'] if args.data_root else []
    command += ['--arms', *args.arms] if args.arms else []
    command += ['--seeds', *map(str, args.seeds)] if args.seeds else []

    def write(runs: list[Run]) -> None:
        import torch

        setup = {'command': shlex.join(command), 'cores': usable_cores(), 'threads': torch.get_num_threads()}
        write_study(study, runs, setup, stem)

    run_study(study, work_dir, write, lambda line: print(line, flush=True))
    print(f'wrote {stem}.md and {stem}.json')


if __name__ == '__main__':
    run(main)
