#!/usr/bin/env python
"""Renew the golden files in tests/golden/. Tests compare the recipes and their training with them.

``recipes`` are the effective values of every recipe, ``losses`` the first losses of a few small runs. Look at the
difference before you commit it: each line is a recipe or a step that is not as it was.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from agmax_mm.cli import make_parser, run

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # what needs a checkout is no part of the package

_EXAMPLE = """example:
  python tools/make_golden.py recipes losses && git diff --word-diff tests/golden
"""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__, _EXAMPLE)
    parser.add_argument('what', nargs='+', choices=('recipes', 'losses'), help='which files to renew')
    return parser.parse_args()


def main() -> None:
    """Renew the files."""
    what = parse_args().what
    root = Path(__file__).resolve().parents[1]
    configs, golden = root / 'configs', root / 'tests' / 'golden'
    if 'recipes' in what:
        from tools.recipes.effective import golden_rows, recipe_names, to_csv

        _write(to_csv(golden_rows(configs, recipe_names(configs))), golden / 'recipes.csv')
    if 'losses' in what:
        from tools.recipes.losses import SMOKE_RUNS, smoke_losses, to_text

        for name in SMOKE_RUNS:
            with tempfile.TemporaryDirectory() as folder:
                losses = smoke_losses(name, Path(folder), configs)
            _write(to_text(name, losses), golden / 'losses' / f'{name}.txt')


def _write(text: str, path: Path) -> None:
    from agmax_mm.fileio import write_text

    write_text(text, path)
    print(f'wrote {path}')


if __name__ == '__main__':
    run(main)
