"""Stop a run whose loss or weights are no longer numbers, while its last good checkpoint is still there."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import torch
from mmengine.hooks import CheckpointHook, Hook
from torch import Tensor, nn

from agmax_mm.engine.hooks.step_values import is_at_hand
from agmax_mm.host import unwrap
from agmax_mm.registry import HOOKS
from agmax_mm.wording import first_names

_MOST_NAMES = 8


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stop with the names of the images when a loss is NaN or infinite, before the optimiser has touched the weights.

    Looks at the losses of each step as soon as the model returns them. On a GPU that would wait for the forward pass;
    there it looks when the optimiser is about to step, when the GPU still has the backward pass to do, so that it
    never runs out of work. A finite loss can have a gradient that is not: so the weights are looked at, too, before
    they would be saved.

    Raises:
        ValueError: In training, at the first loss or before the first checkpoint that is not finite.
    """

    # Before the hooks that record the step or save a checkpoint.
    priority = 'ABOVE_NORMAL'

    def __init__(self) -> None:
        self._handles: list[Any] = []
        self._pending: list[Callable[[], None]] = []

    def before_train(self, runner: Any) -> None:
        """Watch the model and the optimiser."""
        pending = self._pending

        # A function and not a method: copying the model must not copy this hook and all of the run with it.
        def watch(model: nn.Module, args: Any, kwargs: dict[str, Any], outputs: Any) -> None:
            losses = _losses(outputs)
            if not losses:
                return
            # One look at the device for all of them.
            finite = torch.stack([value.float().sum() for _, value in losses]).sum().isfinite()
            samples = kwargs.get('data_samples', args[1] if len(args) > 1 else None)
            check = functools.partial(_check_losses, runner, model, losses, samples)
            if is_at_hand(finite):
                check(bool(finite))
            else:
                arrives = _fetch(finite)
                pending.append(lambda: check(arrives()))

        optimizer = runner.optim_wrapper.optimizer
        self._handles = [
            unwrap(runner.model).register_forward_hook(watch, with_kwargs=True),
            optimizer.register_step_pre_hook(lambda *_: _look(pending)),
        ]

    def after_train_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: dict[str, Any] | None = None
    ) -> None:
        """Look at the weights where they are about to be saved."""
        # Of steps that the optimiser sat out, as it does where gradients are accumulated or a loss scale was too large.
        _look(self._pending)
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
        for handle in self._handles:
            handle.remove()


def _fetch(flag: Tensor) -> Callable[[], bool]:
    """Start copying a value from the GPU; returns what waits for it, and for nothing that was begun later."""
    copy = flag.to('cpu', non_blocking=True)
    event = torch.cuda.Event()
    event.record()

    def arrives() -> bool:
        event.synchronize()
        return bool(copy)

    return arrives


def _look(pending: list[Callable[[], None]]) -> None:
    while pending:
        pending.pop(0)()


def _check_losses(
    runner: Any, model: nn.Module, losses: list[tuple[str, Tensor]], samples: Iterable[Any] | None, finite: bool
) -> None:
    if finite:
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


def _losses(outputs: Any) -> list[tuple[str, Tensor]]:
    """The terms that the host sums into the objective: those with "loss" in their names; none of a prediction."""
    if not isinstance(outputs, dict):
        return []
    return [
        (name, term.detach())
        for name, value in outputs.items()
        if 'loss' in name
        for term in (value if isinstance(value, list | tuple) else [value])
    ]


def _place(runner: Any, step: int) -> str:
    # An iteration-based run is one epoch to the host.
    return f'step {step}' + (f' (epoch {runner.epoch + 1})' if runner.max_epochs > 1 else '')


def _names(samples: Iterable[Any]) -> str:
    names = [str(sample.get('img_path') or f'number {sample.get("sample_idx")}') for sample in samples]
    # The views of an image have one name.
    return first_names(dict.fromkeys(names), _MOST_NAMES, empty='unknown')


def _first_bad(tensors: Iterable[tuple[str, Tensor]]) -> str | None:
    """The first name whose tensor holds a value that is not finite."""
    return next((name for name, value in tensors if not torch.isfinite(value).all()), None)
