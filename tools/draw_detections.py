#!/usr/bin/env python
"""Draw the recorded detections of runs in test images, beside the ground truth."""

from __future__ import annotations

import argparse

from agmax_mm.cli import make_parser, run

_EXAMPLE = """example:
  python tools/draw_detections.py work_dirs/baseline work_dirs/agmax --titles baseline AgMax --out detections.png

The pictures are those of the last evaluation, while training or by tools/test.py --work-dir DIR. Nothing is detected
anew. default_hooks.detections.pictures=N and default_hooks.detections.score=S set what an evaluation records.
"""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__, _EXAMPLE)
    parser.add_argument('runs', nargs='+', metavar='WORK_DIR', help="a run's folder, which holds detections.json")
    parser.add_argument('--out', required=True, metavar='FILE.png', help='picture to write')
    parser.add_argument('--titles', nargs='+', help="a title for each run (default: its folder's name)")
    parser.add_argument('--images', type=int, help='number of test images (default: all that were recorded)')
    parser.add_argument('--score', type=float, help='lowest score of the shown detections (default: all recorded ones)')
    return parser.parse_args()


def main() -> None:
    """Draw the picture."""
    args = parse_args()
    if args.titles and len(args.titles) != len(args.runs):
        raise ValueError(f'--titles: expected {len(args.runs)}, one for each run, got {len(args.titles)}')
    from pathlib import Path

    from agmax_mm.results.detections import draw_detections
    from agmax_mm.results.runs import Run

    for source in args.runs:
        if not Path(source).is_dir():
            raise ValueError(f"draw_detections: expected the folder of a detector's run, got {source!r}")
    titles = args.titles or [Path(source).resolve().name for source in args.runs]
    if len(set(titles)) < len(titles):
        raise ValueError(f'--titles: expected different ones, got {", ".join(titles)}')
    # An evaluation alone leaves no other record.
    runs = {title: Run(title, {}, Path(source)) for title, source in zip(titles, args.runs, strict=True)}
    draw_detections(runs, args.out, images=args.images, score=args.score)
    print(f'wrote {args.out}')


if __name__ == '__main__':
    run(main)
