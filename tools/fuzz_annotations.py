#!/usr/bin/env python
"""Count how odd annotation files end: as they must, in a vague line, in nothing at all, or in a crash.

Each file is read in a process of its own, with a limit of memory and of time: the data set is built, all its pictures
are loaded with their boxes and masks, and COCO's metric is built on them. A refusal must be one line that names a
file and no class of Python's errors; objects that are left out must be counted.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import re
import resource
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agmax_mm.cli import error_line, make_parser, run

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # what needs a checkout is no part of the package

_EXAMPLE = """example:
  python tools/fuzz_annotations.py --out work_dirs/fuzz_annotations.json
"""
_MEMORY, _SECONDS = 2**30, 30
_CLASS_OF_PYTHON = re.compile(r'\b\w*(Error|Exception)\b|Traceback|site-packages|\.py:\d')


def read_coco(root: Path) -> tuple[list[list[float]], int]:
    """The boxes that training and evaluation see, rounded, and the number of objects that were counted as left out."""
    from agmax_mm.detection.datasets import CheckedCocoDataset, CheckedCocoMetric

    pipeline = [{'type': 'LoadImageFromFile'}, {'type': 'LoadAnnotations', 'with_bbox': True, 'with_mask': True}]
    file = 'annotations/instances_train.json'
    classes = {'classes': ('box', 'other')}
    data = CheckedCocoDataset(
        data_root=str(root), ann_file=file, data_prefix={'img': 'images/'}, metainfo=classes, pipeline=pipeline
    )
    CheckedCocoMetric(ann_file=str(root / file), metric=['bbox', 'segm'])
    return _boxes(data), sum(map(len, data.report.left_out.values()))


def read_voc(root: Path) -> tuple[list[list[float]], int]:
    """As :func:`read_coco`."""
    from agmax_mm.detection.datasets import CheckedXMLDataset

    pipeline = [{'type': 'LoadImageFromFile'}, {'type': 'LoadAnnotations', 'with_bbox': True}]
    data = CheckedXMLDataset(
        data_root=str(root),
        ann_file='VOC2007/ImageSets/Main/trainval.txt',
        data_prefix={'sub_data_root': 'VOC2007/'},
        metainfo={'classes': ('box',)},
        pipeline=pipeline,
    )
    return _boxes(data), sum(map(len, data.report.left_out.values()))


def _boxes(data: Any) -> list[list[float]]:
    loaded = [data[index] for index in range(len(data))]
    for picture in loaded:
        if 'gt_masks' in picture:
            assert all(mask.any() for mask in picture['gt_masks'].to_ndarray()), 'an empty mask'
    return sorted([round(float(edge)) for edge in box] for picture in loaded for box in picture['gt_bboxes'].numpy())


def ended(read: Callable[[Path], Any], root: Path) -> tuple[str, Any]:
    """Read a set in a fork of this process: ``('read', what)``, ``('refused', line)`` or ``('crash', how)``."""
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        used = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + _MEMORY, used + _MEMORY))
        signal.alarm(_SECONDS)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                found = ('read', read(root))
        except Exception as error:
            found = ('refused', error_line(error))
        with os.fdopen(send, 'w') as pipe:
            json.dump(found, pipe)
        os._exit(0)
    os.close(send)
    with os.fdopen(receive) as pipe:
        text = pipe.read()
    status = os.waitpid(child, 0)[1]
    return tuple(json.loads(text)) if text else ('crash', f'signal {status & 127}')


def verdict(expected: str, whole: list[list[float]], end: str, what: Any) -> str:
    """``'right'``, ``'vague'``, ``'silent'`` or ``'crash'``."""
    if end == 'crash':
        return 'crash'
    if end == 'refused':
        vague = _CLASS_OF_PYTHON.search(what) or not re.search(r'\.(json|xml|txt|png|jpg)', what)
        return 'vague' if vague else 'right' if 'refused' in expected else 'wrongly refused'
    boxes, counted = what
    fewer = len(boxes) == len(whole) - 1 and all(box in whole for box in boxes)
    right = {
        'read': boxes == whole and not counted,
        'refused or read': boxes == whole and not counted,
        'counted': fewer and counted == 1,
        'one less': fewer and not counted,
    }
    return 'right' if right.get(expected, False) else 'silent'


def main() -> None:
    """Read every odd file, and print the counts."""
    parser = make_parser(__doc__, _EXAMPLE)
    parser.add_argument('--out', metavar='FILE.json', help='write every file with its outcome and message')
    args = parser.parse_args()
    logging.disable(logging.WARNING)
    from mmengine.registry import DefaultScope

    import agmax_mm.detection.datasets  # noqa: F401  once, for all forks
    from agmax_mm.fileio import write_json
    from tests.detection.sets import write_coco, write_voc
    from tools.odd_files import coco, voc

    DefaultScope.get_instance('odd', scope_name='mmdet')
    found: dict[str, dict[str, Any]] = {}
    for name, write, read, odd_files in (
        ('COCO', write_coco, read_coco, coco.odd_files()),
        ('Pascal VOC', write_voc, read_voc, voc.odd_files()),
    ):
        with tempfile.TemporaryDirectory() as folder:
            _, (whole, _) = ended(read, write(Path(folder) / 'whole'))
            for number, odd in enumerate(odd_files):
                root = write(Path(folder) / str(number) / 'data')
                odd.spoil(root)
                end, what = ended(read, root)
                outcome = verdict(odd.expected, whole, end, what)
                line = (what if isinstance(what, str) else str(what)).replace(str(root), 'DATA')
                found.setdefault(name, {})[odd.kind] = {'expected': odd.expected, 'outcome': outcome, 'end': line}
        counts = Counter(entry['outcome'] for entry in found[name].values())
        print(f'{name}: {len(found[name])} odd files: ' + ', '.join(f'{n} {kind}' for kind, n in counts.most_common()))
        for kind, entry in found[name].items():
            if entry['outcome'] != 'right':
                print(f'{entry["outcome"]:8} {kind} ({entry["expected"]}): {entry["end"][:150]}')
    if args.out:
        write_json(found, args.out)


if __name__ == '__main__':
    run(main)
