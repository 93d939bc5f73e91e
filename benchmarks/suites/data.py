"""The two-view data path on one core, against the plain one."""

from __future__ import annotations

import io
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image

from agmax_mm.datasets.transforms.pixels import Pixels
from agmax_mm.datasets.transforms.two_view import TwoView, planes
from benchmarks.suites.data_paths import our_path, plain_path, plain_steps, write_cifar, write_folder
from benchmarks.suites.data_peers import PEERS
from benchmarks.suites.operations import operation_rows, reduced_difference
from benchmarks.suites.photographs import jpeg_files, large, small_images
from benchmarks.suites.suite import Options, Outcome, Section, Table, Text
from benchmarks.suites.timing import interleave, ratio

_FILES, _LARGE_FILES, _SMALL_IMAGES = 128, 24, 1280
_BATCH = 32
_CONFIGS = Path(__file__).parents[2] / 'configs' / 'agmax'
_RECIPES = {
    'ImageNet, AutoAugment': ('resnet50_aa_90e.py', False, True),
    'ImageNet, standard': ('resnet50_standard_90e.py', False, False),
    'CIFAR, AutoAugment': ('wrn40-2_aa_200e_cifar10.py', True, True),
    'CIFAR, standard': ('wrn40-2_standard_200e_cifar10.py', True, False),
}


