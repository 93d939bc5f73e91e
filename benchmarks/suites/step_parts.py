"""Where the time of a training's step goes: a recipe's own run, with its loader, its hooks and its log."""

from __future__ import annotations

import itertools
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.suites import detection_parts
from benchmarks.suites.data_paths import write_cifar, write_folder
from benchmarks.suites.parts import Parts
from benchmarks.suites.photographs import jpeg_files, small_images
from benchmarks.suites.suite import Options, Outcome, Section, Table, Text
from benchmarks.suites.timing import ratio

# What is neither the network nor the data is the rest of this list.
NETWORK = ('network, forward', 'network, backward', 'optimiser')
DATA = ('samples', 'batches')
# Recipe, images a step, steps that count, steps before them.
RUNS = {'WRN-40-2': ('wrn40-2_cutmix_aa_200e_cifar10.py', 32, 4), 'ResNet-50': ('resnet50_cutmix_aa_270e.py', 2, 2)}
_WARM_UP = 1
_CONFIGS = Path(__file__).parents[2] / 'configs' / 'agmax'


def run(options: Options) -> Outcome:
    """Measure the parts, and return the tables."""
    values: dict[str, Any] = {}
    sections = []
    for network, (recipe, images, steps) in RUNS.items():
        options.say(f'  {network}')
        steps = options.rounds or steps
        parts = measure(recipe, images, steps, options.images)
        whole = sum(parts.values())
        others = 100 * sum(seconds for part, seconds in parts.items() if part not in (*NETWORK, *DATA)) / whole
        values[network] = {'seconds': parts, 'images': images, 'steps': steps, 'others_percent': others}
        sections.append(
            Section(
                network,
                [
                    Text(
                        f'configs/agmax/{recipe}, two views of {images} images, the mean of {steps} steps. Neither '
                        f'network nor data: {others:.2f} %.'
                    ),
                    _table(parts),
                ],
            )
        )
    options.say('  Faster R-CNN')
    sections.append(_detector(options, values))
    options.say('  RoIAlign')
    sections.append(_align(options, values))
    lead = (
        "A recipe's own training on the processor in float32, with its loader, hooks, schedules and log: the time of "
        'the processor that each part of a step takes itself. Samples and batches are the data; the preprocessor '
        'mixes and normalises the batch. The third table is of fine-tuning a detector, the fourth of an operator of it.'
    )
    return Outcome('What a step is made of', lead, sections, values)


def _detector(options: Options, values: dict[str, Any]) -> Section:
    steps = options.rounds or 2
    parts = detection_parts.measure(1, steps, options.images)
    values['Faster R-CNN'] = {'seconds': parts, 'images': 1, 'steps': steps}
    return Section(
        'Faster R-CNN',
        [
            Text(
                f"configs/detection/{detection_parts.RECIPE}, one picture of the recipe's size and 512 of its regions, "
                f'the mean of {steps} steps, without loader and hooks. The data are ready. Backward passes of the '
                'network are one part, but that of RoIAlign.'
            ),
            _table(parts),
        ],
    )


def _align(options: Options, values: dict[str, Any]) -> Section:
    seconds = detection_parts.align_by_threads(options.rounds or 8)
    ratios = {count: ratio(seconds[1], found) for count, found in seconds.items()}
    values['RoIAlign'] = {
        count: {'seconds': statistics.median(found), 'speedup': asdict(ratios[count])}
        for count, found in seconds.items()
    }
    rows = [
        (str(count), f'{1000 * statistics.median(found):,.1f} ms', str(ratios[count]) if count > 1 else '1')
        for count, found in seconds.items()
    ]
    return Section(
        'RoIAlign on more threads',
        [
            Text(
                "The package's stand-in, forward and backward, 512 regions of 16 to 112 pixels of a map of "
                '256 x 150 x 250 for a picture of 600 x 1,000. Wall time, medians and quartiles of '
                f'{ratios[1].rounds} rounds.'
            ),
            Table(('threads', 'time', 'times as fast as on one'), rows),
        ],
    )


def _table(parts: dict[str, float]) -> Table:
    whole = sum(parts.values())
    ordered = sorted(parts.items(), key=lambda item: -item[1])
    rows = [(part, f'{1000 * seconds:,.1f} ms', f'{100 * seconds / whole:.2f} %') for part, seconds in ordered]
    return Table(('part', 'time', 'share'), rows)


def measure(recipe: str, images: int, steps: int, folder: Path | None, options: Sequence[str] = ()) -> dict[str, float]:
    """Seconds of each part of a step, the mean over the steps.

    Args:
        recipe: Name of a config of AgMax.
        images: Images of a step.
        steps: Steps that count.
        folder: Photographs to train on, as in :func:`~benchmarks.suites.photographs.jpeg_files`.
        options: More options, as behind ``--cfg-options``.
    """
    from agmax_mm.engine import launch
    from agmax_mm.engine.options import parse_options
    from agmax_mm.engine.runner import Runner

    count = images * (steps + _WARM_UP)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        contents = jpeg_files(folder, min(count, 64))
        if 'cifar' in recipe:
            write_cifar(small_images(contents, 5 * -(-count // 5)), place / 'data')
        else:
            write_folder([contents[index % len(contents)] for index in range(count)], place / 'data')
        given: dict[str, Any] = {'train_dataloader.num_workers': 0}
        given |= {'train_dataloader.dataset.data_root': str(place / 'data'), 'total_batch_size': images}
        given |= {'train_cfg.max_epochs': 1, **parse_options(list(options))}
        config = launch.prepare(str(_CONFIGS / recipe), str(place / 'run'), 'none', given)
        config.val_dataloader = config.val_cfg = config.val_evaluator = None
        return _watched(Runner.from_cfg(config), steps)


def _watched(runner: Any, steps: int) -> dict[str, float]:
    parts = Parts()
    loop, model = runner.train_loop, runner.model
    loader = loop.dataloader
    batches = loader._get_iterator

    def timed_batches() -> Iterator[Any]:
        iterator = batches()
        while True:
            with parts.part('batches'):
                batch = next(iterator, None)
            if batch is None:
                return
            yield batch

    loader._get_iterator = timed_batches
    parts.watch(loader.dataset, 'prepare_data', 'samples')
    parts.watch(model.data_preprocessor, 'forward', 'preprocessor')
    for module in (model.backbone, model.neck, model.head):
        parts.watch(module, 'forward', 'network, forward')
    parts.watch(model.head, 'loss', 'losses')
    parts.watch(model.agreement, 'forward', 'agreement')
    parts.watch(runner, 'call_hook', 'hooks')
    step, made = loop.run_iter, itertools.count(1)

    def run_iter(*args: Any) -> None:
        number = next(made)
        if number == 1:  # schedules look at the methods before they begin
            for method, name in (('backward', NETWORK[1]), ('step', NETWORK[2]), ('zero_grad', NETWORK[2])):
                parts.watch(runner.optim_wrapper, method, name)
        if number == _WARM_UP + 1:
            parts.reset()
        with parts.part('the rest of the step'):
            step(*args)

    loop.run_iter = run_iter
    found: dict[str, float] = {}
    after = runner.call_hook

    def call_hook(name: str, **kwargs: Any) -> None:
        after(name, **kwargs)
        if name == 'after_train_iter' and kwargs['batch_idx'] + 1 == steps + _WARM_UP:
            found.update({part: seconds / steps for part, seconds in parts.seconds.items()})

    runner.call_hook = call_hook
    runner.train()
    return found
