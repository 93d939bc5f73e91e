"""Common functions for logits. Shapes: N = images in the batch, K = classes."""

from __future__ import annotations

import torch
from torch import Tensor


def widen(logits: Tensor) -> Tensor:
    """Convert half precision to float32; float32 and float64 stay."""
    return logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits


def probabilities(logits: Tensor) -> Tensor:
    """Return the softmax over the classes, in float32 or wider."""
    return widen(logits).softmax(dim=1)


def check_logits(**logits: Tensor) -> None:
    """Raise a ``ValueError`` if the tensors do not all have one shape ``(N, K)`` with ``N >= 1`` and ``K >= 2``."""
    shapes = {name: tuple(tensor.shape) for name, tensor in logits.items()}
    first = next(iter(shapes.values()))
    if any(shape != first for shape in shapes.values()) or len(first) != 2 or first[0] < 1 or first[1] < 2:
        raise ValueError(f'logits: expected one shape (N, K) with N >= 1 and K >= 2 for all, got {shapes}')
