#!/usr/bin/env python
"""Train any config of this project: pre-training or detection."""

from __future__ import annotations

import argparse
import os

from agmax_mm.cli import make_parser, run

_EXAMPLE = """example:
  python tools/train.py configs/agmax/wrn40-2_cutmix_aa_200e_cifar10.py --seed 0 \\
      --cfg-options train_dataloader.dataset.data_root=data/cifar10 val_dataloader.dataset.data_root=data/cifar10
"""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__, _EXAMPLE)
    parser.add_argument('config', help='config file')
    parser.add_argument('--work-dir', help="folder of the outputs (default: work_dirs/<config's name>)")
    parser.add_argument(
        '--resume',
        nargs='?',
        const=True,
        default=False,
        metavar='PATH',
        help='go on from this checkpoint; without PATH, from the newest one of the work dir, if it has one',
    )
    parser.add_argument('--amp', action='store_true', help='use mixed precision and channels last if that is faster')
    parser.add_argument(
        '--seed', type=int, help='seed of all random generators (default: a random one, which is recorded)'
    )
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        metavar='KEY=VALUE',
        default=[],
        help='config keys to set, such as optim_wrapper.optimizer.lr=0.05',
    )
    args = parser.parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


def main() -> None:
    """Train the config."""
    args = parse_args()
    from agmax_mm.host import quick_imports

    with quick_imports():
        from agmax_mm.engine.launch import train
        from agmax_mm.engine.options import parse_options

    train(
        args.config,
        work_dir=args.work_dir,
        resume=args.resume,
        amp=args.amp,
        seed=args.seed,
        launcher=args.launcher,
        options=parse_options(args.cfg_options),
    )


if __name__ == '__main__':
    run(main)
