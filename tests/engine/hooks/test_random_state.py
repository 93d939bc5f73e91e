"""A resumed run equals the uninterrupted one, whatever the loader's workers did; no epoch repeats another's draws."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler, InfiniteSampler
from mmengine.logging import MessageHub
from torch.utils.data import BatchSampler, DataLoader, Dataset

from agmax_mm.engine.hooks import RandomStateHook
from agmax_mm.engine.launch import train
from agmax_mm.engine.options import parse_options
from agmax_mm.engine.seeding import seed_samples
from agmax_mm.randomness import seed_generators, seeded
from tests.ranks import run_ranks

ROOT = Path(__file__).parents[3]
CIFAR = 'configs/agmax/wrn40-2_cutmix_aa_200e_cifar10.py'
EPOCHS = 4
IMAGES, BATCH = 9, 2


class Draws(Dataset):
    """Three numbers a sample, one of each global generator."""

    def __len__(self):
        return IMAGES

    def __getitem__(self, index):
        return torch.tensor([index, random.random(), np.random.random(), torch.rand(()).item()], dtype=torch.float64)


def loader(sampler=DefaultSampler, seed=5, workers=0, persistent=False):
    dataset = Draws()
    # The seed of its own is another in each process that starts a run without one.
    made = DataLoader(
        dataset, BATCH, sampler=sampler(dataset, seed=workers), num_workers=workers, persistent_workers=persistent
    )
    assert seed_samples(made, seed)
    return made


def epoch(made, number):
    made.sampler.set_epoch(number)
    return torch.cat(list(made))


def test_draws_depend_on_the_epoch_and_place_alone():
    here = loader()
    first, second = epoch(here, 0), epoch(here, 1)
    for workers, persistent in ((1, False), (2, True)):
        there = loader(workers=workers, persistent=persistent)
        assert torch.equal(epoch(there, 0), first)
        assert torch.equal(epoch(there, 1), second)
    # Neither samples nor epochs share a draw, and the order of the samples is another.
    drawn = torch.cat([first, second])[:, 1:].flatten()
    assert len(drawn.unique()) == 2 * IMAGES * 3
    assert sorted(first[:, 0]) == sorted(second[:, 0]) == list(range(IMAGES))
    assert not torch.equal(first[:, 0], second[:, 0])
    # A run resumed after the first epoch has a new loader.
    assert torch.equal(epoch(loader(), 1), second)
    assert not torch.equal(epoch(loader(seed=6), 1), second)


def test_an_endless_sampler_goes_on_from_the_middle_and_never_repeats():
    stream = iter(loader(InfiniteSampler))
    batches = [next(stream) for _ in range(12)]
    assert len(torch.cat(batches)[:, 1].unique()) == 24
    resumed = loader(InfiniteSampler, workers=1)
    resumed.sampler.skip(7 * BATCH)
    stream = iter(resumed)
    assert all(torch.equal(next(stream), batches[index]) for index in range(7, 12))


def test_processes_share_the_stream():
    alone = epoch(loader(), 3)
    parts = []
    for rank in range(2):
        made = loader()
        made.sampler.rank, made.sampler.world_size = rank, 2
        made.sampler.total_size = IMAGES + 1  # rounded up: the first one again
        parts.append(epoch(made, 3))
    together = torch.stack(parts, dim=1).flatten(0, 1)
    assert torch.equal(together[:IMAGES], alone)
    assert together[IMAGES, 0] == alone[0, 0]
    assert together[IMAGES, 1] != alone[0, 1]


def test_the_sampler_stays_what_it_was():
    made = loader(InfiniteSampler)
    assert isinstance(made.sampler, InfiniteSampler)
    assert made.sampler.seed == 5
    assert not hasattr(loader().sampler, 'skip')
    batches = BatchSampler([3, 1, 2], 2, drop_last=False)
    assert not seed_samples(DataLoader(Draws(), batch_sampler=batches), 0)


def test_drawing_a_sample_leaves_the_generators_alone():
    def draw():
        return random.random(), np.random.random(), torch.rand(()).item()

    seed_generators(1, 2)
    undisturbed = [draw() for _ in range(2)]
    seed_generators(1, 2)
    with_sample = [draw()]
    with seeded(7):
        sample = draw()
    with_sample.append(draw())
    assert with_sample == undisturbed
    assert sample not in undisturbed
    with seeded(7):
        assert draw() == sample
    with seeded(8):
        assert draw() != sample


@pytest.fixture(scope='module')
def cifar(tmp_path_factory):
    root = tmp_path_factory.mktemp('cifar')
    generator = np.random.default_rng(0)
    for split in ('train', 'test'):
        for label in range(10):
            folder = root / 'data' / split / str(label)
            folder.mkdir(parents=True)
            for index in range(3):
                image = generator.integers(0, 256, (32, 32, 3), dtype=np.uint8)
                cv2.imwrite(str(folder / f'{index}.png'), image)
    return root


def options(root, workers):
    return [
        f'train_dataloader.dataset.data_root={root}/data',
        'model.backbone.depth=10',
        'model.backbone.widen_factor=1',
        'model.head.in_channels=64',
        'train_dataloader.batch_size=8',
        f'train_cfg.max_epochs={EPOCHS}',
        # An uneven learning rate, so that a wrong step would show.
        f'param_scheduler.T_max={EPOCHS}',
        f'train_dataloader.num_workers={workers}',
        'train_dataloader.persistent_workers=False',
        'val_dataloader.num_workers=0',
        'test_dataloader.num_workers=0',
    ]


def run(root, name, workers, **arguments):
    train(CIFAR, work_dir=str(root / name), options=parse_options(options(root, workers)), **arguments)
    return weights(root / name)


def weights(folder, number=EPOCHS):
    return torch.load(folder / f'epoch_{number}.pth', weights_only=False)['state_dict']


def equal(one, other):
    assert one.keys() == other.keys()
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope='module')
def uninterrupted(cifar):
    """Two views, CutMix and AutoAugment, for four epochs; checkpoints of the last two are kept."""
    return run(cifar, 'whole', 0, seed=3)


def test_resumed_without_workers(cifar, uninterrupted):
    shutil.copytree(cifar / 'whole', cifar / 'resumed')
    (cifar / 'resumed/epoch_4.pth').unlink()
    (cifar / 'resumed/last_checkpoint').write_text(str(cifar / 'resumed/epoch_3.pth'))
    # The seed comes from the checkpoint.
    assert equal(run(cifar, 'resumed', 0, resume=True), uninterrupted)
    assert not equal(weights(cifar / 'resumed', 3), uninterrupted)


def test_killed_and_resumed_with_workers(cifar, uninterrupted):
    """Not only does it equal an uninterrupted run with workers: that one equals the run without."""
    folder = cifar / 'killed'
    command = [sys.executable, 'tools/train.py', CIFAR, '--work-dir', folder, '--seed', '3', '--cfg-options']
    process = subprocess.Popen(
        [str(part) for part in [*command, *options(cifar, 2)]],
        cwd=ROOT,
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # so that the workers are killed, too
    )
    noted = folder / 'last_checkpoint'
    while process.poll() is None and not (noted.is_file() and 'epoch_2' in noted.read_text()):
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (folder / 'epoch_4.pth').exists()
    assert equal(run(cifar, 'killed', 2, resume=True), uninterrupted)


def _first_draws(rank):
    """What a rank draws in a step, where the host has seeded ranks differently."""
    hook = RandomStateHook()
    runner = SimpleNamespace(
        seed=5 + rank,
        iter=3,
        message_hub=MessageHub.get_instance(f'rank{rank}'),
        train_dataloader=DataLoader(Draws()),
    )
    hook.before_train(runner)
    draws = []
    for _ in range(2):
        hook.before_train_iter(runner, 0)
        draws.append([torch.rand(()).item(), np.random.rand()])
    return draws


def test_ranks_draw_apart_and_each_step_alone(tmp_path):
    (first, again), (other, _) = run_ranks(_first_draws, 2, tmp_path)
    assert first == again
    assert all(one != two for one, two in zip(first, other, strict=True))


def test_a_plain_list_cannot_be_seeded_and_says_so():
    assert not seed_samples(DataLoader([1, 2, 3]), 5)
