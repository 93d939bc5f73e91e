"""Print the script that completes this command in a shell."""

from __future__ import annotations

import argparse

EXAMPLE = """example:
  agmax-mm completion bash > ~/.local/share/bash-completion/completions/agmax-mm
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('shell', choices=['bash', 'zsh', 'tcsh'], help='the shell')


def main(args: argparse.Namespace) -> None:
    """Print the script."""
    import shtab

    from agmax_mm.commands.console import whole_parser

    print(shtab.complete(whole_parser(), shell=args.shell))
