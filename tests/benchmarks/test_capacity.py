"""The calculation for many GPUs, against numbers worked by hand and against what is sent."""

from pathlib import Path

import pytest
import torch

from agmax_mm.models.agreements.pair_head import PairHead
from agmax_mm.results.page import render_markdown
from benchmarks.suites import capacity, scaling
from benchmarks.suites.capacity import Job, Machine, estimate, pair_head_parameters, statistics_bytes
from tests.ranks import run_ranks

MACHINE = Machine('hand', gpus=4, flops=1e12, wide_flops=1e12, cores=10, bus=1e9, latency=0.0)
JOB = Job(views=1, agreement='none', images=100, view_flops=3e9, parameters=10_000_000, images_per_core=1000)


def test_a_step_worked_by_hand():
    found = estimate(MACHINE, JOB)
    assert found.compute == pytest.approx(0.3)  # 100 x 3e9 / 1e12
    assert found.loader == pytest.approx(0.01)  # 100 / (10 x 1000)
    assert found.gradients == pytest.approx(0.06)  # 2 x 3/4 x 40 MB at 1 GB/s, hidden behind 0.2 s of backward pass
    assert (found.agreement, found.waiting, found.limit) == (0, 0, 'compute')
    assert found.step == found.compute


@pytest.mark.parametrize(
    ('machine', 'job', 'step', 'limit'),
    [
        (dict(cores=1), dict(images_per_core=100), 1.0, 'loader'),
        (dict(bus=1e8), dict(), 0.3 + 0.6 - 0.2, 'network'),
        (dict(bus=2e8), dict(), 0.3 + 0.3 - 0.2, 'compute'),
        (dict(), dict(views=2), 0.6, 'compute'),
        # 6 x 100 x 100 x 100 operations; 4 x 100 x 100 bytes.
        (dict(), dict(agreement='mi', classes=100), 0.3 + 6e-6 + 1.5 * 40_000e-9, 'compute'),
    ],
)
def test_what_limits(machine, job, step, limit):
    found = estimate(Machine(**{**MACHINE.__dict__, **machine}), Job(**{**JOB.__dict__, **job}))
    assert found.step == pytest.approx(step)
    assert found.limit == limit


@pytest.mark.parametrize('classes', [2, 10, 100, 1000])
def test_parameters_of_the_pair_head(classes):
    with torch.device('meta'):
        head = PairHead(classes)
    assert sum(parameter.numel() for parameter in head.parameters()) == pair_head_parameters(classes)


def _sent(rank):
    return [scaling._sent(agreement, classes) for agreement in ('mi', 'mi_qnet') for classes in (10, 512, 1000, 1500)]


def test_bytes_are_those_that_are_sent(tmp_path):
    calculated = [
        sum(statistics_bytes(agreement, classes))
        for agreement in ('mi', 'mi_qnet')
        for classes in (10, 512, 1000, 1500)
    ]
    assert calculated[:2] == [4 * 10**2, 4 * 512**2]
    assert calculated[2] == 8 * 1001 + 4 * (512 * 1000 + 488 * 488)
    assert run_ranks(_sent, 2, tmp_path) == [calculated] * 2
    assert statistics_bytes('none', 1000) == []


def test_the_document_is_the_calculation():
    path = Path(__file__).parents[2] / 'docs' / 'scaling.md'
    expected = render_markdown(capacity.page())
    assert path.read_text(encoding='utf-8') == expected, 'python -m benchmarks.suites.capacity'
