#!/usr/bin/env python
"""Draw what detectors find in test images, beside the truth."""

from __future__ import annotations

import argparse

from agmax_mm.cli import make_parser, run

_EXAMPLE = """example:
  python tools/draw_detections.py configs/detection/faster-rcnn_r50_fpn_1x_voc0712.py \\
      work_dirs/baseline work_dirs/agmax --titles baseline AgMax --out detections.png
"""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__, _EXAMPLE)
    parser.add_argument('config', help='config file, the same for all checkpoints')
    parser.add_argument(
        'checkpoints', nargs='+', metavar='CHECKPOINT', help="checkpoint file, or a run's folder for its newest one"
    )
    parser.add_argument('--out', required=True, metavar='FILE.png', help='picture to write')
    parser.add_argument('--titles', nargs='+', help='a title for each checkpoint (default: its file name)')
    parser.add_argument('--images', type=int, default=6, help='number of test images (default: 6)')
    parser.add_argument('--score', type=float, default=0.4, help='least score of a detection shown (default: 0.4)')
    parser.add_argument('--cfg-options', nargs='+', metavar='KEY=VALUE', default=[], help='config keys to set')
    return parser.parse_args()


def main() -> None:
    """Draw."""
    args = parse_args()
    titles = args.titles or args.checkpoints
    if len(titles) != len(args.checkpoints):
        raise ValueError(f'--titles: expected {len(args.checkpoints)}, one per checkpoint, got {len(titles)}')
    if args.images < 1:
        raise ValueError(f'--images: expected at least 1, got {args.images}')
    from agmax_mm.checkpoints.files import find_checkpoint
    from agmax_mm.detection.pictures import detect, open_test_images
    from agmax_mm.engine.config import load_config
    from agmax_mm.engine.options import parse_options
    from agmax_mm.results.plots import detection_grid

    config = load_config(args.config, parse_options(args.cfg_options))
    samples, truth, classes = open_test_images(config, args.images)
    found = [detect(config, find_checkpoint(path), samples, args.score) for path in args.checkpoints]
    rows = list(zip(truth, *found, strict=True))
    detection_grid(rows, args.out, column_titles=['truth', *titles], class_names=classes)
    print(f'wrote {args.out}')


if __name__ == '__main__':
    run(main)
