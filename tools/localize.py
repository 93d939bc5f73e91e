#!/usr/bin/env python
"""The same as `agmax-mm localize`."""

from agmax_mm.commands.console import run_command

if __name__ == '__main__':
    run_command('localize')
