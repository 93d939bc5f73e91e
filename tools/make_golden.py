#!/usr/bin/env python
"""Renew the golden files in tests/golden/. Tests compare the recipes and their training with them.

``recipes`` are the effective values of every recipe. Look at the difference before you commit it: each line is a
recipe that trains otherwise than before.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from agmax_mm.cli import make_parser, run

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # what needs a checkout is no part of the package

_EXAMPLE = """example:
  python tools/make_golden.py recipes && git diff --word-diff tests/golden
"""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__, _EXAMPLE)
    parser.add_argument('what', choices=('recipes',), help='which files to renew')
    return parser.parse_args()


def main() -> None:
    """Renew the files."""
    parse_args()
    from agmax_mm.fileio import write_text
    from tools.recipes.effective import golden_rows, recipe_names, to_csv

    root = Path(__file__).resolve().parents[1]
    configs, out = root / 'configs', root / 'tests' / 'golden' / 'recipes.csv'
    write_text(to_csv(golden_rows(configs, recipe_names(configs))), out)
    print(f'wrote {out}')


if __name__ == '__main__':
    run(main)
