"""Stop a run whose loss or weights are no longer numbers, while its last good checkpoint is still there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from mmengine.hooks import CheckpointHook, Hook
from torch import Tensor, nn

from agmax_mm.models.contract import unwrap
from agmax_mm.registry import HOOKS

_MOST_NAMES = 8


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stop with the names of the images when a loss is NaN or infinite, before the optimiser has touched the weights.

    Looks at the losses of each step as soon as the model returns them, which on a GPU waits for the forward pass. A
    finite loss can have a gradient that is not: so the weights are looked at, too, before they would be saved.

    Raises:
        ValueError: In training, at the first loss or before the first checkpoint that is not finite.
    """

    # Before the hooks that record the step or save a checkpoint.
    priority = 'ABOVE_NORMAL'

    def __init__(self) -> None:
        self._handle: Any = None

    def before_train(self, runner: Any) -> None:
        """Watch the model."""

        # A function and not a method: copying the model must not copy this hook and all of the run with it.
        def check(model: nn.Module, args: Any, kwargs: dict[str, Any], outputs: Any) -> None:
            _check_losses(runner, model, kwargs.get('data_samples', args[1] if len(args) > 1 else None), outputs)

        self._handle = unwrap(runner.model).register_forward_hook(check, with_kwargs=True)

    def after_train_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: dict[str, Any] | None = None
    ) -> None:
        """Look at the weights where they are about to be saved."""
        savers = [hook for hook in runner.hooks if isinstance(hook, CheckpointHook) and not hook.by_epoch]
        if any(
            self.every_n_train_iters(runner, hook.interval, hook.save_begin)
            or (hook.save_last and self.is_last_train_iter(runner))
            for hook in savers
        ):
            _check_weights(runner, runner.iter + 1)

    def after_train_epoch(self, runner: Any) -> None:
        """Look at the weights, as most runs save them now."""
        _check_weights(runner, runner.iter)  # which counts the step that has ended

    def after_train(self, runner: Any) -> None:
        """Leave the model as it was."""
        self._handle.remove()


def _check_losses(runner: Any, model: nn.Module, samples: Iterable[Any] | None, outputs: Any) -> None:
    if not isinstance(outputs, dict):  # a prediction
        return
    losses = [(name, value.detach()) for name, value in _losses(outputs)]
    # One look at the device for all of them.
    if not losses or torch.stack([value.float().sum() for _, value in losses]).sum().isfinite():
        return
    found = ', '.join(f'{name} = {float(value.sum()):g}' for name, value in losses if not value.isfinite().all())
    # Not the buffers: the forward pass has taken what it met into the batch statistics.
    bad = _first_bad(model.named_parameters())
    weights = 'the weights are finite' if bad is None else f'{bad} was not finite before'
    raise ValueError(
        f'{_place(runner, runner.iter + 1)}: expected finite losses, got {found or "a sum that is too large"}; '
        f'{weights}, and saved checkpoints are untouched; the images are {_names(samples or ())}'
    )


def _check_weights(runner: Any, step: int) -> None:
    bad = _first_bad(unwrap(runner.model).state_dict().items())
    if bad is not None:
        raise ValueError(
            f'{_place(runner, step)}: expected finite weights, got infinite or NaN values in {bad}; the loss was '
            'finite, so its gradient was not; saved checkpoints are untouched'
        )


def _losses(outputs: dict[str, Any]) -> Iterator[tuple[str, Tensor]]:
    """The terms that the host sums into the objective: those with "loss" in their names."""
    for name, value in outputs.items():
        if 'loss' in name:
            yield from ((name, term) for term in (value if isinstance(value, list | tuple) else [value]))


def _place(runner: Any, step: int) -> str:
    # An iteration-based run is one epoch to the host.
    return f'step {step}' + (f' (epoch {runner.epoch + 1})' if runner.max_epochs > 1 else '')


def _names(samples: Iterable[Any]) -> str:
    names = [str(sample.get('img_path') or f'number {sample.get("sample_idx")}') for sample in samples]
    names = list(dict.fromkeys(names))  # the views of an image have one name
    more = f' and {len(names) - _MOST_NAMES} more' if len(names) > _MOST_NAMES else ''
    return ', '.join(names[:_MOST_NAMES]) + more or 'unknown'


def _first_bad(tensors: Iterable[tuple[str, Tensor]]) -> str | None:
    """The first name whose tensor holds a value that is not finite."""
    return next((name for name, value in tensors if not torch.isfinite(value).all()), None)
