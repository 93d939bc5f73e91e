#!/usr/bin/env python
"""Evaluate a checkpoint on a config's test set."""

from __future__ import annotations

import argparse
import json
import os

from agmax_mm.cli import make_parser, run

_EXAMPLE = """example:
  python tools/test.py configs/agmax/wrn40-2_cutmix_aa_200e_cifar10.py \\
      work_dirs/wrn40-2_cutmix_aa_200e_cifar10/epoch_200.pth --out scores.json
"""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__, _EXAMPLE)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--work-dir', help="folder of the logs (default: work_dirs/<config's name>)")
    parser.add_argument('--out', metavar='FILE.json', help='write the metrics to this file')
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument('--cfg-options', nargs='+', metavar='KEY=VALUE', default=[], help='config keys to set')
    args = parser.parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


def main() -> None:
    """Evaluate the checkpoint, and print the metrics as one line of JSON."""
    args = parse_args()
    from agmax_mm.host import quick_imports

    with quick_imports():
        from agmax_mm.engine.launch import evaluate
        from agmax_mm.engine.options import parse_options

    metrics = evaluate(
        args.config,
        args.checkpoint,
        work_dir=args.work_dir,
        out=args.out,
        launcher=args.launcher,
        options=parse_options(args.cfg_options),
    )
    if int(os.environ.get('RANK', '0')) == 0:
        print(json.dumps(metrics))


if __name__ == '__main__':
    run(main)
