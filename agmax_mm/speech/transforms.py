"""The steps from waveforms to mel spectrograms, for whole batches; the random ones draw for each clip.

Waveforms have the shape ``(N, L)``. :class:`ShortTimeFourier` makes :class:`~agmax_mm.speech.spectra.Spectra` of them,
:class:`MelPower` makes powers ``(N, M, T)`` of those. A random step tosses a coin for each clip. All draws come from
torch's generator on the CPU. The parameters are those of the AgMax authors' code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from agmax_mm.functional.spectrograms import mel_filterbank, power_to_decibels, resample_linearly, short_time_fourier
from agmax_mm.registry import TRANSFORMS
from agmax_mm.speech.noise import noise_chunks
from agmax_mm.speech.spectra import Spectra


class RandomStep:
    """Base class of the steps that change some clips.

    Args:
        prob: Probability of changing a clip, within ``[0, 1]``.

    Raises:
        ValueError: If it is out of range.
    """

    def __init__(self, prob: float = 0.5) -> None:
        if not 0.0 <= prob <= 1.0:
            raise ValueError(f'{type(self).__name__}.prob: expected a number within [0, 1], got {prob}')
        self.prob = prob

    def chosen(self, count: int) -> Tensor:
        """Draw which of ``count`` clips change; their places."""
        return (torch.rand(count) < self.prob).nonzero().flatten()

    def within(self, value: float, name: str, low: float, high: float) -> float:
        """Check an argument."""
        if not low <= value <= high:
            raise ValueError(f'{type(self).__name__}.{name}: expected a number from {low} to {high}, got {value}')
        return value


@TRANSFORMS.register_module()
class ChangeAmplitude(RandomStep):
    """Multiply waveforms by a number from ``low`` to ``high``.

    Args:
        low: Least factor, at least 0.
        high: Greatest factor.
        prob: Probability of changing a clip.

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(self, low: float = 0.7, high: float = 1.1, prob: float = 0.5) -> None:
        super().__init__(prob)
        self.low = self.within(low, 'low', 0.0, high)
        self.high = high

    def __call__(self, waveforms: Tensor) -> Tensor:
        """Change waveforms ``(N, L)``."""
        rows = self.chosen(len(waveforms))
        factors = torch.ones(len(waveforms))
        factors[rows] = self.low + (self.high - self.low) * torch.rand(len(rows))
        return waveforms * factors.to(waveforms)[:, None]


@TRANSFORMS.register_module()
class ChangeSpeedAndPitch(RandomStep):
    """Make waveforms ``1 + s`` times as long, with ``s`` from ``-max_change`` to ``max_change``.

    Samples are interpolated linearly. What has no room in the waveform's length is cut off.

    Args:
        max_change: Greatest change of the length, from 0 to below 1.
        prob: Probability of changing a clip.

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(self, max_change: float = 0.2, prob: float = 0.5) -> None:
        super().__init__(prob)
        self.max_change = self.within(max_change, 'max_change', 0.0, 0.99)

    def __call__(self, waveforms: Tensor) -> Tensor:
        """Change waveforms ``(N, L)``."""
        rows = self.chosen(len(waveforms))
        steps = 1.0 / (1.0 + self.max_change * (2.0 * torch.rand(len(rows), dtype=torch.float64) - 1.0))
        if not len(rows):
            return waveforms
        rows, steps = rows.to(waveforms.device), steps.to(waveforms.device)
        changed = resample_linearly(waveforms.index_select(0, rows), steps, num_samples=waveforms.shape[1])
        return waveforms.index_copy(0, rows, changed)


@TRANSFORMS.register_module()
class FixLength:
    """Cut waveforms at their end, or fill them up with silence.

    Args:
        num_samples: Samples of the result, at least 1.

    Raises:
        ValueError: If it is below 1.
    """

    def __init__(self, num_samples: int = 16000) -> None:
        if num_samples < 1:
            raise ValueError(f'FixLength.num_samples: expected at least 1, got {num_samples}')
        self.num_samples = num_samples

    def __call__(self, waveforms: Tensor) -> Tensor:
        """Change waveforms ``(N, L)`` to ``(N, num_samples)``."""
        return F.pad(waveforms, (0, self.num_samples - waveforms.shape[1]))


@TRANSFORMS.register_module()
class ShortTimeFourier:
    """Make spectra of waveforms, see :func:`agmax_mm.functional.short_time_fourier`.

    Args:
        n_fft: Samples of a frame.
        hop_length: Samples between the centres of two frames.
    """

    def __init__(self, n_fft: int = 2048, hop_length: int = 512) -> None:
        self.n_fft = n_fft
        self.hop_length = hop_length

    def __call__(self, waveforms: Tensor) -> Spectra:
        """Make spectra of waveforms ``(N, L)``."""
        return Spectra.of(short_time_fourier(waveforms, n_fft=self.n_fft, hop_length=self.hop_length))


@TRANSFORMS.register_module()
class Stretch(RandomStep):
    """Play clips at a speed of ``1 + s`` with their pitch unchanged, ``s`` from ``-max_change`` to ``max_change``.

    See :func:`agmax_mm.functional.phase_vocoder`.

    Args:
        max_change: Greatest change of the speed, from 0 to below 1.
        prob: Probability of changing a clip.

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(self, max_change: float = 0.2, prob: float = 0.5) -> None:
        super().__init__(prob)
        self.max_change = self.within(max_change, 'max_change', 0.0, 0.99)

    def __call__(self, spectra: Spectra) -> Spectra:
        """Note the clips' speeds."""
        rows = self.chosen(len(spectra))
        rates = torch.ones(len(spectra), dtype=torch.float64)
        rates[rows] += self.max_change * (2.0 * torch.rand(len(rows), dtype=torch.float64) - 1.0)
        return replace(spectra, rates=rates.to(spectra.rates))


