"""Split a COCO annotation file into one for training and one for validation."""

from __future__ import annotations

import argparse

EXAMPLE = """example:
  agmax-mm split boxes/annotations/instances_default.json \\
      boxes/annotations/instances_train.json boxes/annotations/instances_val.json

`agmax-mm transfer` finds files of these names beside the images; it takes others with --ann TRAIN VAL. The images stay
where they are. Each is drawn by itself: where some belong together, as those of one film or of one patient, such a
split is too kind, and only you can make a better one.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('annotations', metavar='FILE', help='COCO annotations of instances')
    parser.add_argument('train', metavar='TRAIN', help='file to write for training')
    parser.add_argument('val', metavar='VAL', help='file to write for validation')
    parser.add_argument('--share', type=float, default=0.2, help='share of the images for VAL (default: 0.2)')
    parser.add_argument('--seed', type=int, default=0, help='seed of the draw (default: 0)')
    parser.add_argument(
        '--classes', help='categories to keep, separated by commas; images without them stay (default: all)'
    )
    parser.add_argument('--force', action='store_true', help='replace files that are there')


def main(args: argparse.Namespace) -> None:
    """Write both files, and say what is in them."""
    from agmax_mm.detection.splitting import split_coco
    from agmax_mm.wording import first_names

    parts = split_coco(
        args.annotations,
        args.train,
        args.val,
        share=args.share,
        seed=args.seed,
        classes=None if args.classes is None else [name.strip() for name in args.classes.split(',')],
        force=args.force,
    )
    for part in parts:
        lacking = f'; without an object: {first_names(part.absent)}' if part.absent else ''
        print(f'wrote {part.path}: {part.num_images} images, {part.num_objects} objects{lacking}')
