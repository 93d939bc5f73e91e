"""From waveforms to a batch of spectrograms on the device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agmax_mm.models.data_preprocessor import TwoViewDataPreprocessor
from agmax_mm.registry import MODELS, TRANSFORMS
from agmax_mm.speech.transforms import BackgroundNoise

# Clips that go through the steps together: few on a processor, where memory is slower than it calculates, but enough
# that calls cost less than work.
TOGETHER = {'cpu': 32}
_TOGETHER_ELSEWHERE = 512


@MODELS.register_module()
class SpeechDataPreprocessor(TwoViewDataPreprocessor):
    """Make spectrograms of all views of a batch, each clip with draws of its own, then go on as with images.

    Differs from :class:`agmax_mm.models.TwoViewDataPreprocessor`: inputs are waveforms ``(N, L)``, or a list of such,
    one for each view.

    Args:
        train_steps: Steps from waveforms to spectrograms ``(N, M, T)`` in training, see
            :mod:`agmax_mm.speech.transforms`.
        test_steps: Those of an evaluation.
        **kwargs: The other options, which concern spectrograms of shape ``(N, 1, M, T)``.
    """

    def __init__(self, *, train_steps: Sequence[Any], test_steps: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.train_steps = _built(train_steps)
        self.test_steps = _built(test_steps)

    def read_data(self) -> None:
        """Read what the steps of training need besides their clips.

        Raises:
            ValueError: If there is no noise.
        """
        for step in self.train_steps:
            if isinstance(step, BackgroundNoise):
                _ = step.chunks

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Turn collated samples into the input of the model.

        Args:
            data: ``inputs``, waveforms ``(N, L)`` or a list of them, one for each view, and ``data_samples``.
            training: Whether to augment.

        Returns:
            ``inputs`` of shape ``(num_views * N, 1, M, T)`` and as many data samples.
        """
        inputs = data['inputs']
        views = [inputs] if isinstance(inputs, Tensor) else list(inputs)
        if views[0].ndim != 2:
            raise ValueError(f'SpeechDataPreprocessor: expected waveforms of shape (N, L), got {tuple(views[0].shape)}')
        found = [self.spectrograms(view, training=training) for view in views]
        return super().forward({**data, 'inputs': found if len(found) > 1 else found[0]}, training)

    @torch.no_grad()
    def spectrograms(self, waveforms: Tensor, *, training: bool = False) -> Tensor:
        """Spectrograms ``(N, 1, M, T)`` of waveforms ``(N, L)``; in training with random changes."""
        steps = self.train_steps if training else self.test_steps
        device = torch.device(self.device)
        made = []
        for clips in waveforms.to(device).split(TOGETHER.get(device.type, _TOGETHER_ELSEWHERE)):
            current: Any = clips
            for step in steps:
                current = step(current)
            made.append(current)
        return torch.cat(made)[:, None]

    def to_picture(self, image: Tensor) -> NDArray[np.uint8]:
        """A spectrogram as a picture ``(H, W, 3)``: low frequencies below, loud parts bright."""
        from matplotlib import colormaps

        decibels = (image * self.std + self.mean if self._enable_normalize else image)[0].cpu()
        low, high = decibels.aminmax()
        shade = ((decibels - low) / (high - low).clamp_min(1e-6)).flip(0).numpy()
        return (255 * colormaps['magma'](shade)[..., :3]).round().astype(np.uint8)


def _built(steps: Sequence[Any]) -> list[Any]:
    """Build steps; noise goes through the steps before it, too."""
    built = [TRANSFORMS.build(step) if isinstance(step, dict) else step for step in steps]
    for place, step in enumerate(built):
        if isinstance(step, BackgroundNoise):
            step.earlier = built[:place]
    return built
