"""Write the tables, curves and pages of finished runs, beside the figures of the papers."""

from __future__ import annotations

import argparse
from pathlib import Path

EXAMPLE = """example:
  agmax-mm report work_dirs/agmax/resnet50_cutmix_aa_270e agmax/resnet50_cutmix_aa_270e --out report
  agmax-mm report work_dirs/study --out report --format html csv latex

A folder stands for every run in it or below it; a config stands for a recipe that has not been run.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('sources', nargs='+', metavar='WORK_DIR', help='folders with runs, and recipes by name or file')
    parser.add_argument('--out', required=True, metavar='DIR', help='folder of the report')
    parser.add_argument(
        '--format',
        nargs='+',
        choices=['html', 'markdown', 'csv', 'latex'],
        default=['html', 'markdown'],
        help='index.html, report.md, and each table as .csv or .tex (default: html markdown)',
    )
    parser.add_argument('--title', default='Results', help='(default: Results)')


def main(args: argparse.Namespace) -> None:
    """Write the report."""
    from agmax_mm.host_imports import quick_imports
    from agmax_mm.results.overview import write_overview
    from agmax_mm.results.runs import Run, find_runs

    folders = [source for source in args.sources if Path(source).is_dir()]
    runs = find_runs(folders)
    for path in [_recipe(source) for source in args.sources if source not in folders]:
        with quick_imports():
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


def _recipe(source: str) -> str:
    """The file of a source that is no folder."""
    from agmax_mm.recipe_files import config_path

    try:
        return config_path(source)
    except ValueError as error:
        if source.endswith('.py') or '/' in source:
            raise
        raise ValueError(f'results: expected a result.json in {source!r}, or a recipe, got neither; {error}') from None
