"""Train any config: a classifier, a detector, or another task's.

The work directory holds what the run leaves: its log, result.json, the checkpoints and the exported backbone.

Ctrl-C, SIGTERM, SIGHUP and SIGUSR1 (Slurm's warning) stop it in order: it ends its step, saves, and exits with code 75,
which means that the same command with --resume goes on from there, also within an epoch. A second Ctrl-C stops at once.
"""

from __future__ import annotations

import argparse

from agmax_mm.commands.arguments import (
    CONFIG_HELP,
    add_config_options,
    add_data_words,
    add_launcher,
    given_options,
    note_local_rank,
)

EXAMPLE = """example:
  agmax-mm train agmax/wrn40-2_cutmix_aa_200e_cifar10 --data data/cifar10 --seed 0

Own photographs, in photos/train/CLASS/ and photos/val/CLASS/:
  agmax-mm train agmax/resnet50_cutmix_90e --data photos --image-size 64 --epochs 20 --batch-size 32

Eight processes of one machine:
  torchrun --nproc-per-node 8 -m agmax_mm train agmax/resnet50_cutmix_aa_270e --launcher pytorch
"""
# After an interruption, see agmax_mm.cli.run.
GOES_ON = '--resume goes on from here'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('config', help=CONFIG_HELP)
    parser.add_argument(
        '--work-dir', metavar='DIR', help="folder of the outputs (default: work_dirs/<family>/<config's name>)"
    )
    parser.add_argument(
        '--resume',
        nargs='?',
        const=True,
        default=False,
        metavar='PATH',
        help='go on from this checkpoint; without PATH from the newest one of the work dir, if there is one',
    )
    parser.add_argument(
        '--force',
        action='store_true',
        help='take the work dir although it holds another or a finished run; unless it is resumed, that is removed',
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision and channels last, where that is faster')
    parser.add_argument('--seed', type=int, help='seed of all random generators (default: a random one, recorded)')
    add_data_words(parser)
    add_launcher(parser)
    add_config_options(parser)


def main(args: argparse.Namespace) -> None:
    """Train a config from the first step, or from a checkpoint, to the end."""
    note_local_rank(args)
    from agmax_mm.host_imports import quick_imports
    from agmax_mm.recipe_files import config_path

    path = config_path(args.config)
    with quick_imports():
        from agmax_mm.engine.launch import train
    train(
        path,
        work_dir=args.work_dir,
        resume=args.resume,
        amp=args.amp,
        seed=args.seed,
        launcher=args.launcher,
        options=given_options(args),
        force=args.force,
    )
