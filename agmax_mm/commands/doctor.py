"""Say what works here, what is wrong, and the command that fixes it.

The exit code is 0 if classification works and nothing is wrong. With --transfer the command looks at a detection
config, its data and its backbone instead, before hours are spent on it.
"""

from __future__ import annotations

import argparse

from agmax_mm.commands.arguments import add_config_options

EXAMPLE = """example:
  agmax-mm doctor
  agmax-mm doctor --transfer detection/faster-rcnn_r50_fpn_1x_voc0712 \\
      --cfg-options default_hooks.backbone.checkpoint=backbone.safetensors
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('--transfer', metavar='CONFIG', help='a detection config, by path or by name')
    add_config_options(parser)


def main(args: argparse.Namespace) -> int:
    """Look at the environment, or at a fine-tuning; the exit code says whether it is healthy."""
    if args.transfer:
        from agmax_mm.engine.options import parse_options
        from agmax_mm.recipe_files import config_path
        from agmax_mm.transfer import check

        return check.main(config_path(args.transfer), parse_options(args.cfg_options))
    if args.cfg_options:
        raise ValueError('--cfg-options: expected --transfer CONFIG beside them, got none')
    from agmax_mm import doctor

    return doctor.main()
