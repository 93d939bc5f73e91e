#!/usr/bin/env python
"""Write the tables, curves and pages of finished runs, beside the figures of the papers."""

from __future__ import annotations

import argparse
from pathlib import Path

from agmax_mm.cli import make_parser, run

_EXAMPLE = """example:
  python tools/report.py work_dirs/agmax/resnet50_cutmix_aa_270e configs/agmax/resnet50_cutmix_aa_270e.py --out report
  python tools/report.py work_dirs/study --out report --format html csv latex

A folder stands for every run in it or below it; a config stands for a recipe that has not been run.
"""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__, _EXAMPLE)
    parser.add_argument('sources', nargs='+', metavar='WORK_DIR', help='folders with runs, or configs')
    parser.add_argument('--out', required=True, metavar='DIR', help='folder of the report')
    parser.add_argument(
        '--format',
        nargs='+',
        choices=['html', 'markdown', 'csv', 'latex'],
        default=['html', 'markdown'],
        help='index.html, report.md, and each table as .csv or .tex (default: html markdown)',
    )
    parser.add_argument('--title', default='Results', help='(default: Results)')
    return parser.parse_args()


def main() -> None:
    """Write the report."""
    args = parse_args()
    from agmax_mm.results.overview import write_overview
    from agmax_mm.results.runs import Run, find_runs

    runs = find_runs([source for source in args.sources if not source.endswith('.py')])
    for path in [source for source in args.sources if source.endswith('.py')]:
        from agmax_mm.engine.config import load_config, prepare_config

        recipe = load_config(path)
        prepare_config(recipe, world_size=1)
        content = recipe.to_dict()
        paper = content.get('paper')
        # A recipe stands in the report once: as its run, where there is one.
        if not any((run.record['config'], run.record.get('paper')) == (Path(path).name, paper) for run in runs):
            runs.append(Run.not_run('/'.join(Path(path).parts[-2:]), paper, content))
    written = write_overview(runs, args.out, args.title, args.format)
    print(f'wrote {", ".join(map(str, written))}')


if __name__ == '__main__':
    run(main)
