#!/usr/bin/env python
"""Measure a study's finished models under corruptions and attacks, and their calibration: mean and spread by arm."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from agmax_mm.cli import make_parser, run

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # what needs a checkout is no part of the package

_EXAMPLE = """example:
  python tools/study_robustness.py benchmarks/studies/main_cifar10.py --runs work_dirs/main_cifar10 \\
      --data-root data/cifar10 --arms 'cutmix-*' --seeds 0 1 2 --cache work_dirs/corrupted \\
      --out benchmarks/studies/main_cifar10_robustness

It goes on where it was stopped. The suites' own results are robustness.json in the folder of the runs.
"""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__, _EXAMPLE)
    parser.add_argument('study', metavar='STUDY.py', help='the study; its test set has 10,000 images')
    parser.add_argument('--runs', required=True, metavar='DIR', help='folder of its runs')
    parser.add_argument('--out', required=True, metavar='STEM', help='table, STEM.md and STEM.json')
    parser.add_argument('--data-root', metavar='DIR', help="where the data are (default: the base config's)")
    parser.add_argument('--arms', nargs='+', metavar='NAME', help='names or patterns (default: all)')
    parser.add_argument('--seeds', nargs='+', type=int, metavar='N', help="(default: the study's)")
    parser.add_argument('--every', type=int, default=10, metavar='N', help='take every Nth test image (default: 10)')
    parser.add_argument('--workers', type=int, metavar='N', help='loading processes (default: one for each core)')
    parser.add_argument('--cache', metavar='DIR', help='keep corrupted images here, to make them once')
    return parser.parse_args()


def main() -> None:
    """Measure, and write the table."""
    args = parse_args()
    from agmax_mm.commands.arguments import check_least
    from agmax_mm.experiments.study import read_study
    from agmax_mm.fileio import write_json
    from agmax_mm.machine import device_name, library_versions
    from agmax_mm.results.table_files import write_page
    from tools.evidence.robustness import measure, robustness_page

    check_least(args, every=1, workers=0)
    study = read_study(Path(args.study)).part(arms=args.arms, seeds=args.seeds, data_root=args.data_root)
    found = measure(study, Path(args.runs), every=args.every, workers=args.workers, cache=args.cache)
    found['setup'] = {'device': device_name(), **library_versions()}
    out = Path(args.out)
    write_json(found, out.with_name(f'{out.name}.json'))
    (page,) = write_page(robustness_page(found), out.parent, ['markdown'], name=out.name)
    print(f'wrote {page} and {out}.json')


if __name__ == '__main__':
    run(main, 'the same command goes on from here')
