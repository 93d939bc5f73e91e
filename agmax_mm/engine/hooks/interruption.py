"""What is left of an interrupted step: its validation; and validations that are interrupted."""

from __future__ import annotations

import math
from typing import Any

from mmengine.hooks import EarlyStoppingHook, EMAHook, Hook, ParamSchedulerHook

from agmax_mm.engine.hooks.checkpoint import SafeCheckpointHook
from agmax_mm.engine.hooks.run_record import RunRecordHook
from agmax_mm.engine.loops import IMAGES_OF_EPOCH, validation_is_due
from agmax_mm.engine.rank_buffers import BUFFERS_OF_RANKS, take_own_buffers
from agmax_mm.registry import HOOKS


@HOOKS.register_module()
class InterruptionHook(Hook):
    """Validate first where a resumed run was interrupted before it had done so, and stop validations in order.

    The runner adds it to every run. A checkpoint is written before it is validated. The record says of which
    steps the validation was completed, including the best checkpoint.
    """

    # And registered last: what it does follows all that other hooks do.
    priority = 'LOWEST'

    def __init__(self) -> None:
        self._batches = 0
        self._next = 0

    def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Add what the processes differ in."""
        if runner.buffers_of_ranks is not None:
            checkpoint[BUFFERS_OF_RANKS] = runner.buffers_of_ranks

    def after_load_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Keep the place within an epoch, and this process's own buffers."""
        if runner._resume:
            take_own_buffers(checkpoint)
        runner.images_of_epoch = (checkpoint.get('meta') or {}).get(IMAGES_OF_EPOCH, 0)

    def before_train(self, runner: Any) -> None:
        """Make up for a validation, and let hooks that follow the scores know of those that there were."""
        request = runner.stop_request
        request.listen()
        # Where it is missing for one process, all make up for it.
        makes_up = validation_is_due(runner) and not request.least(not _is_missing(runner))
        _recall_patience(runner, runner.iter - makes_up)
        if not makes_up:
            _step_schedules(runner)
        else:
            runner.logger.info(f'resume: validating step {runner.iter}, which was not validated to the end')
            runner.val_loop.run()

    def before_val_epoch(self, runner: Any) -> None:
        """Count the batches that every process has."""
        self._next = 0
        if runner.stop_request.is_listening:
            self._batches = runner.stop_request.least(len(runner.val_loop.dataloader))

    def after_val_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Stop if that is asked for; nothing of a validation is kept, so that it begins anew."""
        # The host's hook of moving averages may go through the batches twice; of that it is too late to turn back.
        first_time = batch_idx == self._next
        self._next = batch_idx + 1 if first_time else -1
        if not (runner.stop_request.is_listening and first_time and batch_idx < self._batches):
            return
        runner.stop_if_asked(before=lambda: _take_averages_back(runner))


def _is_missing(runner: Any) -> bool:
    """Whether the record lacks the validation of the last step, or the best checkpoint has to be found again."""
    validated = any(point['iter'] == runner.iter for point in _validations(runner))
    return not validated or any(isinstance(hook, SafeCheckpointHook) and hook.lost_best for hook in runner.hooks)


def _validations(runner: Any) -> list[dict[str, Any]]:
    """The recorded validations of the run so far, with their steps and metrics."""
    records = [hook for hook in runner.hooks if isinstance(hook, RunRecordHook)]
    return [point for hook in records for point in hook.record['history']['val']]


def _scores(point: dict[str, Any]) -> dict[str, float]:
    """The metrics of a recorded validation; what JSON has no number for is null there."""
    return {name: math.nan if value is None else value for name, value in point.items()}


def _step_schedules(runner: Any) -> None:
    """Let schedules that wait for a plateau see the validation that the resumed checkpoint was written before."""
    records = [hook for hook in runner.hooks if isinstance(hook, RunRecordHook)]
    for point in (point for record in records for point in record.validated_since):
        for hook in (hook for hook in runner.hooks if isinstance(hook, ParamSchedulerHook)):
            hook.after_val_epoch(runner, _scores(point))


def _recall_patience(runner: Any, last: int) -> None:
    """Show the host's hooks of early stopping the validations up to a step: no checkpoint holds what they count.

    The last one decides, so that a run that has stopped early stays stopped, and a greater patience goes on with it.
    """
    hooks = [hook for hook in runner.hooks if isinstance(hook, EarlyStoppingHook)]
    stops = []
    for hook in hooks:
        runner.train_loop.stop_training = False
        for point in _validations(runner):
            if point['iter'] <= last and hook.monitor in point:
                runner.train_loop.stop_training = False
                hook.after_val_epoch(runner, _scores(point))
        stops.append(runner.train_loop.stop_training)
    if hooks:
        runner.train_loop.stop_training = any(stops)


def _take_averages_back(runner: Any) -> None:
    """Undo what the host's hook does before a validation: it exchanges the weights for their averages."""
    for hook in runner.hooks:
        if isinstance(hook, EMAHook) and getattr(hook, 'evaluate_on_ema', True):
            hook._swap_ema_parameters()
