#!/usr/bin/env python3
"""Walk the guides as a newcomer does, and write down when each result is there.

Run it in a fresh clone by a Python that has nothing but its standard library. It installs, runs the demo and the tests,
and then each command of the guides at its full length, one after the other, in a folder with data of your own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.walk.guides import ORDER, guide  # noqa: E402

# These run in the checkout; all others in the reader's folder.
_MAKE = ('make ',)


def parse_args(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='example:\n  python3 tools/first_hour.py --folder mine --out benchmarks/first_hour\n\n'
        'The folder holds photos/ and boxes/ as the guides describe them, and resnet18.pth, weights of torchvision.',
    )
    parser.add_argument('--folder', required=True, metavar='DIR', help='with photos/, boxes/ and resnet18.pth')
    parser.add_argument('--out', required=True, metavar='FILE', help='page, FILE.md, beside FILE.json')
    parser.add_argument(
        '--guides',
        nargs='+',
        default=['start', 'images'],
        choices=ORDER,
        metavar='NAME',
        help='(default: start images)',
    )
    parser.add_argument('--render', action='store_true', help='write the page from FILE.json, and run nothing')
    return parser.parse_args(arguments)


def steps(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Guide and command of each step, after the installation, which the first command would do silently."""
    yield 'start', 'make install'
    for name in names:
        for block in guide(name):
            if block.language == 'bash' and block.when != 'cluster':
                for command in block.commands():
                    yield name, command


def walk(names: Sequence[str], folder: Path, out: Path, *, root: Path = ROOT) -> int:
    """Run the steps, and write their times after each one.

    Args:
        names: The guides.
        folder: The reader's.
        out: Of the results, without suffix.
        root: The checkout.

    Returns:
        The exit code of the step that failed, which is the last one then, or 0.
    """
    path = f'{root / ".venv" / "bin"}{os.pathsep}{os.environ.get("PATH", "")}'
    begun, done = time.monotonic(), []
    for name in names:
        for block in guide(name):
            if block.title:
                (folder / block.title).write_text(block.text, encoding='utf-8')
    for name, command in steps(names):
        print(f'{name}: {command}', flush=True)
        started = time.monotonic()
        with open(out.with_suffix('.log'), 'ab') as log:
            place = root if command.startswith(_MAKE) else folder
            code = subprocess.run(
                ['bash', '-c', command], cwd=place, env={**os.environ, 'PATH': path}, stdout=log, stderr=log
            ).returncode
        ended = time.monotonic()
        done.append(
            {'guide': name, 'command': command, 'code': code, 'seconds': ended - started, 'at_seconds': ended - begun}
        )
        print(f'  {ended - started:.1f} s, exit {code}', flush=True)
        out.with_suffix('.json').write_text(json.dumps({'steps': done}, indent=1) + '\n', encoding='utf-8')
        if code:
            print(f'error: exit {code}, see the end of {out.with_suffix(".log")}', file=sys.stderr)
            return code
    return 0


def render(out: Path) -> None:
    """Write the page from the times, and where they were taken beside these."""
    import datetime

    from agmax_mm import __version__
    from agmax_mm.fileio import write_json, write_text
    from agmax_mm.machine import device_name, library_versions, usable_cores
    from agmax_mm.results.page import Page, Section, Table, Text, render_markdown

    measured: dict[str, Any] = json.loads(out.with_suffix('.json').read_text(encoding='utf-8'))
    setup = measured.setdefault('setup', {})
    if not setup:
        setup.update(
            date=datetime.datetime.now(datetime.UTC).date().isoformat(),
            device=device_name(),
            cores=usable_cores(),
            compiler=os.environ.get('CC', 'as it is'),
            agmax_mm=__version__,
            **library_versions(),
        )
        write_json(measured, out.with_suffix('.json'))
    rows = [
        (step['guide'], step['command'], _time(step['seconds']), _time(step['at_seconds']))
        for step in measured['steps']
    ]
    lead = (
        'A newcomer in a fresh clone with an empty environment, who types what the guides say, at full length, with '
        'photographs of their own: how long each command takes, and when its result is there. Reading comes '
        'on top.'
    )
    sections = [
        Section('Command by command', [Table(('guide', 'command', 'takes', 'there after'), rows)]),
        Section('Setup', [Table(('what', 'value'), [(key.replace('_', ' '), str(one)) for key, one in setup.items()])]),
    ]
    if any(step['code'] for step in measured['steps']):
        sections.insert(1, Section('Not to its end', [Text('The last command failed, and the walk ended there.')]))
    write_text(render_markdown(Page("A newcomer's first hour", lead, sections)), out.with_suffix('.md'))


def _time(seconds: float) -> str:
    return f'{seconds:.1f} s' if seconds < 60 else f'{seconds // 60:.0f} min {seconds % 60:02.0f} s'


def main() -> int:
    """Walk, and let the environment that was made write the page."""
    args = parse_args()
    out = Path(args.out).resolve()
    if args.render:
        render(out)
        return 0
    folder = Path(args.folder).resolve()
    missing = [name for name in ('photos', 'boxes', 'resnet18.pth') if not (folder / name).exists()]
    if missing:
        print(
            f'error: --folder: expected photos, boxes and resnet18.pth, {", ".join(missing)} missing', file=sys.stderr
        )
        return 1
    code = walk(args.guides, folder, out)
    python = ROOT / '.venv' / 'bin' / 'python'
    if python.exists():
        subprocess.run([str(python), __file__, '--folder', str(folder), '--out', str(out), '--render'], check=True)
        print(f'wrote {out.with_suffix(".md")}')
    return code


if __name__ == '__main__':
    sys.exit(main())
