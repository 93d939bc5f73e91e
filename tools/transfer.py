#!/usr/bin/env python
"""Fine-tune a detector from a pre-trained backbone, evaluate it, and write the result row: all in one command."""

from __future__ import annotations

import argparse
from pathlib import Path

from agmax_mm.cli import make_parser, run

_EXAMPLE = """example:
  python tools/transfer.py --backbone work_dirs/resnet50_cutmix_aa_270e/backbone_best.safetensors \\
      --task voc --data-root data/raccoon --classes raccoon --repeat 3

The data are in Pascal VOC layout (VOC2007/{Annotations,JPEGImages,ImageSets/Main/{trainval,test}.txt}; VOC2012 joins
the training set if it is there) or COCO layout (annotations/instances_{train,val}2017.json, with the year or without).

A backbone that isn't a ResNet-50 needs a detector to match, for example for a ResNet-18
  --cfg-options model.backbone.depth=18 model.neck.in_channels=64,128,256,512
"""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__, _EXAMPLE)
    parser.add_argument('--backbone', required=True, metavar='CHECKPOINT', help='checkpoint or exported backbone')
    parser.add_argument('--task', required=True, choices=['voc', 'coco'], help='Faster R-CNN, or Mask R-CNN')
    parser.add_argument('--config', help="another recipe than the task's, inheriting it")
    parser.add_argument('--data-root', help='(default: data/VOCdevkit or data/coco)')
    classes = parser.add_mutually_exclusive_group()
    classes.add_argument('--classes', help="VOC class names, separated by commas (default: VOC's twenty)")
    classes.add_argument('--classes-file', help='file with one class name a line')
    parser.add_argument(
        '--ann', nargs=2, metavar=('TRAIN', 'VAL'), help='COCO annotation files, relative to the data root'
    )
    parser.add_argument('--seed', type=int, default=0, help='seed of the first run (default: 0)')
    parser.add_argument('--repeat', type=int, default=1, help='number of runs, of consecutive seeds (default: 1)')
    parser.add_argument(
        '--finetune',
        choices=['frozen', 'full'],
        default='frozen',
        help="frozen: the host's way for ImageNet weights, stem, first stage and batch statistics stay; "
        'full: all layers learn, for a backbone trained briefly or on other images (default: frozen)',
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument('--epochs', type=int, help="(default: the recipe's)")
    length.add_argument('--iters', type=int, help='length in steps instead of epochs')
    parser.add_argument('--batch-size', type=int, help='images a step and process; the learning rate follows')
    parser.add_argument('--processes', type=int, default=1, help='processes on this machine, one per GPU (default: 1)')
    parser.add_argument('--work-dir', help='(default: work_dirs/transfer_<task>_<folder and name of the checkpoint>)')
    parser.add_argument('--resume', action='store_true', help='go on from what the work dir holds')
    parser.add_argument('--cfg-options', nargs='+', metavar='KEY=VALUE', default=[], help='config keys to set')
    return parser.parse_args()


def main() -> None:
    """Transfer."""
    args = parse_args()
    if args.repeat < 1 or args.processes < 1 or (args.batch_size or 1) < 1:
        raise ValueError('--repeat, --processes and --batch-size: expected at least 1')
    from agmax_mm.engine.options import parse_options
    from agmax_mm.transfer.finetune import Transfer, result_row, transfer
    from agmax_mm.transfer.recipe import Length

    names = Path(args.classes_file).read_text(encoding='utf-8').split('\n') if args.classes_file else None
    if args.classes:
        names = args.classes.split(',')
    checkpoint = Path(args.backbone)
    job = Transfer(
        backbone=args.backbone,
        task=args.task,
        work_dir=Path(args.work_dir or f'work_dirs/transfer_{args.task}_{checkpoint.parent.name}_{checkpoint.stem}'),
        root=Path(__file__).resolve().parents[1],
        config=args.config,
        data_root=args.data_root,
        classes=[name.strip() for name in names if name.strip()] if names else None,
        annotations=args.ann,
        seeds=range(args.seed, args.seed + args.repeat),
        finetune=args.finetune,
        length=Length(args.epochs, args.iters),
        batch_size=args.batch_size,
        processes=args.processes,
        options=parse_options(args.cfg_options),
        resume=args.resume,
    )
    result = transfer(job)
    print(result_row(result))
    print(f'written: {job.work_dir / "transfer.json"}')


if __name__ == '__main__':
    run(main)
