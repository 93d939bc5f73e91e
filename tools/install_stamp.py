"""The contents of an environment: the chosen parts, and the stamp of a complete installation."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

# Where an environment differs by choice; the first of each is what a new one gets.
CHOICES = {
    'tier': ('detection', 'classification'),
    'operators': ('stand-ins', 'compiled'),
    'torch': ('pinned', 'system'),
}


@dataclass(frozen=True)
class Choice:
    """The chosen contents of an environment.

    Attributes:
        tier: ``'detection'``, or ``'classification'`` alone.
        operators: mmcv's, as ``'stand-ins'`` from torchvision or ``'compiled'`` here.
        torch: The ``'pinned'`` one, or that of the ``'system'``: of the Python that makes the environment.
    """

    tier: str = CHOICES['tier'][0]
    operators: str = CHOICES['operators'][0]
    torch: str = CHOICES['torch'][0]


DEFAULT = Choice()


class Stamp:
    """The file ``installed.json`` of an environment."""

    def __init__(self, venv: Path, choice: Choice, requirements: Path) -> None:
        self.venv = venv
        self.choice = choice
        self.requirements = requirements
        self.site = site_packages(venv)
        self.path = venv / 'installed.json'

    def key(self) -> str:
        """Hash all that decides the contents of the environment: pins, Python, platform, place and choice."""
        settings = self.venv / 'pyvenv.cfg'
        parts = [path.read_bytes() for path in sorted(self.requirements.glob('*.txt'))]
        parts.append(settings.read_bytes() if settings.is_file() else b'')
        # A copied environment still points to the place it was made in.
        place = f'{platform.system()} {platform.machine()} {self.venv.resolve()}'
        parts.append(f'{place} {json.dumps(asdict(self.choice))}'.encode())
        return hashlib.sha256(b'\0'.join(parts)).hexdigest()

    def evidence(self) -> list[str]:
        """List the traces of the pinned distributions: metadata folders, and files that others overwrite."""
        if not self.site.is_dir():
            return []
        pinned = set(re.findall(r'^([\w.-]+)==', (self.requirements / 'constraints.txt').read_text(), re.MULTILINE))
        wanted = {normalised(name) for name in [*pinned, 'agmax_mm']}
        folders = (entry.name for entry in self.site.glob('*.dist-info') if (entry / 'INSTALLER').is_file())
        found = [name for name in folders if normalised(name.split('-')[0]) in wanted]
        compiled = [*self.site.glob('mmcv/_ext*.so'), *self.site.glob('cv2/cv2*.so')]
        return sorted(found + [f'{path.name} {path.stat().st_size}' for path in compiled])

    def is_current(self) -> bool:
        """Return whether an earlier run succeeded and its installation is unchanged."""
        return (
            bool(self.evidence()) and (self.venv / 'bin' / 'python').exists() and _read(self.path) == self._complete()
        )

    def write_begun(self) -> None:
        """Note the choice before anything is installed, so that an interrupted run is gone on with as it was begun."""
        self.path.write_text(json.dumps({'choice': asdict(self.choice)}))

    def write_complete(self) -> None:
        """Note that everything is installed."""
        self.path.write_text(json.dumps(self._complete(), indent=1))

    def _complete(self) -> dict[str, Any]:
        return {'choice': asdict(self.choice), 'key': self.key(), 'evidence': self.evidence()}


def last_choice(venv: Path) -> Choice:
    """Return what an environment was last asked to hold; the first of each choice where there is none."""
    noted = _read(venv / 'installed.json').get('choice') or {}
    return Choice(**{name: noted[name] for name in CHOICES if noted.get(name) in CHOICES[name]})


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError):
        return {}


def normalised(name: str) -> str:
    """Return a distribution's name as indexes compare it."""
    return re.sub(r'[-_.]+', '-', name).lower()


def site_packages(venv: Path) -> Path:
    """Return where an environment of the running version of Python keeps its libraries."""
    return venv / 'lib' / 'python{}.{}'.format(*sys.version_info) / 'site-packages'
