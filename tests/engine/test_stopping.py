"""Stopping in order: one step for all processes, workers that live until then, and what Ctrl-C does when."""

from __future__ import annotations

import os
import signal
import time

import pytest
import torch
import torch.distributed as dist
from torch.utils.data import DataLoader

from agmax_mm.engine.stopping import StopRequest, keep_workers
from agmax_mm.signals import STOP_SIGNALS, stops_handled
from tests.ranks import run_ranks


def _steps_until_stop(rank):
    """One process hears the signal in its third step, which the other one ends long before."""
    request = StopRequest()
    request.listen()
    least = request.least(10 - rank)
    for step in range(1, 10):
        if rank == 1 and step == 3:
            time.sleep(0.2)
            request.note(signal.SIGUSR1, None)
        if request.agreed():
            break
        dist.barrier()
    request.wait_for_all()
    return [step, int(request.signal), least]


def test_processes_stop_at_one_step(tmp_path):
    assert run_ranks(_steps_until_stop, 2, tmp_path) == [[4, signal.SIGUSR1, 9]] * 2


def test_before_the_first_step_and_on_a_second_ctrl_c_it_stops_at_once(monkeypatch):
    request = StopRequest()
    with stops_handled(request.note):
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        request.listen()
        assert not request.agreed()
        for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):  # a terminal and a launcher send the same
            signal.raise_signal(number)
        assert request.agreed()
        assert request.signal is signal.SIGINT
        now = time.monotonic()
        monkeypatch.setattr(time, 'monotonic', lambda: now + 2)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def _loader_under_fire(rank):
    """In a process of its own: torch looks at the workers of all loaders, also at those that other tests left."""
    loader = keep_workers(DataLoader(range(40), num_workers=1))
    batches = iter(loader)
    next(batches)
    (worker,) = batches._workers
    sender = os.fork()
    if sender == 0:
        for number in STOP_SIGNALS:
            os.kill(worker.pid, number)
        os._exit(0)
    os.waitpid(sender, 0)
    left = len(torch.cat(list(batches)))
    batches = iter(loader)
    (worker,) = batches._workers
    next(batches)
    worker.terminate()
    worker.join(10)
    return [left, worker.exitcode]


def test_workers_outlive_signals_from_outside_and_end_with_their_process(tmp_path):
    assert run_ranks(_loader_under_fire, 1, tmp_path) == [[39, 0]]