def run(options: Options) -> Outcome:
    """Measure the data paths, and return the tables."""
    rounds = options.rounds or 8
    cv2.setNumThreads(0)
    contents = jpeg_files(options.images, _FILES)
    images = small_images(contents, _SMALL_IMAGES)
    values: dict[str, Any] = {'images': _described(contents)}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_folder(contents, root / 'files')
        write_folder([large(content) for content in contents[:_LARGE_FILES]], root / 'large')
        write_cifar(images, root / 'cifar')
        for name, (recipe, small, autoaugment) in _RECIPES.items():
            options.say(f'  {name}')
            sources: Any = images if small else contents
            paths = {
                'plain': plain_path(sources, small=small, autoaugment=autoaugment, batch=_BATCH),
                'ours': our_path(str(_CONFIGS / recipe), root / ('cifar' if small else 'files'), batch=_BATCH)[0],
            }
            if not small:
                paths['floor'] = lambda: _decode(contents)
                one_view = _CONFIGS.parent / 'baseline' / recipe
                paths['one view'] = our_path(str(one_view), root / 'files', batch=_BATCH)[0]
            values[name] = _timed(paths, len(sources), rounds)
            rows.append(_row(name, values[name]))
            if not small:
                rows.append((f'{name}, one view', '–', f'{values[name]["per_second"]["one view"]:.0f}', '–', '–'))
        options.say('  large files')
        files = [path.read_bytes() for path in sorted((root / 'large').rglob('*.jpg'))]
        large_paths = {
            'plain': plain_path(files, small=False, autoaugment=True, batch=8),
            'ours': our_path(str(_CONFIGS / 'resnet50_aa_90e.py'), root / 'large', batch=8)[0],
            'floor': lambda: _decode(files),
        }
        values['large'] = _timed(large_paths, len(files), max(rounds // 2, 1))
        rows.append(_row('ImageNet, AutoAugment, files of 2000 px', values['large']))
        values['reduced'] = reduced_difference(files)
        options.say('  stages')
        profile = _profile(contents, our_path(str(_CONFIGS / 'resnet50_aa_90e.py'), root / 'files', batch=_BATCH)[1])
        options.say('  peers')
        values['peers'], peers = _peer_rows(contents, root / 'files', rounds)
    values['stages'] = profile
    options.say('  operations')
    values['operations'], operations = operation_rows(contents[0], rounds)
    return Outcome(
        'The two-view data path',
        'Samples a second of one core, each with two views of an image. Plain: Pillow decodes once, torchvision '
        'transforms twice and normalises, float32 batches. Ours: the recipe of this package, seeded by sample, uint8 '
        'batches; normalisation and lighting are left to the device. Times are of the process, not of the clock on '
        'the wall.',
        [
            Section(
                'Samples a second',
                [
                    Text(f'Images: {values["images"]}. Ratios are medians of {rounds} rounds, with the quartiles.'),
                    Table(('path', 'plain', 'ours', 'JPEG decoding alone', 'ours over plain'), rows),
                ],
            ),
            Section(
                'Against what else is used',
                [
                    Text(
                        'Both hand out two views as uint8 batches, with resized crop, flip and colour jitter, each at '
                        'its best settings, on one core. A ratio above 1 says that this package is faster. '
                        + _missing(values['peers'])
                    ),
                    Text(
                        'All but one resize with antialiasing: albumentations takes the four pixels around a place, '
                        'and leaves the others out. Decoding alone, in the same rounds, gives '
                        f'{values["peers"]["ImageNet, standard"]["per_second"]["decoding alone"]:.0f} files a second; '
                        'none that decodes whole files in this way can be faster.'
                    ),
                    Table(('path', 'peer', 'ours', 'ours over the peer', 'faster'), peers),
                ],
            ),
            Section('Where the time goes', [_profile_table(profile)]),
            Section(
                'Operation by operation',
                [
                    Text(
                        'On one view of 224 x 224 pixels. Differences are in levels of 0 to 255, over a grid of values.'
                    ),
                    Text(
                        'Files of 2000 px are decoded at 1/2 or 1/4 of their sides where all boxes allow it. The views '
                        f'then differ from those of the whole picture by {values["reduced"]["mean"]:.1f} levels on '
                        f'average, by {values["reduced"]["greatest"]} at most.'
                    ),
                    Table(
                        ('operation', 'plain (µs)', 'ours (µs)', 'greatest difference', 'values that differ'),
                        operations,
                    ),
                ],
            ),
        ],
        values,
    )


def _peer_rows(contents: list[bytes], folder: Path, rounds: int) -> tuple[dict[str, Any], list[tuple[str, ...]]]:
    """Measure each installed peer beside this package, all in turn, without AutoAugment and with it."""
    versions = {peer.name: peer.version() for peer in PEERS}
    values: dict[str, Any] = {'versions': versions}
    rows = []
    for name, (recipe, small, autoaugment) in _RECIPES.items():
        if small:
            continue
        paths = {
            'ours': our_path(str(_CONFIGS / recipe), folder, batch=_BATCH)[0],
            'decoding alone': lambda: _decode(contents),
        }
        for peer in PEERS:
            if versions[peer.name] is not None and (peer.autoaugment or not autoaugment):
                paths[peer.name] = peer.build(contents, autoaugment, _BATCH)
        seconds = interleave(paths, rounds=rounds, clock=time.process_time)
        rates = {path: len(contents) / statistics.median(times) for path, times in seconds.items()}
        found = {path: ratio(times, seconds['ours']) for path, times in seconds.items() if path in versions}
        values[name] = {'per_second': rates, 'ratios': {path: vars(each) for path, each in found.items()}}
        rows += [
            (
                f'{name}: {path} {versions[path]}',
                f'{rates[path]:.0f}',
                f'{rates["ours"]:.0f}',
                str(each),
                'ours' if each.low > 1 else 'the peer' if each.high < 1 else 'neither',
            )
            for path, each in found.items()
        ]
    return values, rows


def _missing(peers: Mapping[str, Any]) -> str:
    names = [name for name, version in peers['versions'].items() if version is None]
    return f'Not installed, so not run: {"; ".join(names)}.' if names else 'All peers were installed.'


def _described(contents: list[bytes]) -> str:
    sizes = [Image.open(io.BytesIO(content)).size for content in contents]
    pixels = statistics.mean(width * height for width, height in sizes) / 1e6
    kilobytes = statistics.mean(map(len, contents)) / 1e3
    return f'{len(contents)} JPEG files, {pixels:.2f} megapixels and {kilobytes:.0f} kB on average'


def _timed(paths: Mapping[str, Callable[[], Any]], samples: int, rounds: int) -> dict[str, Any]:
    seconds = interleave(paths, rounds=rounds, clock=time.process_time)
    found = ratio(seconds['plain'], seconds['ours'])
    return {
        'per_second': {name: samples / statistics.median(times) for name, times in seconds.items()},
        'ratio': vars(found),
        'text': str(found),
    }


def _row(name: str, found: Mapping[str, Any]) -> tuple[str, ...]:
    rates = found['per_second']
    floor = f'{rates["floor"]:.0f}' if 'floor' in rates else '–'
    return name, f'{rates["plain"]:.0f}', f'{rates["ours"]:.0f}', floor, found['text']


def _decode(contents: list[bytes]) -> None:
    for content in contents:
        cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)


def _profile(contents: list[bytes], data: Any) -> dict[str, dict[str, float]]:
    """Microseconds of each stage for a sample with two views, both ways; each stage is run on the one before it."""
    torch.manual_seed(0)
    np.random.seed(0)
    plain: dict[str, float] = {}
    pictures, plain['decode'] = _stage(contents, lambda content: Image.open(io.BytesIO(content)).convert('RGB'))
    views: list[Any] = [picture for picture in pictures for _ in range(2)]
    for name, step in plain_steps(small=False, autoaugment=True):
        views, microseconds = _stage(views, step)
        plain[name] = 2 * microseconds

    ours: dict[str, float] = {}
    infos = [data.get_data_info(index) for index in range(len(data))]
    load, view, pack = data.pipeline.transforms
    assert isinstance(view, TwoView)
    samples, read = _stage(infos, lambda info: load(dict(info)))
    encoded = [sample['img'] for sample in samples]
    arrays, decode = _stage(encoded, lambda image: image.decode())
    ours['decode'] = read + decode
    current: list[Any] = [Pixels(array) for array in arrays for _ in range(2)]
    for name, step in zip(('crop', 'mirror', 'AutoAugment', 'colour jitter'), view.transforms, strict=True):
        current, microseconds = _stage(current, step.augment)
        ours[name] = 2 * microseconds
    tensors, microseconds = _stage(current, lambda image: planes(image.array))
    _, pack_time = _stage(infos, lambda info: pack({**info, 'img': tensors[:2]}))
    ours['to tensor'] = 2 * microseconds + pack_time
    return {'plain': plain, 'ours': ours}


def _stage(items: list[Any], step: Callable[[Any], Any]) -> tuple[list[Any], float]:
    best = float('inf')
    for _ in range(3):
        started = time.process_time()
        results = [step(item) for item in items]
        best = min(best, time.process_time() - started)
    return results, 1e6 * best / len(items)


def _profile_table(profile: Mapping[str, Mapping[str, float]]) -> Table:
    plain, ours = profile['plain'], profile['ours']
    rows = [
        (name, f'{time:.0f}', f'{ours[name]:.0f}' if name in ours else 'on the device') for name, time in plain.items()
    ]
    rows.append(('sum', f'{sum(plain.values()):.0f}', f'{sum(ours.values()):.0f}'))
    return Table(('stage, µs a sample', 'plain', 'ours'), rows)
