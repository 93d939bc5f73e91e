"""``python -m agmax_mm``: small services that are not part of a training run."""

from __future__ import annotations

from agmax_mm import __version__
from agmax_mm.cli import make_parser, run

EXAMPLE = 'example: python -m agmax_mm doctor'


def main() -> int:
    """Parse the command line and run the asked command."""
    parser = make_parser(__doc__, EXAMPLE)
    parser.prog = 'python -m agmax_mm'
    parser.add_argument('--version', action='version', version=f'agmax_mm {__version__}')
    commands = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')
    commands.add_parser(
        'doctor',
        help='say which tier works here, what is wrong, and the command that mends it',
        description='Say which tier works here, what is wrong, and the command that mends it. '
        'The exit code is 0 if classification works and nothing is wrong.',
        epilog=EXAMPLE,
    )
    parser.parse_args()

    from agmax_mm import doctor

    return doctor.main()


if __name__ == '__main__':
    run(main)
