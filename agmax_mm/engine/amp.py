"""Automatic mixed precision on GPUs and CPUs: what ``--amp`` makes of a run."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.dist import broadcast
from mmengine.optim import OptimWrapper
from mmpretrain.models import BaseClassifier
from torch import Tensor, nn

from agmax_mm.functional.logits import widen
from agmax_mm.host import unwrap
from agmax_mm.randomness import seeded
from agmax_mm.registry import OPTIM_WRAPPERS

# Name of the choice in the record of a run, which a resumed run keeps.
CHOICE = 'amp'
_WRAPPERS: dict[str, dict[str, Any]] = {
    'float32': {},
    'bfloat16': {'type': 'agmax_mm.BFloat16OptimWrapper'},
    'float16': {'type': 'AmpOptimWrapper', 'loss_scale': 'dynamic'},
}
# What is measured: at most so many pixels and images a step, in so many rounds.
_PIXELS, _IMAGES, _ROUNDS = 8 * 224 * 224, 64, 3
# Less than this is within the noise of a short measurement.
_LEAST_GAIN = 1.1


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Autocast to bfloat16, which needs no loss scaling; the host refuses that without a GPU."""

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Forward pass and losses under autocast; losses of this package are computed in float32 nevertheless."""
        with super().optim_context(model), torch.autocast(get_device(), dtype=torch.bfloat16):
            yield


def check_amp(amp: Any, optim_wrapper: dict[str, Any], model: nn.Module) -> None:
    """Refuse what ``--amp`` cannot be applied to.

    Args:
        amp: ``True``, or ``'bf16'`` to have a classifier train in bfloat16 whether or not that is faster.
        optim_wrapper: The config's.
        model: What is trained.

    Raises:
        ValueError: If ``amp`` is something else, or the config asks for a special optimiser wrapper already.
    """
    if amp not in (True, 'bf16'):
        raise ValueError(f"amp: expected True, False or 'bf16', got {amp!r}")
    if amp == 'bf16' and not isinstance(model, BaseClassifier):
        raise ValueError(
            f'amp: expected True or False for {type(model).__name__}, as classifiers alone train in bfloat16, got '
            "'bf16'"
        )
    if optim_wrapper.get('type', 'OptimWrapper') != 'OptimWrapper':
        raise ValueError(f"--amp: expected optim_wrapper.type 'OptimWrapper', got {optim_wrapper['type']!r}")


def use_channels_last(model: nn.Module) -> None:
    """Lay a classifier's convolutions out with the channels last, in place; their outputs then are, whatever comes in.

    Detectors are left as they are: mmcv's RoIAlign takes the channels to come first, and computes something else, in
    silence, where they don't.
    """
    if isinstance(model, BaseClassifier):
        for module in model.modules():
            if isinstance(module, nn.Conv2d):
                module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def apply_amp(runner: Any, earlier: str | None) -> str:
    """Choose the precision of a run, and set its optimiser wrapper to it.

    - Classifiers on a GPU train in bfloat16 where it has that, in float16 with loss scaling otherwise.
    - Classifiers on a CPU train in bfloat16 where that is faster. A few steps of a copy of the backbone tell, as it
      depends on the processor and on the network; the generators are left as they were.
    - Others train in float16 on a GPU and in float32 on a CPU: detectors as mmcv's operators know no bfloat16, and
      captioners as nobody has tried it.

    Args:
        runner: The runner, whose data set is there and whose optimiser wrapper is not built yet.
        earlier: The choice of the run that this one resumes, which is kept where it can be.

    Returns:
        ``'float32'``, ``'bfloat16'`` or ``'float16'``, the same in all processes.
    """
    classifier = isinstance(unwrap(runner.model), BaseClassifier)
    if runner.cfg.amp == 'bf16':
        dtype, reason = 'bfloat16', 'asked for'
    elif earlier in _WRAPPERS and _can_have(earlier, classifier):
        dtype, reason = earlier, 'as in the run that is resumed'
    else:
        dtype, reason = _choose(runner)
        if earlier is not None:
            reason += f'; the run that is resumed had {earlier}, which cannot be had here'
    precisions = list(_WRAPPERS)
    first = torch.tensor(precisions.index(dtype), device=get_device())
    broadcast(first)  # processes measure, and may even have, different things
    dtype = precisions[int(first)]
    runner.logger.info(f'--amp: {dtype}, {reason}')
    # Not the runner's own config, which is the recipe's.
    runner.optim_wrapper.update(_WRAPPERS[dtype])
    if dtype != 'float32':
        keep_logits_wide(unwrap(runner.model))
    return dtype


def _can_have(dtype: str, classifier: bool) -> bool:
    """Whether a model can be trained in a precision on this device."""
    if dtype == 'float16':
        return torch.cuda.is_available()  # for want of which the host's loss scaling is refused
    return dtype == 'float32' or (classifier and _has_bfloat16())


def _has_bfloat16() -> bool:
    """Whether the device computes in bfloat16 itself."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()


