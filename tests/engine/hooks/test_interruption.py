"""Early stopping and schedules that follow the scores, whose state outlives the process."""

from __future__ import annotations

import logging
import math
from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import EarlyStoppingHook, ParamSchedulerHook
from mmengine.optim import ReduceOnPlateauLR
from torch.utils.data import DataLoader

from agmax_mm.engine.hooks import InterruptionHook, RunRecordHook, SafeCheckpointHook
from agmax_mm.engine.loops import EpochTrainLoop
from agmax_mm.engine.stopping import StopRequest

# One step an epoch. The best is the second one; three worse ones follow, and one that is none.
SCORES = [40.0, 50.0, 45.0, 46.0, 44.0]


class Run:
    """What the hooks ask of a runner that has made some epochs, each of which was validated."""

    def __init__(self, patience, scores, *, lost_best=False, to_validate=None):
        self.logger, self.stop_request, self.world_size = logging.getLogger('run'), StopRequest(), 1
        self.visualizer = SimpleNamespace()
        self.epochs = len(scores) + (to_validate is not None)
        self.train_loop = EpochTrainLoop(self, DataLoader([0]), max_epochs=9)
        self.train_loop._epoch = self.train_loop._iter = self.iter = self.epochs
        self.early = EarlyStoppingHook('acc', rule='greater', min_delta=0, patience=patience)
        record, saver = RunRecordHook(), SafeCheckpointHook()
        saver.lost_best = lost_best
        points = [{'iter': n, 'epoch': n, 'acc': score, 'loss': 1.0} for n, score in enumerate(scores, 1)]
        record.record = {'history': {'val': points}}
        self.optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
        plateau = ReduceOnPlateauLR(self.optimizer, monitor='acc', rule='greater', factor=0.5, patience=1)
        self.param_schedulers = [plateau]
        self.hooks = [self.early, record, saver, ParamSchedulerHook()]
        self.record = record
        again = to_validate if to_validate is not None else (scores or [None])[-1]
        self.val_loop = SimpleNamespace(run=lambda: self.validate(again))

    def validate(self, score):
        for hook in (self.early, self.hooks[-1]):
            hook.after_val_epoch(self, {'acc': score})


def state(run):
    return run.early.wait_count, run.early.best_score, run.train_loop.stop_training


def uninterrupted(patience, scores):
    run = Run(patience, [])
    for score in scores:
        run.early.after_val_epoch(run, {'acc': score})
    return state(run)


@pytest.mark.parametrize('patience', [2, 3, 4])
def test_a_resumed_run_waits_as_long_as_the_uninterrupted_one(patience):
    for epochs in range(1, patience + 3 if patience < 4 else 6):
        scores = SCORES[:epochs]
        resumed, without_last = Run(patience, scores), Run(patience, scores[:-1], to_validate=scores[-1])
        # The last epoch is validated again where its best checkpoint was lost: it counts once.
        twice = Run(patience, scores, lost_best=True)
        for run in (resumed, without_last, twice):
            InterruptionHook().before_train(run)
            assert state(run) == uninterrupted(patience, scores), (epochs, state(run))
    assert state(resumed)[2] == (patience < 4)


def test_a_run_that_stopped_early_goes_on_with_more_patience():
    for patience, stops in ((2, True), (5, False)):
        run = Run(patience, SCORES)
        InterruptionHook().before_train(run)
        assert run.train_loop.stop_training is stops


def test_a_score_that_was_no_number_stops_as_it_did():
    run = Run(4, [40.0, None])
    InterruptionHook().before_train(run)
    assert state(run) == uninterrupted(4, [40.0, math.nan]) == (0, 40.0, True)


@pytest.mark.parametrize('way', ['before its validation', 'behind it', 'behind it, as the best one', 'best one lost'])
def test_a_schedule_that_waits_for_a_plateau_sees_each_validation_once(way):
    """The checkpoint of the fourth epoch, whose validation ends the patience."""
    whole = Run(9, SCORES[:4])
    for epoch, score in enumerate(SCORES[:4]):
        state = whole.param_schedulers[0].state_dict()
        if epoch == 3:
            before = dict(state)
        whole.validate(score)
    after, rate = whole.param_schedulers[0].state_dict(), whole.optimizer.param_groups[0]['lr']
    assert rate == pytest.approx(0.05)

    known = way != 'before its validation'
    run = Run(
        9,
        SCORES[:4] if known else SCORES[:3],
        lost_best=way == 'best one lost',
        to_validate=None if known else SCORES[3],
    )
    within = way == 'behind it, as the best one'
    run.param_schedulers[0].load_state_dict(dict(after if within else before))
    run.optimizer.param_groups[0]['lr'] = rate if within else 0.1
    run.record.validated_since = [] if within or not known else run.record.record['history']['val'][-1:]
    InterruptionHook().before_train(run)
    assert run.param_schedulers[0].state_dict() == after
    assert run.optimizer.param_groups[0]['lr'] == rate
