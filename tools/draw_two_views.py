#!/usr/bin/env python
"""Draw two views of a few training images and what a trained network says of each: the picture of the README."""

from __future__ import annotations

import argparse

from agmax_mm.cli import make_parser, run

_EXAMPLE = """example, after `make demo`:
  python tools/draw_two_views.py work_dirs/demo/pretrain_agmax/epoch_60.pth --data work_dirs/demo/data/digits \\
      --out docs/assets/two_views.png
"""
_IMAGES = 6


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__, _EXAMPLE)
    parser.add_argument('checkpoint', help='checkpoint of demo/pretrain_agmax')
    parser.add_argument('--data', required=True, metavar='DIR', help='class folders of the digits')
    parser.add_argument('--out', required=True, metavar='FILE.png', help='picture to write')
    parser.add_argument('--seed', type=int, default=0, help='of the images and their views (default: 0)')
    return parser.parse_args()


def main() -> None:
    """Draw the picture."""
    args = parse_args()
    import numpy as np

    from agmax_mm.engine.config import load_config
    from agmax_mm.engine.views import training_views
    from agmax_mm.prediction.predictor import Predictor
    from agmax_mm.recipe_files import config_path
    from agmax_mm.results.plots import COLOURS, new_figure, save_figure

    predictor = Predictor(args.checkpoint, top=10)
    options = {'data_root': args.data, 'data_preprocessor.batch_augments': 'none'}
    (views,) = training_views(load_config(config_path('demo/pretrain_agmax'), options), 1, args.seed)
    figure, panels = new_figure(3, _IMAGES, width=8.4, height=3.9)
    probabilities = []
    for row, view in enumerate(views[:2]):
        predictions = predictor([picture[..., ::-1].copy() for picture, _ in view[:_IMAGES]])
        probabilities.append([_by_label(prediction['classes']) for prediction in predictions])
        for panel, (picture, _) in zip(panels[row], view, strict=False):
            panel.imshow(picture, interpolation='nearest')
            panel.set_xticks([])
            panel.set_yticks([])
        panels[row][0].set_ylabel(f'view {"AB"[row]}', fontsize=11)
    for panel, of_a, of_b in zip(panels[2], *probabilities, strict=True):
        places = np.arange(len(of_a))
        panel.bar(places, of_a, color=COLOURS[0])
        panel.bar(places, -np.array(of_b), color=COLOURS[1])
        panel.axhline(0, color='black', linewidth=0.6)
        panel.set_ylim(-1.05, 1.05)
        panel.set_yticks([])
        panel.set_xticks(places, map(str, places), fontsize=7)
        panel.spines[['top', 'right', 'left', 'bottom']].set_visible(False)
    panels[2][0].set_ylabel('A above, B below', fontsize=11)
    save_figure(figure, args.out)
    print(f'wrote {args.out}')


def _by_label(classes: list[dict[str, float]]) -> list[float]:
    """Probabilities in the order of the labels."""
    return [entry['probability'] for entry in sorted(classes, key=lambda entry: entry['label'])]


if __name__ == '__main__':
    run(main)
