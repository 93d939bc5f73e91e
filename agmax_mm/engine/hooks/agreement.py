"""Hooks around the agreement of the views: its weight over time, and what it does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.hooks import Hook
from torch import Tensor, nn

from agmax_mm.engine.hooks.step_values import to_numbers
from agmax_mm.functional import batch_entropy, mutual_information
from agmax_mm.host import global_group, unwrap
from agmax_mm.models.agreements import view_agreement
from agmax_mm.models.classifier import by_view
from agmax_mm.registry import HOOKS

_SHAPES = {
    'linear': lambda progress: progress,
    'cosine': lambda progress: 0.5 * (1.0 - math.cos(math.pi * progress)),
}


@HOOKS.register_module()
class AgreementWeightHook(Hook):
    """Warm the weight of the agreement up, or let it decay.

    The weight is the agreement's own ``loss_weight`` times a factor that goes from ``start_factor`` at ``begin`` to
    ``end_factor`` at ``end``, and is constant before and after. It depends on the place in the run alone, so a resumed
    run needs no memory of it. Logged as ``agreement_weight``.

    Args:
        end: Epoch or iteration, counted from 0, at which ``end_factor`` is reached.
        begin: Epoch or iteration up to which ``start_factor`` holds.
        start_factor: Factor at ``begin``, at least 0.
        end_factor: Factor at ``end``, at least 0.
        by_epoch: Count epochs, the weight being constant within each; otherwise iterations.
        shape: ``'linear'`` or ``'cosine'``.

    Raises:
        ValueError: If an option is out of range or, before training, if the model has no agreement.

    Example:
        >>> custom_hooks = [dict(type='agmax_mm.AgreementWeightHook', start_factor=0.0, end=10)]  # ten epochs
    """

    def __init__(
        self,
        *,
        end: int,
        begin: int = 0,
        start_factor: float = 0.0,
        end_factor: float = 1.0,
        by_epoch: bool = True,
        shape: str = 'linear',
    ) -> None:
        if not 0 <= begin < end:
            raise ValueError(f'AgreementWeightHook: expected 0 <= begin < end, got begin={begin} and end={end}')
        if start_factor < 0 or end_factor < 0:
            raise ValueError(
                f'AgreementWeightHook: expected factors of at least 0, got {start_factor} and {end_factor}'
            )
        if shape not in _SHAPES:
            raise ValueError(f'AgreementWeightHook.shape: expected one of {", ".join(_SHAPES)}, got {shape!r}')
        self.begin, self.end = begin, end
        self.start_factor, self.end_factor = start_factor, end_factor
        self.by_epoch = by_epoch
        self.shape = shape
        self._agreement: Any = None
        self._weight = 0.0

    def before_train(self, runner: Any) -> None:
        """Note the weight that the factor applies to."""
        self._agreement = getattr(unwrap(runner.model), 'agreement', None)
        if self._agreement is None:
            raise ValueError('AgreementWeightHook: expected a model with an agreement, got one without')
        self._weight = self._agreement.loss_weight

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        """Set the weight of this step."""
        weight = self._weight * self.factor(runner.epoch if self.by_epoch else runner.iter)
        self._agreement.loss_weight = weight
        runner.message_hub.update_scalar('train/agreement_weight', weight)

    def factor(self, place: int) -> float:
        """Factor at an epoch or iteration, counted from 0."""
        progress = min(max((place - self.begin) / (self.end - self.begin), 0.0), 1.0)
        return self.start_factor + (self.end_factor - self.start_factor) * _SHAPES[self.shape](progress)


@HOOKS.register_module()
class AgreementMonitorHook(Hook):
    """Log how far the views agree, whatever the agreement, and without one.

    For the global batch, of the images that all views have, under names that the host does not add to the objective:

    - ``mutual_info``: :func:`agmax_mm.functional.mutual_information` in nats, the mean over the pairs of views,
    - ``view_agreement``: share of the images whose views are all given the same class, of this process's images,
    - ``entropy_a``, ``entropy_b``, ...: entropy in nats of each view's batch-mean prediction, ``ln K`` when all classes
      are predicted equally often.

    They go where the host's loggers go: the log, ``result.json``, and every backend of the ``visualizer``, such as
    TensorBoard with ``visualizer.vis_backends=[dict(type='TensorboardVisBackend')]``. Batches of one view log nothing.

    Args:
        interval: Iterations between two looks.

    Raises:
        ValueError: If ``interval`` is below 1.
    """

    # After the model's own values are noted, before the hooks that log and record them.
    priority = 'NORMAL'

    def __init__(self, interval: int = 50) -> None:
        if interval < 1:
            raise ValueError(f'AgreementMonitorHook.interval: expected at least 1, got {interval}')
        self.interval = interval
        self._views: tuple[int, int] = (1, 0)
        self._logits: Tensor | None = None
        self._handles: list[Any] = []

    def before_train(self, runner: Any) -> None:
        """Listen to the model, which is told the views, and to the head, whose outputs are the logits."""
        model = unwrap(runner.model)
        head = getattr(model, 'head', None)
        if isinstance(head, nn.Module):
            self._handles = [
                model.register_forward_pre_hook(self._count, with_kwargs=True),
                head.register_forward_hook(self._keep),
            ]

    def after_train_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: dict[str, Any] | None = None
    ) -> None:
        """Log at every ``interval``-th step."""
        views, num_images = self._views
        if not self.every_n_train_iters(runner, self.interval) or self._logits is None or views < 2:
            return
        monitors = agreement_monitors(by_view(self._logits, num_images))
        for name, value in zip(monitors, to_numbers(list(monitors.values())), strict=True):
            runner.message_hub.update_scalar(f'train/{name}', value)
            if outputs is not None:
                outputs[name] = value

    def after_train(self, runner: Any) -> None:
        """Stop listening."""
        for handle in self._handles:
            handle.remove()

    def _count(self, model: nn.Module, args: Any, kwargs: dict[str, Any]) -> None:
        # The pipeline's number of views: all processes have the same, whatever the sizes of their batches.
        samples = kwargs.get('data_samples', args[1] if len(args) > 1 else None)
        views = samples[0].get('num_views', 1) if samples else 1
        self._views = views, len(samples or ()) // views

    def _keep(self, module: nn.Module, inputs: Any, output: Any) -> None:
        self._logits = output.detach() if isinstance(output, Tensor) else None


@torch.no_grad()
def agreement_monitors(logits: Sequence[Tensor]) -> dict[str, Tensor]:
    """The monitors of :class:`AgreementMonitorHook`.

    Args:
        logits: One tensor of shape ``(N, K)`` per view, at least two, rows in the same order.
    """
    group = global_group()
    pairs = [(a, b) for index, a in enumerate(logits) for b in logits[index + 1 :]]
    information = torch.stack([mutual_information(a, b, group=group) for a, b in pairs]).mean()
    monitors = {'mutual_info': information, 'view_agreement': view_agreement(logits)}
    for letter, view in zip('abcdefghijklmnopqrstuvwxyz', logits, strict=False):
        monitors[f'entropy_{letter}'] = batch_entropy(view, group=group)
    return monitors
