"""Fine-tune a detector from pre-trained backbones, evaluate it, and write the result rows."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from agmax_mm.commands.arguments import check_least
from agmax_mm.detection.detectors import DEFAULT_DETECTORS, DETECTORS, FINETUNE

EXAMPLE = """example:
  agmax-mm transfer --backbone work_dirs/agmax/resnet50_cutmix_aa_270e/backbone_best.safetensors \\
      --task voc --data-root data/raccoon --classes raccoon --repeat 3

Compare backbones; the differences are to the first one, and `scratch` stands for no pre-training:
  agmax-mm transfer --backbone baseline/backbone_last.safetensors agmax/backbone_last.safetensors \\
      --task coco --detector ssd300 --data-root data/fruit --repeat 3 --work-dir work_dirs/fruit

Few images, no GPU (a detector of few regions, small images, 200 steps of 4 images):
  agmax-mm transfer --backbone resnet18.pth --task voc --data-root data/raccoon --classes raccoon \\
      --finetune full --image-size 320 --batch-size 4 --iters 200 --cfg-options optim_wrapper.optimizer.lr=0.005 \\
      model.train_cfg.rcnn.sampler.num=64 model.train_cfg.rpn_proposal.max_per_img=100

The data are in Pascal VOC layout (VOC2007/{Annotations,JPEGImages,ImageSets/Main/{trainval,test}.txt}; VOC2012 joins
the training set if it is there) or COCO layout (annotations/instances_{train,val}2017.json, with the year or without,
or as Roboflow and CVAT export it and `digits` writes it; --ann names other files, whose images may lie beside them).

A detector's recipe is fitted to the depth and width of the ResNet in the file. For other networks and for detectors of
your own there is --config, as with detection/faster-rcnn_regnetx-200mf_fpn_1x_voc0712.
"""
# After an interruption, see agmax_mm.cli.run.
GOES_ON = '--resume goes on from here'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument(
        '--backbone',
        nargs='+',
        metavar='CHECKPOINT',
        help='checkpoints or exported backbones, or the word scratch; may be left out with --finetune scratch',
    )
    parser.add_argument('--task', required=True, choices=list(DEFAULT_DETECTORS), help='layout of the data')
    detector = parser.add_mutually_exclusive_group()
    defaults = ', '.join(f'{name} for {task}' for task, name in DEFAULT_DETECTORS.items())
    detector.add_argument('--detector', choices=list(DETECTORS), help=f'(default: {defaults})')
    detector.add_argument('--config', help="a recipe that replaces the detector's, without changes to it")
    parser.add_argument('--data-root', help='(default: data/VOCdevkit or data/coco)')
    classes = parser.add_mutually_exclusive_group()
    classes.add_argument('--classes', help="VOC class names, separated by commas (default: VOC's twenty)")
    classes.add_argument('--classes-file', help='file with one class name a line')
    parser.add_argument(
        '--ann', nargs=2, metavar=('TRAIN', 'VAL'), help='COCO annotation files, relative to the data root'
    )
    parser.add_argument('--seed', type=int, default=0, help='seed of the first run (default: 0)')
    parser.add_argument('--repeat', type=int, default=1, help='number of runs, with consecutive seeds (default: 1)')
    parser.add_argument(
        '--finetune',
        choices=list(FINETUNE),
        help='frozen: stem, first stage and batch statistics stay, which suits ImageNet weights; full: all layers '
        'learn, for a backbone trained briefly or on other images; scratch: full, from random weights (default: as in '
        "the detector's recipe, frozen but for ssd300)",
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument('--epochs', type=int, help="(default: the recipe's)")
    length.add_argument('--iters', type=int, help='length in steps instead of epochs')
    parser.add_argument('--batch-size', type=int, help='images per step and process; the learning rate follows')
    parser.add_argument(
        '--image-size', type=int, metavar='PIXELS', help="longer side of the images (default: the recipe's)"
    )
    parser.add_argument('--processes', type=int, default=1, help='processes on this machine, one per GPU (default: 1)')
    parser.add_argument('--jobs', type=int, default=1, help='runs at a time (default: 1)')
    parser.add_argument('--work-dir', help='(default: work_dirs/transfer_<task>_<detector>_<backbone>)')
    parser.add_argument('--resume', action='store_true', help='go on with the runs in the work dir')
    parser.add_argument('--cfg-options', nargs='+', metavar='KEY=VALUE', default=[], help='config keys to set')


def class_lines(path: str) -> list[str]:
    """Return the lines of a file of class names; raise ``ValueError`` if it cannot be read."""
    try:
        return Path(path).read_text(encoding='utf-8').split('\n')
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f'--classes-file: expected a text file with a class a line, got {path!r}: {error}') from None


def main(args: argparse.Namespace) -> None:
    """Fine-tune and evaluate the backbones, and write the rows."""
    check_least(args, repeat=1, processes=1, jobs=1, batch_size=1)
    checkpoints = args.backbone or (['scratch'] if args.finetune == 'scratch' else [])
    if not checkpoints:
        raise ValueError('--backbone: expected checkpoints, or --finetune scratch, got neither')
    from agmax_mm.host_imports import without_collections

    with without_collections():
        from agmax_mm.detection.recipe import Length
        from agmax_mm.engine.options import parse_options
        from agmax_mm.experiments.comparison import SCRATCH, backbone_names, compare
        from agmax_mm.experiments.executors import Processes, thread_variables
        from agmax_mm.experiments.finetuning import transfer
        from agmax_mm.experiments.finetuning_job import Transfer
        from agmax_mm.locks import locked
        from agmax_mm.machine import usable_cores
        from agmax_mm.recipe_files import config_path
        from agmax_mm.results.summary import result_table

    class_names = class_lines(args.classes_file) if args.classes_file else None
    if args.classes:
        class_names = args.classes.split(',')
    names = backbone_names(checkpoints)
    detector = Path(args.config).stem if args.config else args.detector or DEFAULT_DETECTORS[args.task]
    what = names[0] if len(names) == 1 else 'comparison'
    work_dir = Path(args.work_dir or f'work_dirs/transfer_{args.task}_{detector}_{what}')
    job = Transfer(
        backbone=None,
        task=args.task,
        work_dir=work_dir,
        detector=args.detector,
        config=None if args.config is None else config_path(args.config),
        data_root=args.data_root,
        classes=[name.strip() for name in class_names if name.strip()] if class_names else None,
        annotations=args.ann,
        seeds=range(args.seed, args.seed + args.repeat),
        finetune=args.finetune,
        length=Length(args.epochs, args.iters),
        batch_size=args.batch_size,
        image_size=args.image_size,
        processes=args.processes,
        options=parse_options(args.cfg_options),
        resume=args.resume,
    )
    executor = Processes(args.jobs, thread_variables(usable_cores() // args.jobs) if args.jobs > 1 else None)
    backbones = [None if backbone == SCRATCH else backbone for backbone in checkpoints]
    with locked(work_dir, 'transfer'):
        if len(backbones) == 1:
            results = {names[0]: transfer(replace(job, backbone=backbones[0]), executor=executor)}
            written = work_dir / 'transfer.json'
        else:
            written = work_dir / 'comparison.json'
            jobs = [
                replace(job, backbone=backbone, work_dir=work_dir / name)
                for backbone, name in zip(backbones, names, strict=True)
            ]
            results = compare(jobs, written, executor=executor)
    print(result_table(results))
    print(f'written: {written}')
