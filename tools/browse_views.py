#!/usr/bin/env python
"""Draw what a classification recipe feeds to its network: the same as `agmax-mm views`."""

from agmax_mm.commands.console import run_command

if __name__ == '__main__':
    run_command('views')
