"""Show where classifiers look: class activation maps, boxes, and how well they find objects."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from agmax_mm.commands.arguments import add_measurement, check_least, measurement_options, note_local_rank

EXAMPLE = """examples:
  agmax-mm localize localization/resnet50_cutmix_600e_cub baseline.pth cutmix.pth --out where \\
      --data data/CUB_200_2011
  agmax-mm localize my_classifier.py epoch_90.pth --out where --maps grad-cam --sigma 0.2

DIR gets localization.json, report.md and index.html with the tables, maps.png with test images, their maps and boxes,
and mixed_0.png ... with two images, what Mixup, Cutout and CutMix make of them, and the maps of both classes. All
checkpoints are side by side. The test set must have boxes: agmax_mm.CUBBoxes, agmax_mm.ImageNetBoxes,
agmax_mm.TinyImageNetBoxes. Run the same command again to go on after a stop, or with further checkpoints.
"""
_SUITE = 'localization'
# After an interruption, see agmax_mm.cli.run.
GOES_ON = 'the same command goes on from here'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument('--out', required=True, metavar='DIR', help='folder of results and pictures')
    parser.add_argument(
        '--maps',
        choices=('cam', 'grad-cam'),
        default='cam',
        help='cam, exact, for networks that end in pooling and a linear layer; grad-cam for others (default: cam)',
    )
    parser.add_argument(
        '--sigma',
        type=_share,
        default=0.15,
        metavar='SHARE',
        help="share of a map's maximum above which the object is (default: 0.15); 'train': for each network the "
        'one of --thresholds that finds most training images',
    )
    parser.add_argument('--minmax', action='store_true', help='scale maps to 0 to 1 before --sigma')
    parser.add_argument('--iou', type=float, default=0.5, help='overlap of a box that is right (default: above 0.5)')
    parser.add_argument(
        '--at-least', action='store_true', help='an overlap of just --iou is right, too, as in the ILSVRC challenges'
    )
    parser.add_argument(
        '--thresholds', type=int, default=100, metavar='N', help='thresholds of MaxBoxAcc (default: 100)'
    )
    parser.add_argument('--images', type=int, default=6, metavar='N', help='test images to draw (default: 6)')
    parser.add_argument('--pairs', type=int, default=1, metavar='N', help='pairs of images to mix (default: 1)')
    parser.add_argument('--seed', type=int, default=0, help='of the boxes in mixed images (default: 0)')
    add_measurement(parser)


def main(args: argparse.Namespace) -> None:
    """Measure, draw, and print the tables."""
    note_local_rank(args)
    check_least(args, batch_size=1, workers=0, images=0, pairs=0)
    from agmax_mm.host_imports import quick_imports
    from agmax_mm.recipe_files import config_path

    with quick_imports():
        from agmax_mm.results.page import Page, Section, render_markdown
        from agmax_mm.results.table_files import write_page
        from agmax_mm.robustness import suite

    folder = Path(args.out)
    measured = suite.open_measurement(
        config_path(args.config),
        args.checkpoints,
        [_SUITE],
        str(folder / 'localization.json'),
        options={f'{_SUITE}.{key}': value for key, value in _options(args).items()},
        **measurement_options(args),
    )
    measured.fill()
    pictures = _draw(measured, folder, args)
    if measured.first:
        lead = f'{", ".join(measured.files)} on {len(measured.data)} images.'
        blocks = [*measured.suites[_SUITE].blocks(measured.results(_SUITE), folder), *pictures]
        page = Page('Where the networks look', lead, [Section('Localisation', blocks)])
        write_page(page, folder)
        print(render_markdown(page))


def _share(text: str) -> float | str:
    return text if text == 'train' else float(text)


def _options(args: argparse.Namespace) -> dict[str, Any]:
    return {
        'maps': args.maps,
        **({'fit_sigma': True} if args.sigma == 'train' else {'sigma': args.sigma}),
        'minmax': args.minmax,
        'iou': args.iou,
        'strict': not args.at_least,
        'thresholds': args.thresholds,
    }


def _draw(measured: Any, folder: Path, args: argparse.Namespace) -> list[Any]:
    """Draw what was asked for, as figures of the page."""
    from agmax_mm.results.page import Figure
    from agmax_mm.robustness.map_pictures import draw_found, draw_mixed

    (condition,) = measured.conditions[_SUITE]
    figures = []
    if args.images and (name := draw_found(measured, condition, folder, args.images)):
        figures.append(
            Figure(
                name,
                'Test images as the networks were fed them, and maps of the predicted class. Lines: the boxes of '
                'the objects; dashes: what was found.',
            )
        )
    for name in draw_mixed(measured, condition, folder, args.pairs, args.seed) if args.pairs else ():
        figures.append(
            Figure(
                name,
                'Two images, and what Mixup, Cutout and CutMix make of the first one, with the maps of both '
                'classes and their probabilities.',
            )
        )
    return figures
