"""A classifier as the suites use it: from pixels to logits, with gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from agmax_mm.models.contract import unwrap

_T = TypeVar('_T')


class Network:
    """A classifier of the host in evaluation mode, whose parameters are fixed.

    Images are ``(N, C, H, W)``, as the loader gives them: 0 to 255, in the loader's order of channels. Normalised
    images are what the backbone takes.

    Args:
        classifier: A classifier with a ``data_preprocessor``, wrapped for several processes or not.

    Raises:
        ValueError: If it has no ``data_preprocessor``.
    """

    def __init__(self, classifier: nn.Module) -> None:
        self.classifier: Any = unwrap(classifier).eval().requires_grad_(False)
        if not isinstance(getattr(self.classifier, 'data_preprocessor', None), nn.Module):
            raise ValueError(f'robustness: expected a classifier with a data_preprocessor, got {type(classifier)}')
        self._memory: dict[str, Any] = {}
        self._records = False
        self.fed: Tensor | None = None

    @property
    def device(self) -> torch.device:
        """The device that holds the parameters."""
        return next(self.classifier.parameters()).device

    def normalised(self, images: Tensor) -> Tensor:
        """Images as the backbone takes them, with gradient."""
        result: Tensor = self.classifier.data_preprocessor({'inputs': images}, training=False)['inputs']
        return result

    def pixels(self, normalised: Tensor) -> Tensor:
        """The way back, for looking at: RGB, 0 to 255."""
        preprocessor = self.classifier.data_preprocessor
        if getattr(preprocessor, '_enable_normalize', False):
            normalised = normalised * preprocessor.std + preprocessor.mean
        return normalised if getattr(preprocessor, 'to_rgb', False) else normalised.flip(1)

    def classify(self, normalised: Tensor) -> Tensor:
        """Logits ``(N, K)`` of normalised images.

        Raises:
            ValueError: If the head gives anything else.
        """
        if self._records:
            self.fed = self.pixels(normalised.detach()).cpu()
        logits = self.classifier(normalised, mode='tensor')
        if not isinstance(logits, Tensor) or logits.ndim != 2 or len(logits) != len(normalised):
            got = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
            raise ValueError(f'robustness: expected logits (N, K) of {type(self.classifier.head).__name__}, got {got}')
        return logits

    def logits(self, images: Tensor) -> Tensor:
        """Logits ``(N, K)`` of images."""
        return self.classify(self.normalised(images))

    def right(self, images: Tensor, labels: Tensor) -> Tensor:
        """Whether the top class is the label, ``(N,)``."""
        return self.logits(images).argmax(dim=1) == labels

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Keep what the network is fed last in ``fed``: RGB, 0 to 255, on the CPU."""
        self._records = True
        try:
            yield
        finally:
            self._records = False

    def remembered(self, name: str, compute: Callable[[], _T]) -> _T:
        """A value that several conditions need, computed once for these weights."""
        if name not in self._memory:
            self._memory[name] = compute()
        value: _T = self._memory[name]
        return value
