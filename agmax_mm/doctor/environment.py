"""Description of an environment for the checks: installed distributions and results of the trials."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata

from agmax_mm.doctor.probes import Probe, run_probes


@dataclass(frozen=True)
class Environment:
    """One Python environment.

    Attributes:
        python: Major and minor version.
        distributions: Version of each installed distribution, by its normalised name (lower case, hyphens).
        probes: Result of each trial, by its name in :data:`agmax_mm.doctor.probes.TRIALS`.
        command: How to call this Python in a shell.
    """

    python: tuple[int, int]
    distributions: Mapping[str, str]
    probes: Mapping[str, Probe] = field(default_factory=dict)
    command: str = 'python'

    def version(self, name: str) -> tuple[int, ...] | None:
        """Return the leading numbers of a distribution's version, or None if it is not installed."""
        return release(self.distributions[name]) if name in self.distributions else None

    def works(self, *names: str) -> bool:
        """Return whether all the named trials succeeded."""
        return all(name in self.probes and self.probes[name].ok for name in names)

    def error(self, name: str) -> str:
        """Return why a trial failed; empty if it went well or was not made."""
        return self.probes[name].error if name in self.probes else ''


def release(version: str) -> tuple[int, ...]:
    """Return the numbers that a version starts with: ``release('2.12.1+cu130') == (2, 12, 1)``."""
    numbers = re.match(r'\d+(\.\d+)*', version)
    return tuple(int(number) for number in numbers.group().split('.')) if numbers else ()


def normalised(name: str) -> str:
    """Return a distribution's name as indexes compare it: ``normalised('Foo_Bar') == 'foo-bar'``."""
    return re.sub(r'[-_.]+', '-', name).lower()


def _distributions() -> dict[str, str]:
    found: dict[str, str] = {}
    for distribution in metadata.distributions():
        # A half-removed distribution has a folder but no readable name; the first on sys.path is the one imported.
        name = distribution.metadata['Name'] if distribution.metadata else None
        if name:
            found.setdefault(normalised(name), distribution.version)
    return found


def _command() -> str:
    relative = os.path.relpath(sys.executable)
    return shlex.quote(sys.executable if relative.startswith('..') else relative)


def read_environment() -> Environment:
    """Describe the environment of the running Python; takes some seconds, because the libraries are tried out."""
    return Environment(
        python=(sys.version_info[0], sys.version_info[1]),
        distributions=_distributions(),
        probes=run_probes(),
        command=_command(),
    )
