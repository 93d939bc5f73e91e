"""Write small data sets of real handwritten digits: an image folder, and scenes in Pascal VOC and COCO layout."""

from __future__ import annotations

import argparse
from pathlib import Path

EXAMPLE = """example:
  agmax-mm digits data/digits --seed 0
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('out', help='directory to write; one with digits of another seed is replaced')
    parser.add_argument('--seed', type=int, default=0, help='seed of the splits and the pictures (default: 0)')
    parser.add_argument('--progress', metavar='DIR', help='write the progress to a file in this directory')


def main(args: argparse.Namespace) -> None:
    """Write the data, unless they are already there."""
    from agmax_mm.demo.digits import DigitDataSpec, build_digit_data
    from agmax_mm.progress import PROGRESS_FILE, Bars, note_progress

    def report(done: int, total: int) -> None:
        bars.update('digits', done, total=total)
        if args.progress and (done == total or done % 50 == 0):
            note_progress(Path(args.progress) / PROGRESS_FILE, done, total)

    with Bars() as bars:
        bars.start('digits')
        written = build_digit_data(args.out, DigitDataSpec(seed=args.seed), report)
    print(f'wrote {args.out}' if written else f'{args.out} is up to date')
