"""Activation checkpointing: memory for time, with the same losses, gradients and statistics."""

from __future__ import annotations

import contextlib
import functools
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from operator import attrgetter
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.utils.checkpoint import checkpoint

from agmax_mm.models.feature_mix import layer_module

# Layers whose inputs are kept for the backward pass, and make a module worth computing twice.
_LAYERS = (nn.Conv2d, nn.Linear)


def checkpoint_activations(model: nn.Module, names: bool | str | Sequence[str]) -> list[str]:
    """Let parts of a model keep only their inputs in training, and compute the rest again in the backward pass.

    Differs from the host's function in that batch normalisation takes in the statistics of each batch once, that
    anything may be passed to the parts, and that copies of the model stay independent of it. Generators of torch are
    set back for the second computation, so dropout drops the same.

    Args:
        model: Changed in place; names of parameters and hooks stay as they are.
        names: Dotted names of the parts, or ``True`` for the backbone's blocks, see :func:`repeated_blocks`.

    Returns:
        Names of the parts.

    Raises:
        ValueError: If a name is unknown, a backbone has no repeated blocks, or features are mixed within a part, where
            the second computation would leave them as they are.
    """
    if names is True:
        names = repeated_blocks(model)
        if not names:
            raise ValueError(
                'activation_checkpointing: expected a backbone of repeated blocks, got '
                f'{type(getattr(model, "backbone", model)).__name__}; list the names of its parts instead of True'
            )
    names = [names] if isinstance(names, str) else list(names or [])
    for name in names:
        try:
            part: Any = attrgetter(name)(model)
        except AttributeError:
            part = None
        if not isinstance(part, nn.Module):
            raise ValueError(f"activation_checkpointing: expected names of the model's parts, got {name!r}")
        _check_mixing(model, name, part)
        kind: Any = type(part)
        part.__class__ = _recomputing(kind)
    return names


def _check_mixing(model: Any, name: str, part: nn.Module) -> None:
    mix = getattr(model, 'feature_mix', None)
    for layer in () if mix is None else mix.layers:
        # What mixes at the edge of a part is outside of what is computed twice.
        module = layer_module(model.backbone, layer)
        if module is not part and any(module is inner for inner in part.modules()):
            raise ValueError(
                f'activation_checkpointing: expected parts within which feature_mix does not mix, got {name!r}, which '
                f'holds its layer {layer!r}; True takes the blocks of the backbone'
            )


def repeated_blocks(model: nn.Module) -> list[str]:
    """Names of the blocks that a backbone is built of.

    They are the modules of a kind that occurs at least twice within one module and holds at least two convolutions or
    linear layers; of such kinds within each other the inner ones: the residual blocks and not the stages, the encoder
    layers and not their halves.
    """
    found = {
        name: module for name, module in model.named_modules() if name.split('.')[0] == 'backbone' and _is_deep(module)
    }
    siblings: Counter[tuple[str, type]] = Counter((name.rpartition('.')[0], type(m)) for name, m in found.items())
    kinds = {kind for (_, kind), count in siblings.items() if count > 1}
    blocks = [name for name, module in found.items() if type(module) in kinds]
    return [name for name in blocks if not any(other.startswith(f'{name}.') for other in blocks)]


def _is_deep(module: nn.Module) -> bool:
    # Lists are not called.
    called = not isinstance(module, nn.ModuleList | nn.ModuleDict)
    return called and sum(isinstance(layer, _LAYERS) for layer in module.modules()) > 1


@functools.cache
def _recomputing(kind: Any) -> Any:
    """A kind of module that computes its forward pass twice in training."""

    class Recomputing(kind):
        def forward(self, *args: Any, **kwargs: Any) -> Any:
            if not (self.training and torch.is_grad_enabled()):
                return super().forward(*args, **kwargs)
            contexts = functools.partial(_contexts, self)
            # Dense networks append to the list that they pass.
            args = tuple(list(arg) if isinstance(arg, list) else arg for arg in args)
            return checkpoint(super().forward, *args, use_reentrant=False, context_fn=contexts, **kwargs)

    Recomputing.__name__ = Recomputing.__qualname__ = kind.__name__
    return Recomputing


def _contexts(module: nn.Module) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    """Return the contexts of the first computation and of the second."""
    return contextlib.nullcontext(), _statistics_kept(module)


@contextlib.contextmanager
def _statistics_kept(module: nn.Module) -> Iterator[None]:
    """Let batch normalisation take what it sees into copies of its statistics."""
    norms = [norm for norm in module.modules() if isinstance(norm, _NormBase)]
    kept = [dict(norm._buffers) for norm in norms]
    for norm in norms:
        norm._buffers.update({name: None if value is None else value.clone() for name, value in norm._buffers.items()})
    try:
        yield
    finally:
        for norm, buffers in zip(norms, kept, strict=True):
            norm._buffers.update(buffers)
