"""Values that steps log, without waiting for the GPU in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.hooks import LoggerHook, RuntimeInfoHook
from torch import Tensor

from agmax_mm.registry import HOOKS


@HOOKS.register_module()
class StepValuesHook(RuntimeInfoHook):
    """The host's hook, which hands what each step logs to the message hub.

    The host's own turns each value into a number at each step: it waits for the GPU as often. Here values stay on the
    GPU until the log, a checkpoint or the end of the epoch asks for them, and then come in one piece.
    """

    def __init__(self) -> None:
        self._waiting: list[dict[str, Any]] = []

    def after_train_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: dict[str, Any] | None = None
    ) -> None:
        """Take a step's values; hand them over where nobody would wait for them, or somebody is about to look."""
        self._waiting.append(detached(outputs or {}))
        loggers = [hook for hook in runner.hooks if isinstance(hook, LoggerHook)]
        if (
            all(is_at_hand(value) for value in self._waiting[-1].values())
            or any(self.every_n_inner_iters(batch_idx, hook.interval) for hook in loggers)
            or self.end_of_epoch(runner.train_dataloader, batch_idx)
            or self.is_last_train_iter(runner)
        ):
            self._hand_over(runner)

    def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Let the checkpoint hold all values up to it."""
        if self._waiting:
            self._hand_over(runner)
            checkpoint['message_hub'] = runner.message_hub.state_dict()

    def _hand_over(self, runner: Any) -> None:
        steps, self._waiting = self._waiting, []
        numbers = iter(to_numbers([value for step in steps for value in step.values()]))
        for step in steps:
            for name in step:
                runner.message_hub.update_scalar(f'train/{name}', next(numbers))


def is_at_hand(value: Any) -> bool:
    """Whether reading a value waits for no device."""
    return not (isinstance(value, Tensor) and value.is_cuda)


def detached(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Detach the values that a step logs from the graphs that computed them."""
    return {name: value.detach() if isinstance(value, Tensor) else value for name, value in outputs.items()}


def to_numbers(values: Sequence[Any]) -> list[float]:
    """Numbers, and tensors of one element, as Python's numbers, in a single look at the device."""
    tensors = [value.reshape(()) for value in values if isinstance(value, Tensor)]
    fetched = iter(torch.stack(tensors).tolist() if tensors else [])
    return [next(fetched) if isinstance(value, Tensor) else float(value) for value in values]
