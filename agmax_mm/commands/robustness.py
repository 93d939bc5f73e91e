"""Measure how checkpoints do under corruptions, attacks, occlusion, mixing and images of no class."""

from __future__ import annotations

import argparse

from agmax_mm.commands.arguments import add_measurement, check_least, measurement_options, note_local_rank

EXAMPLE = """examples:
  agmax-mm robustness baseline/wrn40-2_standard_200e_cifar10 baseline.pth agmax.pth \\
      --suites fgsm pgd calibration --out robustness.json --report robustness_report
  agmax-mm robustness baseline/resnet50_standard_90e epoch_90.pth --suites corruption \\
      --options corruption.folder=/data/imagenet-c --out imagenet_c.json

Run the same command again to go on after a stop. Options of suites (--options SUITE.OPTION=VALUE):
  corruption   folder corruptions severities jpeg_quality crop seed; for detectors corruptions severities seed
  fgsm         protocols pixel_eps agmax_eps
  pgd          protocols pixel_eps agmax_eps steps seed
  occlusion    regions sides fill
  between      kinds shares sides seed
  ood          folders forms noises noise_images seed
  calibration  bins
  localization maps sigma fit_sigma minmax iou strict thresholds (agmax-mm localize draws, too)
"""
_SUITES = ('corruption', 'fgsm', 'pgd', 'occlusion', 'between', 'ood', 'calibration')
# After an interruption, see agmax_mm.cli.run.
GOES_ON = 'the same command goes on from here'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        '--suites',
        nargs='+',
        default=list(_SUITES),
        metavar='SUITE',
        help=f'of {", ".join(_SUITES)} (default: all), or modules of your own such as my_package.blur',
    )
    parser.add_argument('--out', required=True, metavar='FILE.json', help='results, written after each condition')
    parser.add_argument('--report', metavar='DIR', help='also write a page with tables, plots and sheets of images')
    parser.add_argument('--options', nargs='+', metavar='SUITE.OPTION=VALUE', default=[], help='options of suites')
    parser.add_argument('--cache', metavar='DIR', help='keep corrupted images here, to make them once')
    add_measurement(parser)


def main(args: argparse.Namespace) -> None:
    """Measure, print the tables, and write the page."""
    note_local_rank(args)
    check_least(args, batch_size=1, workers=0)
    from agmax_mm.host_imports import quick_imports
    from agmax_mm.recipe_files import config_path

    with quick_imports():
        from agmax_mm.engine.options import parse_options
        from agmax_mm.results.page import render_markdown
        from agmax_mm.robustness import report, suite

    measured = suite.open_measurement(
        config_path(args.config),
        args.checkpoints,
        args.suites,
        args.out,
        options=parse_options(args.options),
        cache=args.cache,
        **measurement_options(args),
    )
    measured.fill()
    sheets = report.draw_sheets(measured, args.report) if args.report else {}
    if measured.first:
        print(render_markdown(report.build_page(measured, None)))
        if args.report:
            report.write_report(measured, args.report, sheets)
