"""One and two processes: the step, and the bytes that the agreement sends."""

from __future__ import annotations

import contextlib
import json
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmpretrain.structures import DataSample
from torch import Tensor
from torchvision.io import ImageReadMode, decode_jpeg

from agmax_mm.fileio import write_json
from agmax_mm.functional import mutual_information, pair_entropy
from benchmarks.suites.capacity import pair_head_parameters, statistics_bytes
from benchmarks.suites.photographs import jpeg_files
from benchmarks.suites.suite import Options, Outcome, Section, Table, Text
from benchmarks.suites.timing import interleave, ratio
from benchmarks.suites.training_step import Form, build_model

_VIEWS, _SIDE = 16, 112
_FORMS = {
    'plain': Form(views=1, images=_VIEWS),
    'two views, mi': Form(images=_VIEWS // 2, agreement='mi'),
    'two views, mi_qnet': Form(images=_VIEWS // 2, agreement='mi_qnet'),
}
_CLASSES = (10, 1000, 21841)


def run(options: Options) -> Outcome:
    """Measure one and two processes, and return the tables."""
    with tempfile.TemporaryDirectory() as folder:
        mp.start_processes(_rank, args=(folder, replace(options, say=print)), nprocs=2, start_method='spawn')
        measured = json.loads((Path(folder) / 'measured.json').read_text(encoding='utf-8'))
    values: dict[str, Any] = {'steps': {}, 'bytes': measured['bytes']}
    rows = []
    for name, seconds in measured['seconds'].items():
        kept = ratio(seconds['alone'], seconds['exchanging'])
        machine = ratio(seconds['alone'], seconds['side by side'])
        overlap = measured['overlap'][name]
        values['steps'][name] = {
            'efficiency': kept.__dict__,
            'without_exchange': machine.__dict__,
            'seconds': seconds,
            'overlap': overlap,
        }
        alone = f'{statistics.median(seconds["alone"]):.2f} s'
        rows.append((name, alone, str(machine), str(kept), f'{100 * overlap:.0f} %'))
    steps = Section(
        'From one process to two',
        [
            Text(
                f'ResNet-50, 1000 classes, {_VIEWS} views of {_SIDE} px of photographs in each process. '
                'Efficiency is the time of a step in one process while the other rests, over that of both. Without '
                "exchange, both train apart at the same time: what they lose then is the machine's doing, such as "
                'memory that is shared. The gradients are reduced in buckets of 25 MB while the backward pass goes on: '
                'overlap is the share of the time of their reduction during which it does.'
            ),
            Table(('step', 'one process', 'efficiency without exchange', 'efficiency', 'overlap'), rows),
        ],
    )
    sent = Section(
        'Bytes that the agreement reduces in a step',
        [
            Text(
                'By each process, all of them in the forward pass, however many images there are. For mi: 4 K K up '
                'to 512 classes; from then on 8 (K + 1) for the marginals, and 4 R C for each block of R = 512 rows '
                'and the C columns from its diagonal on, together about 2 K (K + 512). For mi_qnet: 4 (3 K + 1), and '
                "its pair head has gradients, which are reduced with the network's."
            ),
            Table(
                ('agreement, classes', 'calculated', 'measured', 'gradients of the pair head'),
                [_bytes_row(name, classes, measured['bytes']) for name in ('mi', 'mi_qnet') for classes in _CLASSES],
            ),
        ],
    )
    lead = (
        'Training steps in one and in two processes with Gloo on one machine, and what is sent. What limits many GPUs '
        'is calculated in docs/scaling.md.'
    )
    return Outcome('Processes', lead, [steps, sent], values)


def _bytes_row(agreement: str, classes: int, measured: dict[str, int]) -> tuple[str, ...]:
    head = 4 * pair_head_parameters(classes) if agreement == 'mi_qnet' else 0
    return (
        f'{agreement}, {classes}',
        f'{sum(statistics_bytes(agreement, classes)):,}',
        f'{measured[f"{agreement}/{classes}"]:,}',
        f'{head:,}',
    )


def _rank(rank: int, folder: str, options: Options) -> None:
    torch.set_num_threads(options.threads)
    dist.init_process_group('gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2)
    seconds, overlap = {}, {}
    for name, form in _FORMS.items():
        seconds[name], overlap[name] = _times(form, options)
    sent = {
        f'{agreement}/{classes}': _sent(agreement, classes) for agreement in ('mi', 'mi_qnet') for classes in _CLASSES
    }
    if rank == 0:
        write_json({'seconds': seconds, 'overlap': overlap, 'bytes': sent}, Path(folder) / 'measured.json')
    dist.destroy_process_group()


def _times(form: Form, options: Options) -> tuple[dict[str, list[float]], float]:
    """Seconds of each round of the step alone, side by side without exchange, and exchanging; share of overlap."""
    model: Any = MMDistributedDataParallel(module=build_model(form), broadcast_buffers=False)
    optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9))
    views = [_photographs(options.images, form.images) for _ in range(form.views)]
    agreement = model.module.agreement

    def step(exchange: bool, ranks: int) -> None:
        dist.barrier()
        if dist.get_rank() < ranks:
            if agreement is not None:
                agreement.global_batch = exchange
            samples = [DataSample().set_gt_label(label) for label in range(form.images)]
            data = {'inputs': views if form.views > 1 else views[0], 'data_samples': samples}
            with contextlib.nullcontext() if exchange else model.no_sync():
                model.train_step(data, optimizer)
        dist.barrier()

    # With its second exchanging step DistributedDataParallel has sorted its buckets, which takes both ranks.
    for _ in range(2):
        step(exchange=True, ranks=2)
    # Both ranks run all arms in the same order: they meet at the barriers.
    seconds = interleave(
        {
            'alone': lambda: step(exchange=False, ranks=1),
            'side by side': lambda: step(exchange=False, ranks=2),
            'exchanging': lambda: step(exchange=True, ranks=2),
        },
        rounds=options.rounds or 5,
        warmup=0,
    )
    record = model._get_ddp_logging_data()
    return seconds, record['avg_backward_compute_comm_overlap_time'] / record['avg_backward_comm_time']


def _photographs(folder: Path | None, count: int) -> list[Tensor]:
    """Random crops, RGB in uint8, shape ``(3, _SIDE, _SIDE)``."""
    generator = torch.Generator().manual_seed(dist.get_rank())
    crops = []
    contents = jpeg_files(folder, count)
    for index in range(count):
        content = contents[index % len(contents)]
        picture = decode_jpeg(torch.frombuffer(bytearray(content), dtype=torch.uint8), mode=ImageReadMode.RGB)
        if min(picture.shape[1:]) < _SIDE:
            raise ValueError(f'--images: expected pictures of {_SIDE} pixels a side, got {tuple(picture.shape[1:])}')
        top, left = (int(torch.randint(size - _SIDE + 1, (), generator=generator)) for size in picture.shape[1:])
        crops.append(picture[:, top : top + _SIDE, left : left + _SIDE].contiguous())
    return crops


def _sent(agreement: str, classes: int) -> int:
    """Bytes that this process gives to reductions in a forward and backward pass of the agreement's statistics."""
    views = [torch.randn(2, classes).requires_grad_() for _ in range(3)]
    with counted_bytes() as counts:
        if agreement == 'mi':
            value = mutual_information(*views[:2], group=dist.group.WORLD)
        else:
            value = pair_entropy(*views, group=dist.group.WORLD)
        value.backward()
    return sum(counts)


@contextlib.contextmanager
def counted_bytes() -> Iterator[list[int]]:
    """The bytes of each reduction that Python code asks for meanwhile; DistributedDataParallel's are not among them."""
    counts: list[int] = []
    all_reduce = dist.all_reduce

    def counting(tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
        counts.append(tensor.nbytes)
        return all_reduce(tensor, *args, **kwargs)

    dist.all_reduce = counting
    try:
        yield counts
    finally:
        dist.all_reduce = all_reduce
