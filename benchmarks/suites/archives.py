"""Images straight from archives, against the same images in files: 10,000 of them, in a training's order."""

from __future__ import annotations

import contextlib
import os
import statistics
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmengine import fileio
from mmengine.registry import DefaultScope

from agmax_mm.datasets.archives.archive import opened_archive
from agmax_mm.datasets.image_folder import ImageFolder
from benchmarks.suites.photographs import jpeg_files
from benchmarks.suites.suite import Options, Outcome, Section, Table, Text
from benchmarks.suites.timing import ratio

_IMAGES, _PICTURES, _CLASSES, _SHARDS = 10_000, 300, 100, 10
# Opened and read in a round; so many of them are also made into views in a round.
_DECODED = 200
_DROP = Path('/proc/sys/vm/drop_caches')
_STEPS = [
    {'type': 'agmax_mm.RandomResizedCrop', 'size': 224},
    {'type': 'agmax_mm.RandomMirror'},
]
_PIPELINE = [{'type': 'agmax_mm.LoadImage'}, {'type': 'agmax_mm.TwoView', 'transforms': _STEPS, 'num_views': 2}]


def run(options: Options) -> Outcome:
    """Measure files and archives, and return the tables."""
    rounds = options.rounds or 3
    cv2.setNumThreads(0)
    contents = jpeg_files(options.images, _PICTURES)
    values: dict[str, Any] = {'images': _IMAGES, 'bytes': sum(len(_content(contents, i)) for i in range(_IMAGES))}
    with tempfile.TemporaryDirectory(dir=os.environ.get('TMPDIR')) as folder:
        options.say('  writing files and archives')
        forms = _write(contents, Path(folder))
        starts, data = {}, {}
        for name, root in forms.items():
            starts[name] = [_seconds(lambda root=root: _dataset(root)) for _ in range(2)]
            data[name] = _dataset(root)
        paths = {name: [data[name].get_data_info(index)['img_path'] for index in range(_IMAGES)] for name in forms}
        times = {}
        for kind, prepare, count, work in (
            ('cold', drop_caches, _IMAGES, _open),
            ('warm', None, _IMAGES, _open),
            ('views', None, _DECODED, _views),
        ):
            if kind == 'cold' and not drop_caches():
                continue
            options.say(f'  {kind}')
            times[kind] = _rounds(
                list(forms), rounds, prepare, count, lambda name, order, work=work: work(data[name], paths[name], order)
            )
    values |= {'starts': starts, 'seconds': times}
    return Outcome('Archives', _lead(values, 'cold' in times), _sections(starts, times, rounds), values)


def drop_caches() -> bool:
    """Let the system forget what it has read from disks; False where it must not be asked to."""
    os.sync()
    with contextlib.suppress(OSError):
        _DROP.write_text('3')
        return True
    return False


def _content(contents: Sequence[bytes], index: int) -> bytes:
    return contents[index % len(contents)]


def _write(contents: Sequence[bytes], folder: Path) -> dict[str, Path]:
    """Class folders, and archives of them; by name, the roots."""
    names = [f'{index % _CLASSES:03d}/{index:05d}.jpg' for index in range(_IMAGES)]
    for index, name in enumerate(names):
        path = folder / 'files' / 'train' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_content(contents, index))
    names.sort()
    source = folder / 'files' / 'train'
    for form in ('tar', 'zip', 'shards', 'tar of tars'):
        (folder / form).mkdir()
    with tarfile.open(folder / 'tar' / 'train.tar', 'w') as archive:
        archive.add(source, '.')
    with zipfile.ZipFile(folder / 'zip' / 'train.zip', 'w', zipfile.ZIP_STORED) as packed:
        for name in names:
            packed.write(source / name, name)
    for number in range(_SHARDS):
        with tarfile.open(folder / 'shards' / f'train-{number:06d}.tar', 'w') as archive:
            for name in names[number::_SHARDS]:
                archive.add(source / name, name)
    with tarfile.open(folder / 'tar of tars' / 'ILSVRC2012_img_train.tar', 'w') as archive:
        for part in sorted(source.iterdir()):
            with tarfile.open(folder / 'inner', 'w') as inner:
                for path in sorted(part.iterdir()):
                    inner.add(path, path.name)
            archive.add(folder / 'inner', f'{part.name}.tar')
    return {form: folder / form for form in ('files', 'tar', 'zip', 'shards', 'tar of tars')}


def _dataset(root: Path) -> ImageFolder:
    opened_archive.cache_clear()
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return ImageFolder(str(root), 'train', pipeline=_PIPELINE)


def _seconds(work: Callable[[], Any], clock: Callable[[], float] = time.process_time) -> float:
    started = clock()
    work()
    return clock() - started


def _open(_: ImageFolder, paths: Sequence[str], order: Sequence[int]) -> None:
    for index in order:
        fileio.get(paths[index])


def _views(data: ImageFolder, _: Sequence[str], order: Sequence[int]) -> None:
    for index in order:
        data[index]


def _rounds(
    names: list[str],
    rounds: int,
    prepare: Callable[[], Any] | None,
    count: int,
    work: Callable[[str, Sequence[int]], None],
) -> dict[str, list[float]]:
    """Seconds of each round by name, all names in turn; each round has an order of its own."""
    seconds: dict[str, list[float]] = {name: [] for name in names}
    if prepare is None:
        for name in names:  # also warms the cache
            work(name, range(_IMAGES if count == _IMAGES else count))
    for index in range(rounds):
        order = np.random.default_rng(index).permutation(_IMAGES)[:count].tolist()
        for place in range(len(names)):
            name = names[(place + index) % len(names)]
            if prepare is not None:
                prepare()
            # What waits for the disk takes no time of the processor's.
            clock = time.process_time if prepare is None else time.perf_counter
            seconds[name].append(_seconds(lambda name=name, order=order: work(name, order), clock))
    return seconds


def _lead(values: dict[str, Any], cold: bool) -> str:
    size = values['bytes'] / values['images'] / 1000
    note = '' if cold else ' The caches could not be emptied here: all figures are of files that are in memory.'
    return (
        f'{values["images"]:,} JPEG files of {size:.0f} kB on average, in a random order, by one process on a local '
        f'disk. Times are those of the processor, but where nothing is in memory: there they are those of the clock. '
        f'Forms take turns; ratios are medians of the rounds, with quartiles.{note}'
    )


def _sections(starts: dict[str, list[float]], times: dict[str, Any], rounds: int) -> list[Section]:
    title = {
        'cold': 'Opened and read, nothing in memory',
        'warm': 'Opened and read, all in memory',
        'views': 'Two views of 224 pixels, all in memory',
    }
    sections = [
        Section(
            'Start',
            [
                Text(
                    'The data set is listed, and the headers of 5,000 images are looked at; of an archive the index is '
                    'made, or read.'
                ),
                Table(
                    ('form', 'the first time', 'again'),
                    [(name, *(f'{s:.2f} s' for s in found)) for name, found in starts.items()],
                ),
            ],
        )
    ]
    for kind, seconds in times.items():
        count = _DECODED if kind == 'views' else _IMAGES
        rows = []
        for name, found in seconds.items():
            compared = ratio([1 / s for s in found], [1 / s for s in seconds['files']])
            rows.append((name, f'{count / statistics.median(found):,.0f}', '1' if name == 'files' else str(compared)))
        sections.append(
            Section(
                title[kind],
                [
                    Text(f'{count:,} images in each of {rounds} rounds.'),
                    Table(('form', 'images a second', 'of files'), rows),
                ],
            )
        )
    return sections
