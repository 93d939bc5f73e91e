"""Cost of a training step: the agreement, the precision, the layout, compilation."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import torch
from torch import Tensor

from benchmarks.suites.suite import Options, Outcome, Section, Table, Text
from benchmarks.suites.timing import interleave, ratio
from benchmarks.suites.training_step import NETWORKS, Form, build_model, make_step

_AGREEMENTS = ('mi', 'mi_qnet')
_PRECISIONS: dict[str, dict[str, bool]] = {
    'float32': {},
    'float32, channels last': {'channels_last': True},
    'bfloat16': {'half': True},
    'bfloat16, channels last': {'half': True, 'channels_last': True},
}
_IMAGES = {'ResNet-50': 32, 'WRN-40-2': 64}


def run(options: Options) -> Outcome:
    """Measure the steps, and return the tables."""
    rounds = options.rounds or 3
    values: dict[str, Any] = {}
    sections = [
        _agreement_alone(rounds, options, values),
        _agreement_in_steps(rounds, options, values),
        _second_view(rounds, options, values),
        _precision(rounds, options, values),
        _compilation(rounds, options, values),
    ]
    lead = (
        "Training steps of the recipes' networks on two views of noise, from the loader's uint8 images to the updated "
        'weights. Forms take turns in one process; ratios are taken round by round, and their median and quartiles '
        'shown. With one thread the times are those of the processor.'
    )
    return Outcome('The training step', lead, sections, values)


def _clock(options: Options) -> Callable[[], float]:
    """The processor's time, which other programs don't take part of, unless threads wait for each other."""
    return time.process_time if options.threads == 1 else time.perf_counter


def _agreement_alone(rounds: int, options: Options, values: dict[str, Any]) -> Section:
    options.say('the agreement alone')
    rows = []
    for half in (False, True):
        form = Form(images=_IMAGES['ResNet-50'], half=half, channels_last=half)
        step = {'step': make_step(form)}
        whole = statistics.median(interleave(step, rounds=rounds, clock=_clock(options))['step'])
        terms = {name: _agreement_step(name, form) for name in _AGREEMENTS}
        times = interleave(terms, rounds=20 * rounds, warmup=3, clock=_clock(options))
        for name, seconds in times.items():
            median = statistics.median(seconds)
            precision = 'bfloat16' if half else 'float32'
            values[f'agreement_alone/{name}/{precision}'] = {
                'seconds': median,
                'step_seconds': whole,
                'percent': 100 * median / whole,
            }
            rows.append((name, precision, f'{1000 * median:.1f} ms', f'{whole:.2f} s', f'{100 * median / whole:.2f} %'))
    return Section(
        "The agreement's own cost, measured by itself",
        [
            Text(
                f'Forward and backward pass of the term, with the update of its parameters, at 1000 classes and '
                f'{_IMAGES["ResNet-50"]} images, against the two-view step of ResNet-50 at 224 px without it.'
            ),
            Table(('agreement', 'precision', 'its time', 'step without', 'share'), rows),
        ],
    )


def _agreement_step(name: str, form: Form) -> Callable[[], None]:
    agreement: Any = build_model(Form(agreement=name)).agreement
    parameters = list(agreement.parameters())
    optimizer = torch.optim.SGD(parameters, lr=1e-3, momentum=0.9) if parameters else None
    logits = torch.randn(form.views * form.images, NETWORKS[form.network][2]).requires_grad_()

    def step() -> None:
        with torch.autocast('cpu', dtype=torch.bfloat16, enabled=form.half):
            outputs: dict[str, Tensor] = agreement(logits.chunk(form.views))
        sum(value for key, value in outputs.items() if 'loss' in key).backward()  # type: ignore[union-attr]
        logits.grad = None
        if optimizer is not None:
            optimizer.step()
            optimizer.zero_grad()

    return step


def _agreement_in_steps(rounds: int, options: Options, values: dict[str, Any]) -> Section:
    options.say('steps with and without agreement')
    form = Form(images=_IMAGES['ResNet-50'], half=True, channels_last=True)
    arms = {name: make_step(replace(form, agreement=name)) for name in ('none', *_AGREEMENTS)}
    times = interleave(arms, rounds=rounds, clock=_clock(options))
    rows = []
    for name in _AGREEMENTS:
        over = ratio(times[name], times['none'])
        values[f'agreement_in_steps/{name}'] = asdict(over)
        rows.append((name, str(over)))
    return Section(
        'Steps with agreement over steps without',
        [
            Text('The same by whole steps in bfloat16. The difference is small beside what the steps vary by.'),
            Table(('agreement', 'ratio'), rows),
        ],
    )


def _second_view(rounds: int, options: Options, values: dict[str, Any]) -> Section:
    options.say('the cheap second view')
    plain = Form(images=_IMAGES['ResNet-50'] // 2, views=1, half=True, channels_last=True)
    full = replace(plain, views=2, agreement='mi')
    arms = {
        'one view': plain,
        'two views': full,
        'second view at 0.7 of the side': replace(full, scale=0.7),
        'second view on half of the images': replace(full, share=0.5),
        'both': replace(full, scale=0.7, share=0.5),
    }
    times = interleave({name: make_step(form) for name, form in arms.items()}, rounds=rounds, clock=_clock(options))
    rows = []
    for name, seconds in times.items():
        over = ratio(seconds, times['one view'])
        values[f'second_view/{name}'] = {**asdict(over), 'seconds': statistics.median(seconds)}
        rows.append((name, f'{statistics.median(seconds):.2f} s', str(over)))
    return Section(
        'The cheap second view',
        [
            Text(f'ResNet-50 at 224 px, {plain.images} images, bfloat16, mi: over the plain step with one view.'),
            Table(('step', 'time', 'over one view'), rows),
        ],
    )


def _precision(rounds: int, options: Options, values: dict[str, Any]) -> Section:
    rows = []
    for network, images in _IMAGES.items():
        options.say(f'precision, {network}')
        arms = {
            name: make_step(Form(network=network, images=images // 2, agreement='mi', **settings))
            for name, settings in _PRECISIONS.items()
        }
        times = interleave(arms, rounds=rounds, clock=_clock(options))
        for name, seconds in times.items():
            gain = ratio(times['float32'], seconds)
            values[f'precision/{network}/{name}'] = {**asdict(gain), 'seconds': statistics.median(seconds)}
            side = NETWORKS[network][3]
            rows.append((f'{network}, {side} px', name, f'{statistics.median(seconds):.2f} s', str(gain)))
    return Section(
        'Precision and layout',
        [
            Text(
                'Two-view steps with mi. `--amp` takes bfloat16 and channels last where a few steps at the start say '
                'that this is faster. Processors with AMX gain more.'
            ),
            Table(('network', 'form', 'step', 'times as fast as float32'), rows),
        ],
    )


def _compilation(rounds: int, options: Options, values: dict[str, Any]) -> Section:
    options.say('compilation')
    form = Form(network='WRN-40-2', images=_IMAGES['WRN-40-2'] // 2, agreement='mi')
    compiled = make_step(replace(form, compiled=True))
    started = time.perf_counter()
    first = compiled()
    first_step = time.perf_counter() - started
    plain = make_step(form)
    difference = abs(float(plain()['loss'].detach() - first['loss'].detach()))
    times = interleave({'plain': plain, 'compiled': compiled}, rounds=rounds, clock=_clock(options))
    gain = ratio(times['plain'], times['compiled'])
    values['compile'] = {**asdict(gain), 'first_step_seconds': first_step, 'loss_difference': difference}
    rows = [(form.network, f'{first_step:.0f} s', str(gain), f'{difference:.1e}')]
    return Section(
        'torch.compile',
        [
            Text('`--cfg-options compile=True`, in float32, against the same step without.'),
            Table(('network', 'first step', 'times as fast', "first losses' difference"), rows),
        ],
    )
