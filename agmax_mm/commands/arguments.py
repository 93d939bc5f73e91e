"""Arguments that several subcommands have, and what they mean."""

from __future__ import annotations

import argparse
import os
from typing import Any

CONFIG_HELP = (
    'config file, or the name of a recipe such as agmax/resnet50_cutmix_aa_270e (`agmax-mm recipes` lists them)'
)


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--cfg-options``."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        metavar='KEY=VALUE',
        default=[],
        help='config keys to set, such as optim_wrapper.optimizer.lr=0.05',
    )


def add_launcher(parser: argparse.ArgumentParser) -> None:
    """Add ``--launcher`` and the rank that torch's older launcher passes."""
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='what started the processes (default: none, one process)',
    )
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)


def add_data_words(parser: argparse.ArgumentParser, *, own: bool = False) -> None:
    """Add the words that fit a recipe to a user's own data; ``own`` where the recipe's data will not do."""
    words = parser.add_argument_group('own data')
    default = '' if own else " (default: the recipe's)"
    words.add_argument('--data', metavar='DIR', required=own, help=f'folder or archive of the data{default}')
    words.add_argument('--image-size', type=int, metavar='PIXELS', help='side of the images; crops and holes follow')
    words.add_argument('--epochs', type=int, metavar='N', help='length of the training; the schedule follows')
    words.add_argument(
        '--batch-size',
        type=int,
        metavar='N',
        help="images of a step, over all processes; in this package's recipes the learning rate follows",
    )


def add_measurement(parser: argparse.ArgumentParser) -> None:
    """Add what the commands that measure checkpoints of a config on its test set have in common."""
    parser.add_argument('config', help=f'{CONFIG_HELP}; its test set is used')
    parser.add_argument('checkpoints', nargs='+', metavar='CHECKPOINT', help='checkpoints of its model')
    parser.add_argument('--batch-size', type=int, metavar='N', help="images of a batch (default: the config's)")
    parser.add_argument('--workers', type=int, metavar='N', help='loading processes (default: one for each core)')
    parser.add_argument('--data', metavar='DIR', help="folder or archive of the data (default: the recipe's)")
    parser.add_argument(
        '--work-dir', metavar='DIR', help="folder of the logs (default: work_dirs/<family>/<config's name>)"
    )
    add_launcher(parser)
    add_config_options(parser)


def measurement_options(args: argparse.Namespace) -> dict[str, Any]:
    """The arguments of :func:`add_measurement`, as those of ``agmax_mm.robustness.suite.open_measurement``.

    Raises:
        ValueError: If an option cannot be read.
    """
    from agmax_mm.engine.options import parse_options

    return {
        'batch_size': args.batch_size,
        'workers': args.workers,
        'work_dir': args.work_dir,
        'launcher': args.launcher,
        'config_options': {**({'data_root': args.data} if args.data else {}), **parse_options(args.cfg_options)},
    }


def check_least(args: argparse.Namespace, **least: int) -> None:
    """Refuse numbers that are too small.

    Args:
        args: The arguments.
        least: The least value by the argument's name; None, an argument that is not given, is taken.

    Raises:
        ValueError: If one is below.
    """
    for name, bound in least.items():
        value = getattr(args, name)
        if value is not None and value < bound:
            raise ValueError(f'--{name.replace("_", "-")}: expected at least {bound}, got {value}')


def note_local_rank(args: argparse.Namespace) -> None:
    """Let torch know the rank that was passed as an argument."""
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))


def given_options(args: argparse.Namespace) -> dict[str, Any]:
    """The options of ``--cfg-options`` and the words for own data, as one mapping; the former win.

    Raises:
        ValueError: If an option cannot be read.
    """
    from agmax_mm.engine.options import parse_options

    words = {'data_root': 'data', 'image_size': 'image_size', 'epochs': 'epochs', 'total_batch_size': 'batch_size'}
    given = {key: getattr(args, name, None) for key, name in words.items()}
    options = parse_options(args.cfg_options)
    for key, value in given.items():
        if value is not None:
            options.setdefault(key, value)
    return options
