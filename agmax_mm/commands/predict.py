"""Say what a trained model sees in pictures: classes, boxes, masks, a caption.

The checkpoint is enough: its config travels with it, and is read as data.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

EXAMPLE = """example:
  agmax-mm predict work_dirs/agmax/resnet50_cutmix_aa_270e/epoch_270.pth photos cat.jpg --out predictions.json
  agmax-mm predict detector.pth photos --out predictions.csv --show drawn --min-score 0.5
  agmax-mm predict captioner.pth photos --beam 5
  agmax-mm predict work_dirs/speech/lenet5_cutmix_30e_agmax/epoch_30.pth yes.wav recordings --top 3
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('checkpoint', help='checkpoint of a training run')
    parser.add_argument(
        'inputs',
        nargs='+',
        metavar='INPUT',
        help='pictures, folders and archives of them; for a model of speech, recordings',
    )
    parser.add_argument('--out', metavar='FILE', help='write the predictions to this file, .json or .csv')
    parser.add_argument('--show', metavar='DIR', help='draw each picture with its prediction into this folder')
    parser.add_argument('--config', metavar='CONFIG', help='config in place of the one in the checkpoint')
    parser.add_argument('--top', type=int, default=5, metavar='N', help='classes of each picture (default: 5)')
    parser.add_argument('--min-score', type=float, default=0.3, help='least score of a detection (default: 0.3)')
    parser.add_argument(
        '--beam', type=int, metavar='N', help='beams of the search for a caption (default: as in its evaluation)'
    )
    parser.add_argument('--batch-size', type=int, default=32, metavar='N', help='pictures at a time (default: 32)')
    parser.add_argument('--device', help='cpu, cuda, cuda:1, ... (default: a GPU, if there is one)')


def main(args: argparse.Namespace) -> None:
    """Predict, and write, draw or print the predictions."""
    if args.out and Path(args.out).suffix not in ('.json', '.csv'):
        raise ValueError(f'--out: expected a file that ends in .json or .csv, got {args.out!r}')
    from agmax_mm.host_imports import quick_imports
    from agmax_mm.progress import Bars

    with quick_imports():
        from agmax_mm.prediction.output import draw, one_line, write_predictions
        from agmax_mm.prediction.predictor import Predictor

    predictor = Predictor(
        args.checkpoint,
        config=args.config,
        device=args.device,
        batch_size=args.batch_size,
        top=args.top,
        min_score=args.min_score,
        beam=args.beam,
    )
    with Bars() as bars:
        bars.start('predict')
        predictions = predictor(args.inputs, lambda done, total: bars.update('predict', done, total=total))
        bars.finish('predict')
    if args.out:
        write_predictions(predictions, args.out)
        print(f'wrote {args.out}: {len(predictions)} predictions', file=sys.stderr)
    if args.show:
        drawn = draw(predictions, predictor.classes, Path(args.show), predictor.picture)
        print(f'wrote {drawn} pictures into {args.show}', file=sys.stderr)
    if not args.out and not args.show:
        _print(predictions, one_line)


def _print(predictions: list[dict[str, Any]], one_line: Any) -> None:
    for prediction in predictions:
        print(one_line(prediction))
