"""Evaluate a checkpoint on a config's test set.

The metrics are printed as one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os

from agmax_mm.commands.arguments import (
    CONFIG_HELP,
    add_config_options,
    add_launcher,
    given_options,
    note_local_rank,
)

EXAMPLE = """example:
  agmax-mm test agmax/wrn40-2_cutmix_aa_200e_cifar10 epoch_200.pth --data data/cifar10 --out scores.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('config', help=CONFIG_HELP)
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--data', metavar='DIR', help="folder or archive of the data (default: the recipe's)")
    parser.add_argument(
        '--work-dir', metavar='DIR', help="folder of the logs (default: work_dirs/<family>/<config's name>)"
    )
    parser.add_argument('--out', metavar='FILE.json', help='write the metrics to this file')
    add_launcher(parser)
    add_config_options(parser)


def main(args: argparse.Namespace) -> None:
    """Evaluate the checkpoint, and print the metrics on the first process."""
    note_local_rank(args)
    from agmax_mm.host_imports import quick_imports
    from agmax_mm.recipe_files import config_path

    path = config_path(args.config)
    with quick_imports():
        from agmax_mm.engine.launch import evaluate
    metrics = evaluate(
        path,
        args.checkpoint,
        work_dir=args.work_dir,
        out=args.out,
        launcher=args.launcher,
        options=given_options(args),
    )
    if int(os.environ.get('RANK', '0')) == 0:
        print(json.dumps(metrics))
