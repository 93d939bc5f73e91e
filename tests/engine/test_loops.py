"""Loops that begin within an epoch, and know when the host would validate."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from mmdet.datasets import AspectRatioBatchSampler
from mmengine.dataset import DefaultSampler
from mmengine.optim import OptimWrapper
from torch.utils.data import DataLoader, Dataset

from agmax_mm.engine.loops import EpochTrainLoop, IterTrainLoop, may_stop, skip_batches, validation_is_due
from agmax_mm.engine.seeding import seed_samples


class Numbers(Dataset):
    """Ten numbers, as images of two shapes in turn."""

    def __len__(self):
        return 10

    def __getitem__(self, index):
        return index, torch.rand(()).item()

    def get_data_info(self, index):
        return {'width': 2 if index % 3 else 1, 'height': 1.5}


def loader(workers=0, by_shape=False):
    data = Numbers()
    sampler = DefaultSampler(data, shuffle=True, seed=0)
    if by_shape:
        made = DataLoader(data, batch_sampler=AspectRatioBatchSampler(sampler, 3), num_workers=workers)
    else:
        made = DataLoader(data, 3, sampler=sampler, num_workers=workers)
    assert seed_samples(made, 5)
    return made


def batches(made):
    return [[part.tolist() for part in batch] for batch in made]


@pytest.mark.parametrize('by_shape', [False, True])
def test_the_rest_of_an_epoch_is_that_of_the_whole_epoch(by_shape):
    whole = batches(loader(by_shape=by_shape))
    for workers in (0, 1):
        made = loader(workers, by_shape)
        skip_batches(made, 2)
        assert len(made) == len(loader(by_shape=by_shape))
        assert batches(made) == whole[2:]
        # Once: the next epoch is whole.
        assert batches(made) == whole
    skip_batches(made, 1)
    skip_batches(made, 0)  # no second wish
    assert batches(made) == whole[1:]


def runner_of(loop_type, **options):
    runner = SimpleNamespace(world_size=2, val_loop=object(), visualizer=SimpleNamespace())
    runner.train_loop = loop_type(runner, loader(), **options)
    return runner


def due(runner, **places):
    for name, value in places.items():
        setattr(runner.train_loop, f'_{name}', value)
    runner.iter = runner.train_loop.iter
    return validation_is_due(runner)


def test_validations_are_due_where_the_host_makes_them():
    runner = runner_of(EpochTrainLoop, max_epochs=5, val_begin=2, val_interval=2)
    assert [epoch for epoch in range(6) if due(runner, epoch=epoch, iter=4 * epoch)] == [2, 4, 5]
    assert not due(runner, epoch=4, iter=17, made=1)
    runner.val_loop = None
    assert not due(runner, epoch=4, iter=16, made=0)
    later = runner_of(EpochTrainLoop, max_epochs=6, val_interval=3, dynamic_intervals=[(5, 1)])
    assert [epoch for epoch in range(7) if due(later, epoch=epoch, iter=4 * epoch)] == [3, 4, 5, 6]
    steps = runner_of(IterTrainLoop, max_iters=7, val_interval=3)
    assert [step for step in range(8) if due(steps, iter=step)] == [3, 6, 7]


def test_the_place_within_an_epoch_is_counted_in_images_of_all_processes():
    loop = runner_of(EpochTrainLoop, max_epochs=5).train_loop
    loop._epoch, loop._iter, loop._steps_before = 2, 9, 8
    assert loop.images_of_epoch({'epoch': 2, 'iter': 11}) == 3 * 3 * 2
    assert loop.images_of_epoch({'epoch': 3, 'iter': 12}) == 0
    loop.go_on(18)
    assert (loop._made, loop._steps_before, loop.is_within_epoch) == (3, 6, True)
    # One process has twice as many steps an epoch.
    loop.runner.world_size = 1
    loop.go_on(18)
    assert loop._made == 6


def test_hooks_see_the_rest_of_an_epoch_in_its_places():
    """The third and fourth step of four: one question about stopping lies between, one behind the epoch."""
    seen = []
    runner = runner_of(EpochTrainLoop, max_epochs=5)
    runner.model = SimpleNamespace(train=lambda: None, train_step=lambda *_, **__: {})
    runner.optim_wrapper = None
    runner.call_hook = lambda name, batch_idx=None, **_: seen.append((name, batch_idx))
    runner.stop_if_asked = lambda: seen.append(('asked', None))
    loop = runner.train_loop
    loop._epoch, loop._iter = 2, 10
    loop.go_on(2 * 3 * 2)
    loop.run_epoch()
    step = [[('before_train_iter', place), ('after_train_iter', place)] for place in (2, 3)]
    ends = [('after_train_epoch', None), ('asked', None)]
    assert seen == [('before_train_epoch', None), *step[0], ('asked', None), *step[1], *ends]
    assert (loop.epoch, loop.iter, loop.is_within_epoch) == (3, 12, False)


def test_gradients_that_wait_for_the_optimiser_are_not_lost():
    weight = torch.nn.Parameter(torch.ones(1))
    wrapper = OptimWrapper(torch.optim.SGD([weight], lr=0.1), accumulative_counts=3)
    wrapper.initialize_count_status(torch.nn.Linear(1, 1), 0, 7)
    found = []
    for _ in range(7):
        wrapper.update_params((weight**2).sum())
        found.append(may_stop(wrapper))
    assert found == [False, False, True, False, False, True, True]
