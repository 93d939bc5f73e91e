"""The outcomes of the trials as a table of counts."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

from agmax_mm.fileio import write_json, write_text
from agmax_mm.machine import library_versions

_LIBRARIES = ('torch', 'onedl-mmengine', 'onedl-mmpretrain', 'onedl-mmdetection')
_KINDS = {
    'kill': 'killed (SIGKILL)',
    'signal': 'stopped by SIGTERM, SIGHUP, SIGUSR1 or Ctrl-C',
    'full disk': 'ended by a full disk',
    'damage': 'killed, and a file damaged since',
}
_HEAD = """# Runs that are killed

`python tools/kill_runs.py --out benchmarks/kills.json`, with `--subjects` and `--places` for one subject after the
other, wrote this page. It runs small recipes of the demo from end to end, and again with a stop at one place, resumes
them, and compares all that they leave: weights, optimiser, schedules, notes of checkpoints, scores by epoch, best,
last and status of the record, curves, exported backbones, detections, `last_checkpoint` and the names of all files.
Same means equal to the last bit. Time, memory and the logs are not compared. Kills are chosen among all places that
the run passes, each kind of place and evenly: before and after steps, batches and ends of validations, hooks,
renamings and removals of files; where a file is about to get its name, with half of it written.

"""


def summary(outcomes: list[dict[str, Any]]) -> str:
    """The counts in one line."""
    return ', '.join(f'{kind}: {same} of {number} the same' for kind, (same, number) in _counts(outcomes).items())


def read_outcomes(out: Path) -> list[dict[str, Any]]:
    """The outcomes that an earlier call has written; none where there is no file."""
    return json.loads(out.read_text(encoding='utf-8'))['outcomes'] if out.is_file() else []


def write_page(outcomes: list[dict[str, Any]], out: Path) -> None:
    """Write the outcomes as JSON, and the counts as a page beside it."""
    versions = {name: library_versions().get(name) for name in _LIBRARIES}
    write_json({'versions': versions, 'outcomes': outcomes}, out)
    subjects = list(dict.fromkeys(outcome['subject'] for outcome in outcomes))
    lines = ['| the same after resuming | ' + ' | '.join([*subjects, 'all']) + ' |', '|---' * (len(subjects) + 2) + '|']
    for kind, title in _KINDS.items():
        of_kind = [outcome for outcome in outcomes if outcome['kind'] == kind]
        cells = [_cell([outcome for outcome in of_kind if outcome['subject'] == name]) for name in subjects]
        lines.append(f'| {title} | ' + ' | '.join([*cells, _cell(of_kind)]) + ' |')
    places = Counter(o['place'] for o in outcomes if o['kind'] == 'kill')
    right = Counter(o['place'] for o in outcomes if o['kind'] == 'kill' and not o['differences'])
    lines += ['', '| killed | the same |', '|---|---|']
    lines += [f'| {place} | {right[place]} of {number} |' for place, number in sorted(places.items())]
    failed = [outcome for outcome in outcomes if outcome['differences']]
    if failed:
        lines += ['', 'Not the same:', '']
        lines += [f'- {o["subject"]}, {o["what"]}: {o["differences"][0]}' for o in failed]
    found = ', '.join(f'{name} {version}' for name, version in versions.items())
    date = time.strftime('%Y-%m-%d')
    lines += ['', f'One run at each place, as they repeat to the last bit; CPU, one thread; {found}; {date}.']
    write_text(_HEAD + '\n'.join(lines) + '\n', out.with_suffix('.md'))


def _counts(outcomes: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    counts = {}
    for kind in _KINDS:
        of_kind = [outcome for outcome in outcomes if outcome['kind'] == kind]
        counts[kind] = (sum(not outcome['differences'] for outcome in of_kind), len(of_kind))
    return counts


def _cell(outcomes: list[dict[str, Any]]) -> str:
    return f'{sum(not outcome["differences"] for outcome in outcomes)} of {len(outcomes)}'
