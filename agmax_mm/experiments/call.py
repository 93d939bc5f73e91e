"""A function of this package as something that can be stored, sent to another machine and run as a command."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Call:
    """A function and its arguments.

    Attributes:
        function: Its place, as ``'package.module:function'``.
        arguments: Its keyword arguments, as JSON can hold them.
    """

    function: str
    arguments: Mapping[str, Any]

    def __call__(self) -> Any:
        """Call the function in this process."""
        module, _, name = self.function.partition(':')
        return getattr(importlib.import_module(module), name)(**self.arguments)

    def command(self) -> list[str]:
        """The command that calls the function in a process of its own; its exit code is that of a command line tool."""
        return [sys.executable, '-m', 'agmax_mm.experiments.call', self.function, json.dumps(dict(self.arguments))]


def main() -> None:
    """Call the function that the command line names."""
    function, arguments = sys.argv[1:]
    Call(function, json.loads(arguments))()


if __name__ == '__main__':
    from agmax_mm.cli import run

    run(main, 'the same command goes on')
