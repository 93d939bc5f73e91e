"""``python -m agmax_mm``: small commands beside training."""

from __future__ import annotations

from agmax_mm import __version__
from agmax_mm.cli import make_parser, run

EXAMPLE = """example: python -m agmax_mm doctor
         python -m agmax_mm doctor --transfer configs/detection/faster-rcnn_r50_fpn_1x_voc0712.py \\
             --cfg-options default_hooks.backbone.checkpoint=backbone.safetensors"""


def main() -> int:
    """Parse the command line, and run the command."""
    parser = make_parser(__doc__, EXAMPLE)
    parser.prog = 'python -m agmax_mm'
    parser.add_argument('--version', action='version', version=f'agmax_mm {__version__}')
    commands = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')
    doctor_parser = commands.add_parser(
        'doctor',
        help='say which tier works here, what is wrong, and the command that fixes it',
        description='Say which tier works here, what is wrong, and the command that fixes it. '
        'The exit code is 0 if classification works and nothing is wrong.',
        epilog=EXAMPLE,
        formatter_class=parser.formatter_class,
    )
    doctor_parser.add_argument(
        '--transfer', metavar='CONFIG', help='check this detection config, its data and its backbone instead'
    )
    doctor_parser.add_argument(
        '--cfg-options', nargs='+', metavar='KEY=VALUE', default=[], help='config keys to set, with --transfer'
    )
    args = parser.parse_args()
    if args.transfer:
        from agmax_mm.engine.options import parse_options
        from agmax_mm.transfer import check

        return check.main(args.transfer, parse_options(args.cfg_options))
    if args.cfg_options:
        raise ValueError('--cfg-options: expected --transfer CONFIG beside them, got none')

    from agmax_mm import doctor

    return doctor.main()


if __name__ == '__main__':
    run(main)
