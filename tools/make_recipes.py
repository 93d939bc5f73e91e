#!/usr/bin/env python
"""Write the recipes behind the tables of both papers, configs/{baseline,agmax,cutmix,...}/, and the pages.

These are Tables 1, 2, 3, 7, 8 and 9 of the AgMax paper, and Tables 3 to 9 and Figure 3 of the CutMix paper.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from agmax_mm.cli import make_parser, run

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # what needs a checkout is no part of the package

_EXAMPLE = """example:
  python tools/make_recipes.py --check

The command removes files that it wrote earlier and no longer writes. It does not touch other files in these folders.
"""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__, _EXAMPLE)
    parser.add_argument(
        '--root', default=str(ROOT), metavar='DIR', help='folder that holds configs/ and docs/ (default: the checkout)'
    )
    parser.add_argument(
        '--check', action='store_true', help='write nothing; name the files that differ, and exit with 1'
    )
    return parser.parse_args()


def main() -> int:
    """Write the recipes, or compare them with the files."""
    args = parse_args()
    from tools.recipes.files import compare, write

    root = Path(args.root)
    if not args.check:
        for path, what in write(root).items():
            print(f'{what} {root / path}')
        return 0
    differing = compare(root)
    for path, what in differing.items():
        print(f'{what}: {root / path}', file=sys.stderr)
    return 1 if differing else 0


if __name__ == '__main__':
    run(main)
