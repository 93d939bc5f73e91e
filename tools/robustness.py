#!/usr/bin/env python
"""Measure how checkpoints do under corruptions, attacks, occlusion, mixing and images of no class."""

from __future__ import annotations

from agmax_mm.cli import make_parser, run
from agmax_mm.commands import robustness


def main() -> None:
    """Measure."""
    parser = make_parser(__doc__, robustness.EXAMPLE)
    robustness.add_arguments(parser)
    robustness.main(parser.parse_args())


if __name__ == '__main__':
    run(main)
