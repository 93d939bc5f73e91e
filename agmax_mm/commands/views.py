"""Draw what a classification recipe feeds to its network: every view of a training batch, with mixing and labels."""

from __future__ import annotations

import argparse
import sys

from agmax_mm.commands.arguments import CONFIG_HELP, add_config_options, check_least, given_options

# So many batches are looked at in order to show a mixed one beside one that is not, where the recipe mixes some.
_LOOK_AT = 12

EXAMPLE = """example:
  agmax-mm views agmax/wrn40-2_cutmix_aa_200e_cifar10 --out views.png
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('config', help=CONFIG_HELP)
    parser.add_argument('--out', required=True, metavar='FILE.png', help='picture to write')
    parser.add_argument('--images', type=int, default=8, help='images of each batch to show (default: 8)')
    parser.add_argument(
        '--batches',
        type=int,
        default=2,
        help='batches to show, mixed ones and others if the recipe has both (default: 2)',
    )
    parser.add_argument('--seed', type=int, default=0, help='(default: 0)')
    parser.add_argument('--data', metavar='DIR', help="folder or archive of the data (default: the recipe's)")
    add_config_options(parser)


def main(args: argparse.Namespace) -> None:
    """Draw batches of the recipe, and write the picture."""
    check_least(args, images=1, batches=1)
    from agmax_mm.host_imports import quick_imports
    from agmax_mm.recipe_files import config_path

    with quick_imports():
        from agmax_mm.engine.config import load_config
        from agmax_mm.engine.views import training_views
        from agmax_mm.results.pictures import picture_grid

    config = load_config(config_path(args.config), given_options(args))
    if config.model.get('feature_mix'):
        print('note: this recipe mixes inside of the network (model.feature_mix), which is not drawn', file=sys.stderr)
    rows, titles, captions = [], [], []
    seen = list(enumerate(training_views(config, max(args.batches, _LOOK_AT), args.seed), start=1))
    # Batches of either kind in turn, as long as there are both; a label with a share tells the kind.
    kinds: dict[bool, list[int]] = {False: [], True: []}
    for number, views in seen:
        kinds[any('%' in label for _, label in views[0])].append(number)
    ranks = {number: (rank, mixed) for mixed, numbers in kinds.items() for rank, number in enumerate(numbers)}
    shown = sorted(sorted(ranks, key=lambda number: ranks[number])[: args.batches])
    for number, views in [entry for entry in seen if entry[0] in shown]:
        for letter, view in zip('ABCDEFGH', views, strict=False):
            rows.append([picture for picture, _ in view[: args.images]])
            captions.append([label for _, label in view[: args.images]])
            titles.append(f'step {number}, view {letter}' if len(views) > 1 else f'step {number}')
    picture_grid(rows, args.out, row_titles=titles, captions=captions)
    print(f'wrote {args.out}')
