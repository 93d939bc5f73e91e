"""Write the configs of a baseline and of AgMax for a folder of your own images.

The folder has train/CLASS/ and val/CLASS/, or class folders alone; then one of five images validates. Classes are
counted, and the size of the input, the batch and the length are chosen for the data. The files are a few lines each, on
top of a recipe: change them as you like.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from agmax_mm.commands.arguments import add_data_words, check_least

EXAMPLE = """example:
  agmax-mm init --data photos
  agmax-mm train photos_agmax/agmax.py --seed 0
  agmax-mm compare photos_agmax/study.py

A smaller network, and a shorter run:
  agmax-mm init --data photos --recipe regnety-400mf_cutmix_aa_100e --image-size 128 --epochs 30
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    add_data_words(parser, own=True)
    parser.add_argument(
        '--recipe',
        default='resnet50_cutmix_90e',
        metavar='NAME',
        help='recipe of ImageNet to begin with, without its family (default: resnet50_cutmix_90e)',
    )
    parser.add_argument('--out', metavar='DIR', help="folder of the configs (default: <data's name>_agmax)")
    parser.add_argument('--seed', type=int, default=0, help='of the draw of validation images (default: 0)')
    parser.add_argument('--force', action='store_true', help='replace configs that are there')


def main(args: argparse.Namespace) -> None:
    """Look at the folder, write the files, and say what was chosen."""
    check_least(args, image_size=1, epochs=1, batch_size=1)
    from agmax_mm.host_imports import quick_imports

    with quick_imports():
        from agmax_mm.engine.own_data import find_own_data, fit_recipe, write_configs

    data = find_own_data(args.data, args.seed)
    fit = fit_recipe(data, args.recipe, image_size=args.image_size, epochs=args.epochs, batch_size=args.batch_size)
    folder = Path(args.out or f'{data.name}_agmax')
    files = write_configs(data, fit, folder, force=args.force)
    views = len(data.train) * fit.epochs * 2 / 1e6
    print(
        f'{data.name}: {len(data.classes)} classes, {len(data.train):,} images to train and {len(data.val):,} to '
        f'validate, {data.short_side} pixels on the shorter side\n'
        f'{fit.recipe}: input of {fit.image_size} pixels, {fit.epochs} epochs, {fit.batch_size} images a step; '
        f'AgMax passes {views:.2g} million images through the network\n'
        f'wrote {", ".join(map(str, files))}\n'
        f'next: agmax-mm train {folder / "agmax.py"}'
    )