@TRANSFORMS.register_module()
class TimeShift(RandomStep):
    """Shift clips by whole frames, from ``-max_frames`` to ``max_frames``; silence follows.

    Args:
        max_frames: Greatest shift, at least 0.
        prob: Probability of changing a clip.

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(self, max_frames: int = 8, prob: float = 0.5) -> None:
        super().__init__(prob)
        if max_frames < 0:
            raise ValueError(f'TimeShift.max_frames: expected at least 0, got {max_frames}')
        self.max_frames = max_frames

    def __call__(self, spectra: Spectra) -> Spectra:
        """Note the clips' shifts."""
        rows = self.chosen(len(spectra))
        shifts = torch.zeros(len(spectra), dtype=torch.long)
        shifts[rows] = torch.randint(-self.max_frames, self.max_frames + 1, (len(rows),))
        return replace(spectra, shifts=shifts.to(spectra.shifts))


@TRANSFORMS.register_module()
class FixFrames:
    """Cut spectra at their end, or fill them up with silence.

    Args:
        num_frames: Frames of the result, at least 1.

    Raises:
        ValueError: If it is below 1.
    """

    def __init__(self, num_frames: int = 32) -> None:
        if num_frames < 1:
            raise ValueError(f'FixFrames.num_frames: expected at least 1, got {num_frames}')
        self.num_frames = num_frames

    def __call__(self, spectra: Spectra) -> Spectra:
        """Note the number of frames."""
        return replace(spectra, num_frames=self.num_frames)


@TRANSFORMS.register_module()
class BackgroundNoise(RandomStep):
    """Mix spectra with those of noise: ``(1 - r)`` of the clip and ``r`` of the noise, ``r`` from 0 to ``max_share``.

    The noise is a second of the recordings in ``_background_noise_``. It goes through the steps before this one, too,
    with draws of its own.

    Args:
        data_root: Folder of the data set, whose noise is read before training. That of the training by default.
        sample_rate: Samples a second.
        max_share: Greatest share of the noise, within ``[0, 1]``.
        prob: Probability of changing a clip.

    Raises:
        ValueError: If an argument is out of range; and, once read, if there is no noise.
    """

    def __init__(
        self, data_root: str | None = None, sample_rate: int = 16000, max_share: float = 0.45, prob: float = 0.5
    ) -> None:
        super().__init__(prob)
        self.data_root = data_root
        self.sample_rate = sample_rate
        self.max_share = self.within(max_share, 'max_share', 0.0, 1.0)
        self.earlier: Sequence[Any] = ()

    @cached_property
    def chunks(self) -> Tensor:
        """The noise by the second, read once."""
        return noise_chunks(self.data_root, self.sample_rate)

    def __call__(self, spectra: Spectra) -> Spectra:
        """Mix spectra with noise."""
        rows = self.chosen(len(spectra))
        if not len(rows):
            return spectra
        rows = rows.to(spectra.frames.device)
        noise: Any = self.chunks[torch.randint(len(self.chunks), (len(rows),))].to(rows.device)
        for step in self.earlier:
            noise = step(noise)
        share = self.max_share * torch.rand(len(rows), 1, 1, 1)
        mixed = spectra.numbers(rows)
        # Torch would make complex numbers of real shares before it multiplies.
        torch.view_as_real(mixed).lerp_(torch.view_as_real(noise.numbers()), share.to(mixed.real))
        return spectra.with_rows(rows, mixed)


@TRANSFORMS.register_module()
class MelPower:
    """Make mel powers of spectra, see :func:`agmax_mm.functional.mel_filterbank`.

    Args:
        num_mels: Number of bands.
        sample_rate: Samples a second.
    """

    def __init__(self, num_mels: int = 32, sample_rate: int = 16000) -> None:
        self.num_mels = num_mels
        self.sample_rate = sample_rate

    def __call__(self, spectra: Spectra) -> Tensor:
        """Return powers ``(N, num_mels, T)``."""
        n_fft = 2 * (spectra.frames.shape[2] - 1)
        return spectra.mel_power(mel_filterbank(self.num_mels, n_fft, self.sample_rate))


@TRANSFORMS.register_module()
class Decibels:
    """Make decibels of powers, see :func:`agmax_mm.functional.power_to_decibels`.

    Args:
        top_db: The weakest powers are set to ``-top_db``.
    """

    def __init__(self, top_db: float = 80.0) -> None:
        self.top_db = top_db

    def __call__(self, power: Tensor) -> Tensor:
        """Return decibels of the same shape."""
        return power_to_decibels(power, top_db=self.top_db)