def keep_logits_wide(model: nn.Module) -> None:
    """Let a classifier's logits leave the head in float32: some of the host's losses compute in their precision."""
    head = getattr(model, 'head', None)
    if isinstance(head, nn.Module):
        head.register_forward_hook(_widen_logits)


def _widen_logits(head: nn.Module, inputs: Any, outputs: Any) -> Any:
    return widen(outputs) if isinstance(outputs, Tensor) else outputs


def _choose(runner: Any) -> tuple[str, str]:
    """The precision, and why."""
    classifier = isinstance(unwrap(runner.model), BaseClassifier)
    if torch.cuda.is_available():
        if classifier and _has_bfloat16():
            return 'bfloat16', 'which this GPU has'
        why = 'as this GPU has no bfloat16' if classifier else 'as classifiers alone train in bfloat16'
        return 'float16', f'with loss scaling, {why}'
    if not classifier:
        return 'float32', 'as classifiers alone train in another precision on a CPU'
    if not _has_bfloat16():
        return 'float32', 'as this CPU has no instructions that bfloat16 would need'
    images = _probe_images(runner.train_dataloader)
    backbone: nn.Module = unwrap(runner.model).backbone  # type: ignore[assignment]
    gain = bfloat16_gain(backbone, images)
    count, _, height, width = images.shape
    measured = f'{gain:.2f} times as fast as float32 here ({count} images of {width}x{height}, backbone alone)'
    return ('bfloat16', measured) if gain >= _LEAST_GAIN else ('float32', f'as bfloat16 is only {measured}')


def _probe_images(loader: Any) -> Tensor:
    """Noise in the form of a training batch, or of a part of it where that is large."""
    with seeded(0):
        inputs = loader.dataset[0]['inputs']
        view = inputs[0] if isinstance(inputs, list | tuple) else inputs
        channels, height, width = view.shape
        most = max(2, min(_IMAGES, _PIXELS // (height * width)))
        return torch.randn(min(most, max(2, loader.batch_size or most)), channels, height, width)


def bfloat16_gain(backbone: nn.Module, images: Tensor) -> float:
    """The speed-up of a backbone's training on the CPU under bfloat16 autocast, against float32.

    Args:
        backbone: Is copied; keeps its weights, statistics and gradients.
        images: A batch, shape ``(N, C, H, W)``.

    Returns:
        The ratio of the shortest steps, forward and backward, of a few that are taken in turn.
    """
    network = copy.deepcopy(backbone)
    network.train()  # of which the host's backbones return nothing
    for module in network.modules():
        if hasattr(module, 'set_progress'):  # schedules over training, which has not begun
            module.set_progress(0.0)  # type: ignore[operator]

    def step(half: bool) -> float:
        started = time.perf_counter()
        with torch.autocast('cpu', dtype=torch.bfloat16, enabled=half):
            outputs = network(images)
        last = outputs[-1] if isinstance(outputs, list | tuple) else outputs
        if last.requires_grad:  # a frozen backbone has no backward pass
            last.float().mean().backward()
        return time.perf_counter() - started

    with seeded(0):
        rounds = [(step(False), step(True)) for _ in range(1 + _ROUNDS)]
    # The first round is there to warm up. The others' shortest steps are those that no other program disturbed.
    single, half = (min(times) for times in zip(*rounds[1:], strict=True))
    return single / half
