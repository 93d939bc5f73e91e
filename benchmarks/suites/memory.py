"""Memory of a training step: two views, half precision, activation checkpointing."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import Any

import torch

from agmax_mm.engine.hooks.run_record import peak_memory_mb
from benchmarks.suites.suite import Options, Outcome, Section, Table, Text
from benchmarks.suites.training_step import Form, make_step

# All of them show the network 32 images.
_FORMS = {
    'plain': Form(views=1, images=32),
    'two views, none': Form(images=16),
    'two views, mi': Form(images=16, agreement='mi'),
    'two views, mi_qnet': Form(images=16, agreement='mi_qnet'),
}
_SAVERS: dict[str, dict[str, Any]] = {
    'as it is': {},
    'checkpointing': {'checkpointing': True},
    'bfloat16': {'half': True, 'channels_last': True},
    'bfloat16 and checkpointing': {'half': True, 'channels_last': True, 'checkpointing': True},
}


def run(options: Options) -> Outcome:
    """Measure the forms, and return the tables."""
    rounds = options.rounds or 2
    values: dict[str, Any] = {}
    plain = _measured('plain', _FORMS['plain'], rounds, options, values)
    rows = [('plain', f'{plain["peak_mb"]:.0f} MB', '1')]
    for name, form in list(_FORMS.items())[1:]:
        found = _measured(name, form, rounds, options, values)
        rows.append((name, f'{found["peak_mb"]:.0f} MB', f'{found["peak_mb"] / plain["peak_mb"]:.3f}'))
    views = Section('Two views against one', [Table(('step', 'peak', 'of plain'), rows)])
    savings = []
    base = values['two views, mi']
    for name, changes in _SAVERS.items():
        form = replace(_FORMS['two views, mi'], **changes)
        found = _measured(name, form, rounds, options, values) if changes else base
        ratios = found['peak_mb'] / base['peak_mb'], found['seconds'] / base['seconds']
        savings.append((name, f'{found["peak_mb"]:.0f} MB', f'{ratios[0]:.2f}', f'{ratios[1]:.2f}'))
    savers = Section(
        'What saves memory, and its price',
        [
            Text(
                '`--cfg-options activation_checkpointing=True` keeps the inputs of the residual blocks alone and '
                'computes the rest again in the backward pass; losses, gradients and statistics are the same.'
            ),
            Table(('two views, mi', 'peak', 'of the first', 'time of the first'), savings),
        ],
    )
    lead = (
        'Training steps of ResNet-50 at 224 px that show the network 32 images, as one view of 32 or two views of 16. '
        'Peak of the resident memory over that of the process before the first step, which holds the libraries and the '
        'weights; each step in a process of its own, in processor time.'
    )
    return Outcome('Memory of the training step', lead, [views, savers], values)


def _measured(name: str, form: Form, rounds: int, options: Options, values: dict[str, Any]) -> dict[str, float]:
    options.say(name)
    # What a process has once used, its allocator may keep: each form gets a new one.
    context = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        values[name] = pool.submit(_probe, form, rounds, options.threads).result()
    return dict(values[name])


def _probe(form: Form, rounds: int, threads: int) -> dict[str, float]:
    torch.set_num_threads(threads)
    step = make_step(form)
    before = peak_memory_mb()
    step()
    seconds = []
    for _ in range(rounds):
        started = time.process_time()
        step()
        seconds.append(time.process_time() - started)
    return {'peak_mb': peak_memory_mb() - before, 'seconds': statistics.median(seconds)}
