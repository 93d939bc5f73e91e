"""Two processes that stop within an epoch and go on, each with its own running statistics."""

from __future__ import annotations

import signal

import torch
from mmengine.hooks import Hook

from agmax_mm.engine.rank_buffers import BUFFERS_OF_RANKS
from agmax_mm.engine.stopping import Stopped
from agmax_mm.host import unwrap
from agmax_mm.safe_reading import load_weights
from tests.engine.small import make_runner
from tests.ranks import run_ranks


class OwnImages(Hook):
    """Give each process images of its own, and ask to stop after a step."""

    def __init__(self, stop: int | None) -> None:
        self.stop = stop

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        for view in data_batch['inputs']:
            for image in view:
                image.copy_(image.roll(runner.rank).bitwise_right_shift(runner.rank))
        if runner.iter + 1 == self.stop:
            runner.stop_request.note(signal.SIGUSR1, None)


def _train(folder, stop=None, resume=False):
    hooks = {'sync_buffers': {'type': 'SyncBuffersHook'}, 'checkpoint': {'type': 'CheckpointHook', 'interval': 1}}
    runner = make_runner(
        folder, epochs=2, hooks=[OwnImages(stop)], default_hooks=hooks, launcher='pytorch', resume=resume
    )
    try:
        runner.train()
    except Stopped:
        runner.stop_request.wait_for_all()
    return {name: value.clone() for name, value in unwrap(runner.model).state_dict().items()}


def _stopped_and_resumed(rank, folder):
    whole = _train(f'{folder}/whole')
    stopped = _train(f'{folder}/stopped', stop=2)  # of four; they agree a step later, within the second epoch
    return whole, stopped, _train(f'{folder}/stopped', resume=True)


def test_each_process_goes_on_with_its_own_running_statistics(tmp_path, monkeypatch):
    monkeypatch.setenv('LOCAL_RANK', '0')
    (tmp_path / 'ranks').mkdir()
    first, second = run_ranks(_stopped_and_resumed, 2, tmp_path / 'ranks', str(tmp_path))
    name = 'backbone.norm.running_mean'
    assert not torch.equal(first[1][name], second[1][name])
    for whole, _, resumed in (first, second):
        assert {key for key, value in whole.items() if not torch.equal(value, resumed[key])} == set()
    # The epoch's end makes the statistics one: nothing is added to its checkpoint.
    assert BUFFERS_OF_RANKS not in load_weights(tmp_path / 'whole' / 'epoch_1.pth')
