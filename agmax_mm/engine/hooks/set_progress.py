"""Tell what changes in the course of training how far it is."""

from __future__ import annotations

from typing import Any

from mmengine.hooks import Hook
from torch import nn

from agmax_mm.registry import HOOKS


# The second name is that of earlier versions.
@HOOKS.register_module(name=['SetProgressHook', 'ProgressHook'])
class SetProgressHook(Hook):
    """Before each step call ``set_progress(fraction)`` of whatever in the model has it.

    That is every module and every batch augmentation, such as DropBlock and ScheduledCutMix. The fraction is that of
    the steps of the whole run that are done: 0 in the first step, just below 1 in the last. It depends on the place in
    the run alone, so a resumed run needs no memory of it.
    """

    # After the hooks that may put other batch augmentations in place.
    priority = 'LOWEST'

    def __init__(self) -> None:
        self._listeners: list[Any] = []

    def before_train_epoch(self, runner: Any) -> None:
        """Look who wants to know; going through a deep network takes milliseconds."""
        self._listeners = progress_listeners(runner.model)

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        """Tell the fraction of this step."""
        for listener in self._listeners:
            listener.set_progress(runner.iter / runner.max_iters)


def progress_listeners(model: nn.Module) -> list[Any]:
    """Every module and every batch augmentation of a model, or of a data preprocessor, that has ``set_progress``."""
    parts: list[Any] = []
    for module in model.modules():
        chooser = getattr(module, 'batch_augments', None)
        parts += [module, *getattr(chooser, 'augments', ()), *getattr(module, 'image_augments', ())]
    return [part for part in parts if hasattr(part, 'set_progress')]
