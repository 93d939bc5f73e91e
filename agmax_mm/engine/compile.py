"""``torch.compile`` where it pays: in the network, not in the step around it."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


def compile_network(model: nn.Module, compile_options: bool | dict[str, Any]) -> list[str]:
    """Compile the backbone and the neck of a model, in place.

    Names of parameters stay as they are, and so do losses, but for rounding: random numbers, such as dropout's, are
    drawn as without compilation, unless ``mode`` or ``options`` are given. The first step of each form of input takes
    long. The host compiles the whole step, which falls apart at data samples, logging and optimiser.

    Args:
        model: A classifier or detector.
        compile_options: ``True``, or arguments of :func:`torch.compile`.

    Returns:
        The names of the parts compiled.

    Raises:
        ValueError: If the model draws which of its layers to mix, or a CPU's code cannot be compiled for want of a
            C++ compiler.
    """
    options = {} if compile_options is True else dict(compile_options or {})
    if getattr(model, 'feature_mix', None) is not None:
        raise ValueError('compile: expected a model that computes the same at each step, got one with feature_mix')
    if options.get('backend', 'inductor') == 'inductor':
        _check_compiler()
        if not options.keys() & {'mode', 'options'}:
            options['options'] = {'fallback_random': True}
    names = [name for name in ('backbone', 'neck') if isinstance(getattr(model, name, None), nn.Module)]
    for name in names:
        getattr(model, name).compile(**options)
    return names


def _check_compiler() -> None:
    from torch._inductor.cpp_builder import get_cpp_compiler
    from torch._inductor.exc import InvalidCxxCompiler

    if torch.cuda.is_available():
        return
    try:
        get_cpp_compiler()
    except InvalidCxxCompiler:
        raise ValueError('compile: expected a C++ compiler, such as g++, on a CPU, got none') from None
