"""Progress of a run: on the terminal, and in a file for whoever watches from outside."""

from __future__ import annotations

import atexit
import time
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import Hook

from agmax_mm.progress import PROGRESS_FILE, Bars, note_progress
from agmax_mm.registry import HOOKS

# Seconds between two looks at the loss: on a GPU each look waits for the step to end.
_REFRESH_S = 0.5


@HOOKS.register_module()
class ProgressBarHook(Hook):
    """Show how far a run is, its loss, and the time left for all of it.

    Draws a bar on stderr where that is a terminal, and prints a line per tenth of the run where it is not. The same
    facts go to ``<work_dir>/progress.json``, about twice a second. Only the first process shows anything.
    """

    # After the hooks that validate and save, so that what they take counts as part of the step before.
    priority = 'VERY_LOW'

    def __init__(self) -> None:
        self._bars: Bars | None = None
        self._title = ''
        self._total = 0
        self._shown_at = 0.0

    def before_train(self, runner: Any) -> None:
        """Start the bar of the training, at the iteration a resumed run goes on from."""
        self._start(runner, 'train', runner.max_iters, runner.iter)

    def after_train_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: dict[str, Any] | None = None
    ) -> None:
        """Advance the bar by a step."""
        done = runner.iter + 1
        if not self._is_due(done):
            return
        loss = (outputs or {}).get('loss')
        words = [f'epoch {runner.epoch + 1}/{runner.max_epochs}'] if _counts_epochs(runner) else []
        words += [f'loss {loss.item():.3f}'] if loss is not None else []
        self._show(runner, done, ', '.join(words))

    def after_val_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Say that a validation is going on."""
        if self._is_due(-1):
            self._show(runner, runner.iter, f'validating {batch_idx + 1}/{len(runner.val_dataloader)}')

    def after_train(self, runner: Any) -> None:
        """Take the bar away."""
        self._stop()

    def before_test(self, runner: Any) -> None:
        """Start the bar of a test."""
        self._start(runner, 'test', len(runner.test_dataloader), 0)

    def after_test_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Advance the bar by a step."""
        if self._is_due(batch_idx + 1):
            self._show(runner, batch_idx + 1, '')

    def after_test(self, runner: Any) -> None:
        """Take the bar away."""
        self._stop()

    def _start(self, runner: Any, title: str, total: int, done: int) -> None:
        if not is_main_process():
            return
        self._title, self._total = title, total
        self._bars = Bars([runner.logger]).__enter__()
        # A run that fails calls no hook; the terminal must get its cursor back all the same.
        atexit.register(self._stop)
        self._bars.start(title, total, done)

    def _is_due(self, done: int) -> bool:
        if self._bars is None:
            return False
        now = time.monotonic()
        if now - self._shown_at < _REFRESH_S and done != self._total:
            return False
        self._shown_at = now
        return True

    def _show(self, runner: Any, done: int, message: str) -> None:
        assert self._bars is not None
        self._bars.update(self._title, done, message)
        note_progress(Path(runner.work_dir) / PROGRESS_FILE, done, self._total, message)

    def _stop(self) -> None:
        if self._bars is not None:
            self._bars.finish(self._title)
            self._bars.__exit__(None, None, None)
            self._bars = None
            atexit.unregister(self._stop)


def _counts_epochs(runner: Any) -> bool:
    return bool(runner.train_loop.max_epochs) and runner.train_loop.max_epochs > 1
