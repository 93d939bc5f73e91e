"""Convert a checkpoint of others to this package's names, or back to the authors'."""

from __future__ import annotations

import argparse

EXAMPLE = """Known are the AgMax authors' wide ResNets, ResNets, RegNets and EfficientNets (--to authors), with or
without the pair head (qnet), and the CutMix authors' PyramidNets and ResNets (--to cutmix_authors), for CIFAR those of
bottleneck blocks. From torchvision and timm come ResNets, ResNeXts, RegNets, EfficientNets (timm's) and VGGs.
The result has no optimiser state: it can be tested and started from (load_from), not resumed.
agmax-mm export takes their files, too, for detectors.

example:
  agmax-mm convert imagenet-agmax-mi-ResNet50-cutmix-auto_augment-79.12-mlp-2048.pth resnet50.pth
  agmax-mm test configs/agmax/resnet50_cutmix_aa_270e.py resnet50.pth
  agmax-mm convert epoch_300.pth model_best.pth --to cutmix_authors
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('checkpoint', help='file to read')
    parser.add_argument('out', help='file to write, .pth')
    parser.add_argument(
        '--to', choices=['agmax_mm', 'authors', 'cutmix_authors'], default='agmax_mm', help='(default: agmax_mm)'
    )
    parser.add_argument(
        '--layout',
        choices=['auto', 'two-views', 'baseline'],
        default='auto',
        help="of the AgMax authors' file; their MSE, KL and CE need two-views, though there is no pair head "
        '(default: two-views if there is a pair head, else baseline)',
    )


def main(args: argparse.Namespace) -> None:
    """Convert the checkpoint, and write the file."""
    from agmax_mm.checkpoints.convert import convert_file

    print(f'wrote {args.out}: {convert_file(args.checkpoint, args.out, args.to, args.layout)}')
