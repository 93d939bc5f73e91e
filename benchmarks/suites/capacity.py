"""The limit of training on many GPUs: compute, loader or network. A calculation, from stated assumptions.

``python -m benchmarks.suites.capacity`` writes ``docs/scaling.md`` from it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from agmax_mm.functional.joint import BLOCK_ROWS
from agmax_mm.models.agreements.pair_head import default_hid_channels
from benchmarks.suites.suite import Page, Section, Table, Text, render_markdown, write_text

# Images a second that one core decodes and augments, by the number of views; ``tools/benchmark.py data`` measures it.
IMAGES_PER_CORE = {1: 482.0, 2: 354.0}


@dataclass(frozen=True)
class Machine:
    """GPUs and what feeds them.

    Attributes:
        name: What they are.
        gpus: How many train together.
        flops: Operations a second that a GPU sustains in the network.
        wide_flops: Those that it sustains in the agreement's float32 matrix products.
        cores: Processor cores for each GPU.
        bus: Bytes a second of a ring reduction, as NCCL's tests report it ("bus bandwidth").
        latency: Seconds that a reduction takes however small it is.
    """

    name: str
    gpus: int
    flops: float = 0.2 * 312e12
    wide_flops: float = 10e12
    cores: int = 16
    bus: float = 230e9
    latency: float = 50e-6


@dataclass(frozen=True)
class Job:
    """A training run.

    Attributes:
        views: Views of each image.
        agreement: ``'none'``, ``'mi'`` or ``'mi_qnet'``.
        images: Images of a step on each GPU.
        classes: Number of classes.
        view_flops: Operations of the network's forward and backward pass for one view.
        parameters: The network's.
        images_per_core: Images a second that one core prepares with this number of views.
    """

    views: int
    agreement: str
    images: int
    classes: int = 1000
    view_flops: float = 3 * 2 * 4.1e9
    parameters: int = 25_557_032
    images_per_core: float = 100.0


@dataclass(frozen=True)
class Estimate:
    """Seconds that the parts of a step take, each by itself, and the step.

    Attributes:
        compute: The network and the agreement, on each GPU.
        loader: Preparing the images, on the cores.
        gradients: Reducing the gradients, which goes on during the backward pass, two thirds of the network's time.
        agreement: Reducing the agreement's statistics, which the forward pass waits for.
        waiting: What the GPUs wait for the network.
        step: The loader works beside the GPU: the longer of the two decides.
        limit: ``'compute'``, ``'loader'`` or ``'network'``.
    """

    compute: float
    loader: float
    gradients: float
    agreement: float
    waiting: float
    step: float
    limit: str


def statistics_bytes(agreement: str, classes: int) -> list[int]:
    """Bytes of each reduction in a step's forward pass, the same on every rank whatever its number of images.

    ``mi``: up to 512 classes the joint matrix in float32, ``4 K K``; from then on the marginals and the number of
    images in float64 and the blocks on and right of its diagonal, together about ``2 K (K + 512)``. ``mi_qnet``: three
    batch means and the number of images in float32.
    """
    if agreement == 'mi':
        if classes <= BLOCK_ROWS:
            return [4 * classes * classes]
        starts = range(0, classes, BLOCK_ROWS)
        return [8 * (classes + 1), *(4 * min(BLOCK_ROWS, classes - start) * (classes - start) for start in starts)]
    return [4 * (3 * classes + 1)] if agreement == 'mi_qnet' else []


def pair_head_parameters(classes: int) -> int:
    """Parameters that ``mi_qnet`` adds, whose gradients are reduced with the network's."""
    width = default_hid_channels(classes)
    return (2 * classes + 1) * width + (width + 1) * classes


def estimate(machine: Machine, job: Job) -> Estimate:
    """The time of a step, and the part that limits it."""
    network = job.views * job.images * job.view_flops / machine.flops
    extra = 0.0
    if job.agreement == 'mi':
        extra = 6 * job.images * job.classes**2 / machine.wide_flops
    elif job.agreement == 'mi_qnet':
        extra = 6 * job.images * pair_head_parameters(job.classes) / machine.wide_flops
    parameters = job.parameters + (pair_head_parameters(job.classes) if job.agreement == 'mi_qnet' else 0)
    gradients = _reduction(machine, 4 * parameters)
    agreement = sum(_reduction(machine, size) for size in statistics_bytes(job.agreement, job.classes))
    waiting = agreement + max(0.0, gradients - 2 / 3 * network)
    compute = network + extra
    loader = job.images / (machine.cores * job.images_per_core)
    step = max(compute + waiting, loader)
    limit = 'loader' if loader >= compute + waiting else 'compute' if compute >= waiting else 'network'
    return Estimate(compute, loader, gradients, agreement, waiting, step, limit)


def _reduction(machine: Machine, size: int) -> float:
    return machine.latency + 2 * (machine.gpus - 1) / machine.gpus * size / machine.bus


