"""``python -m agmax_mm doctor``: the state of both tiers, each fault, and the one command that fixes it.

The exit code is 0 if the classification tier works and there is no error. A detection tier that is not installed is no
error. One that is installed and does not work is an error. Warnings and notes do not change the exit code.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agmax_mm import __version__
from agmax_mm.doctor.checks import CHECKS, CLASSIFICATION, DETECTION, DISTRIBUTION_OF, check_python, pinned
from agmax_mm.doctor.environment import Environment, read_environment
from agmax_mm.findings import Finding

__all__ = ['Diagnosis', 'Environment', 'Finding', 'diagnose', 'main', 'read_environment', 'render']


@dataclass(frozen=True)
class Diagnosis:
    """The state of both tiers (``'works'``, ``'broken'`` or ``'not installed'``) and the findings, worst first."""

    classification: str
    detection: str
    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        """0 if classification works and no error was found, else 1."""
        healthy = self.classification == 'works' and all(finding.level != 'error' for finding in self.findings)
        return 0 if healthy else 1


def diagnose(env: Environment) -> Diagnosis:
    """Run all checks on the description of an environment."""
    findings = list(check_python(env)) or [finding for check in CHECKS for finding in check(env)]
    findings += _unexplained(env, findings)
    order = ('error', 'warning', 'note')
    findings.sort(key=lambda finding: order.index(finding.level))
    installed = 'onedl-mmdetection' in env.distributions
    return Diagnosis(
        classification='works' if env.works(*CLASSIFICATION) else 'broken',
        detection='works' if env.works(*DETECTION) else 'broken' if installed else 'not installed',
        findings=tuple(findings),
    )


def _unexplained(env: Environment, findings: Iterable[Finding]) -> list[Finding]:
    """Report the first failed trial that no check explains. Later trials may depend on it."""
    explained = {name for finding in findings for name in finding.explains}
    wanted = DETECTION if 'onedl-mmdetection' in env.distributions else CLASSIFICATION
    for name in wanted:
        if name not in explained and name in env.probes and not env.works(name):
            distribution = DISTRIBUTION_OF.get(name, name)
            fix = f'{env.command} -m pip install --force-reinstall --no-deps {pinned(distribution)}'
            return [Finding('error', f'{name} does not work: {env.error(name)}', fix, (name,))]
    return []


def render(env: Environment, diagnosis: Diagnosis) -> str:
    """Return the report as text."""
    lines = [f'agmax_mm {__version__} on Python {env.python[0]}.{env.python[1]} ({env.command})']
    for tier, state, parts in (
        ('classification', diagnosis.classification, ('torch', 'torchvision', 'onedl-mmcv', 'onedl-mmpretrain')),
        ('detection', diagnosis.detection, ('onedl-mmdetection',)),
    ):
        versions = ', '.join(f'{part} {env.distributions[part]}' for part in parts if part in env.distributions)
        lines.append(f'{tier:<15}{state:<14}{versions}'.rstrip())
    if diagnosis.detection == 'not installed':
        lines.append('  optional: make install, or pip install "agmax_mm[det]"')
    for finding in diagnosis.findings:
        lines.append(f'{finding.level}: {finding.problem}')
        if finding.fix:
            lines.append(f'  fix: {finding.fix}')
    return '\n'.join(lines)


def main() -> int:
    """Check the running environment, print the report, and return the exit code."""
    env = read_environment()
    diagnosis = diagnose(env)
    print(render(env, diagnosis))
    return diagnosis.exit_code
