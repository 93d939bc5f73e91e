#!/usr/bin/env python
"""Write docs/evidence.md, its drawing, and the front page's sentences about it, from the tables of the studies."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from agmax_mm.cli import make_parser, run

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # what needs a checkout is no part of the package

_EXAMPLE = """example:
  agmax-mm compare benchmarks/studies/main_cifar10.py --data-root DIR --out benchmarks/studies/main_cifar10
  python tools/make_evidence.py

Studies that are not finished are shown as far as they are.
"""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__, _EXAMPLE)
    parser.add_argument('--root', default=str(ROOT), metavar='DIR', help='the checkout (default: this one)')
    parser.add_argument(
        '--check', action='store_true', help='write nothing; name the files that differ, and exit with 1'
    )
    return parser.parse_args()


def main() -> int:
    """Write the files, or compare them with what is there."""
    args = parse_args()
    from agmax_mm.fileio import write_text
    from agmax_mm.host_imports import without_notices

    with without_notices():
        from tools.evidence.page import expected_files

    root = Path(args.root)
    differing = {
        path: text
        for path, text in expected_files(root).items()
        if not (root / path).is_file() or (root / path).read_text(encoding='utf-8') != text
    }
    for path, text in differing.items():
        if args.check:
            print(f'changed: {root / path}', file=sys.stderr)
        else:
            write_text(text, root / path)
            print(f'wrote {root / path}')
    return 1 if differing and args.check else 0


if __name__ == '__main__':
    run(main)