_EIGHT = Machine('8 A100, NVLink', gpus=8)
_MACHINES = (
    _EIGHT,
    Machine('64 A100, InfiniBand', gpus=64, bus=150e9),
    Machine('64 A100, 25 Gb/s Ethernet', gpus=64, bus=3e9),
)
_JOBS = (
    Job(views=1, agreement='none', images=32, images_per_core=IMAGES_PER_CORE[1]),
    Job(views=2, agreement='none', images=32, images_per_core=IMAGES_PER_CORE[2]),
    Job(views=2, agreement='mi', images=32, images_per_core=IMAGES_PER_CORE[2]),
    Job(views=2, agreement='mi_qnet', images=32, images_per_core=IMAGES_PER_CORE[2]),
)


def page() -> Page:
    """The document."""
    machine, job = _EIGHT, _JOBS[0]
    wide = replace(_JOBS[2], classes=21841, parameters=job.parameters + (21841 - 1000) * 2049)
    return Page(
        'What limits many GPUs',
        'A calculation, not a measurement: ResNet-50 at 224 px on 8 and on 64 GPUs, 32 images on each GPU in a step, '
        'one view and two. `python -m benchmarks.suites.capacity` writes this page; the assumptions are arguments of '
        '`Machine` and `Job` there.',
        [
            Section(
                'Assumptions',
                [
                    Table(
                        ('what', 'value'),
                        [
                            ('forward and backward pass of a view', f'{job.view_flops / 1e9:.1f} GFLOP'),
                            ('sustained in bfloat16, a fifth of the peak', f'{machine.flops / 1e12:.0f} TFLOP/s'),
                            ('sustained in float32, for the agreement', f'{machine.wide_flops / 1e12:.0f} TFLOP/s'),
                            ('cores for each GPU', f'{machine.cores}'),
                            ('images a second and core, one view', f'{IMAGES_PER_CORE[1]:.0f}'),
                            ('images a second and core, two views', f'{IMAGES_PER_CORE[2]:.0f}'),
                            *((f'ring reduction, {each.name}', f'{each.bus / 1e9:.0f} GB/s') for each in _MACHINES),
                            ('a reduction takes at least', f'{1e6 * machine.latency:.0f} µs'),
                            ('gradients', f'{4 * job.parameters / 1e6:.0f} MB in float32'),
                        ],
                    ),
                    Text(
                        'A reduction over n ranks takes 2 (n - 1) / n times its bytes over the rate, and the latency. '
                        "That of the gradients goes on during the backward pass, two thirds of the network's time; "
                        "what is left over is waited for. The agreement's are in the forward pass and are waited for. "
                        'The loader works beside the GPUs, and the longer of the two decides. Evaluation, checkpoints '
                        'and start-up are left out.'
                    ),
                ],
            ),
            Section(
                'Steps',
                [
                    Table(_HEADER, [_row(each, run) for each in _MACHINES for run in _JOBS]),
                    Text(
                        f'So a GPU needs {_cores(machine, _JOBS[1]):.1f} cores for two views, and '
                        f'{_cores(machine, job):.1f} for one, of the kind that the images a second were measured on: '
                        'AutoAugment, files of 0.19 megapixels and 45 kB, a shared core, see `benchmarks/data.md`. '
                        "Larger files take more: decoding is nearly half of two views' time."
                    ),
                ],
            ),
            Section(
                '21,841 classes',
                [
                    Table(_HEADER, [_row(each, wide) for each in _MACHINES]),
                    Text(
                        f'mi reduces {sum(statistics_bytes("mi", 21841)) / 1e9:.2f} GB, however many images there are. '
                        f'Gathering all probabilities instead would send less below {(21841 + BLOCK_ROWS) // 2:,} '
                        'images over all processes, but each process would then compute the joint matrix of all of '
                        f'them. The pair head of mi_qnet would have {pair_head_parameters(21841) / 1e6:.0f} million '
                        'parameters.'
                    ),
                ],
            ),
        ],
    )


_HEADER = (
    'GPUs, views, agreement',
    'compute',
    'loader',
    'gradients',
    'statistics',
    'step',
    'images/s',
    'limit',
    'cores needed',
)


def _row(machine: Machine, job: Job) -> tuple[str, ...]:
    found = estimate(machine, job)
    times = (found.compute, found.loader, found.gradients, found.agreement, found.step)
    return (
        f'{machine.name}, {job.views}, {job.agreement}',
        *(f'{1000 * seconds:.3g} ms' for seconds in times),
        f'{machine.gpus * job.images / found.step:,.0f}',
        found.limit,
        f'{_cores(machine, job):.1f}',
    )


def _cores(machine: Machine, job: Job) -> float:
    """Cores for each GPU with which the loader just keeps up."""
    found = estimate(machine, job)
    return machine.cores * found.loader / (found.compute + found.waiting)


if __name__ == '__main__':
    write_text(render_markdown(page()), Path('docs/scaling.md'))
