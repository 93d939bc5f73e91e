"""From a command line to the module of a subcommand."""

from __future__ import annotations

import argparse
import ast
import difflib
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from agmax_mm import __version__
from agmax_mm.cli import ends_with_its_reader, make_parser, run
from agmax_mm.commands import COMMANDS


def main(argv: Sequence[str] | None = None) -> None:
    """Run ``agmax-mm``: the subcommand that comes first, or the overview of all.

    The module of one subcommand is imported, and of no other: the overview and every ``--help`` come at once.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    first = arguments[0] if arguments else '--help'
    with ends_with_its_reader():
        if first in ('-h', '--help'):
            print(overview())
            sys.exit(0 if arguments else 2)
        if first == '--version':
            print(f'agmax_mm {__version__}')
            sys.exit(0)
    if first not in COMMANDS:
        nearest = difflib.get_close_matches(first, COMMANDS, n=1, cutoff=0.0)[0]
        print(f'error: unknown command {first!r}, the nearest known one is {nearest!r}', file=sys.stderr)
        sys.exit(2)
    run_command(first, arguments[1:], f'agmax-mm {first}')


def run_command(name: str, argv: Sequence[str] | None = None, prog: str | None = None) -> None:
    """Parse the arguments of a subcommand, run it, and exit with its code.

    Args:
        name: A key of :data:`~agmax_mm.commands.COMMANDS`.
        argv: The arguments, by default those of this process.
        prog: What the help calls the program, by default the name of the script.
    """
    module = command_module(name)
    parser = make_parser(module.__doc__, module.EXAMPLE, prog=prog)
    module.add_arguments(parser)
    with ends_with_its_reader():
        args = parser.parse_args(argv)
    run(lambda: module.main(args), getattr(module, 'GOES_ON', None))


def command_module(name: str) -> ModuleType:
    """The module of a subcommand."""
    return importlib.import_module(f'agmax_mm.commands.{COMMANDS[name]}')


def overview() -> str:
    """The help of ``agmax-mm``: what each subcommand does, read from its module without importing it."""
    lines = [
        'usage: agmax-mm COMMAND [options]',
        '',
        'AgMax and CutMix: pre-train image classifiers that transfer.',
        '',
    ]
    lines += [f'  {name:<12} {_summary(module)}' for name, module in COMMANDS.items()]
    return '\n'.join(
        [*lines, '', '`agmax-mm COMMAND --help` has the options and an example. `--version` prints the version.']
    )


def whole_parser() -> argparse.ArgumentParser:
    """The parser of all subcommands at once, as shell completion needs it."""
    parser = argparse.ArgumentParser(prog='agmax-mm')
    parser.add_argument('--version', action='store_true', help='print the version')
    subparsers = parser.add_subparsers(dest='command')
    for name, module_name in COMMANDS.items():
        module = command_module(name)
        module.add_arguments(subparsers.add_parser(name, help=_summary(module_name)))
    return parser


def _summary(module: str) -> str:
    """The first line of a module's docstring, without its full stop."""
    text = (Path(__file__).parent / f'{module}.py').read_text(encoding='utf-8')
    return (ast.get_docstring(ast.parse(text)) or '').splitlines()[0].removesuffix('.')
