"""From waveforms to mel spectrograms, for whole batches of clips.

Shapes: N = clips, L = samples of a clip, F = frequency bins, ``n_fft // 2 + 1``, T = frames, M = mel bands. Frames are
centred, so there are ``1 + L // hop_length`` of them.
"""

from __future__ import annotations

import functools
import math

import torch
import torch.nn.functional as F
from torch import Tensor

# Slaney's mel scale: linear up to 1 kHz, where it has 15 mels, then 27 mels to each factor of 6.4.
_HERTZ_PER_MEL = 200.0 / 3.0
_KNEE_HERTZ = 1000.0
_KNEE_MELS = _KNEE_HERTZ / _HERTZ_PER_MEL
_LOG_STEP = math.log(6.4) / 27.0


def short_time_fourier(waveforms: Tensor, *, n_fft: int = 2048, hop_length: int = 512) -> Tensor:
    """Complex spectra of centred frames under a periodic Hann window; outside of the clip there is silence.

    Args:
        waveforms: Shape ``(N, L)``, real.
        n_fft: Samples of a frame.
        hop_length: Samples between the centres of two frames.

    Returns:
        Complex spectra, shape ``(N, F, T)``.

    Raises:
        ValueError: If the waveforms have another number of dimensions, or a length is below 1.
    """
    if waveforms.ndim != 2:
        raise ValueError(f'short_time_fourier: expected waveforms (N, L), got {tuple(waveforms.shape)}')
    if n_fft < 2 or hop_length < 1:
        raise ValueError(
            f'short_time_fourier: expected n_fft of at least 2 and hop_length of 1, got {n_fft}, {hop_length}'
        )
    window = torch.hann_window(n_fft, dtype=waveforms.dtype, device=waveforms.device)
    # torch.stft takes twice as long.
    frames = F.pad(waveforms, (n_fft // 2, n_fft // 2)).unfold(1, n_fft, hop_length)
    spectrum: Tensor = torch.fft.rfft(frames * window)
    return spectrum.transpose(1, 2)


@functools.lru_cache(maxsize=8)
def mel_filterbank(num_mels: int, n_fft: int, sample_rate: int) -> Tensor:
    """Triangular filters at equal distances on Slaney's mel scale, from 0 Hz to half the sample rate, of equal area.

    Returns:
        Weights of the power of each bin, shape ``(M, F)``, float64; not to be changed in place.

    Raises:
        ValueError: If an argument is below 1, or a filter lies between two bins and takes in none.

    References:
        M. Slaney, "Auditory Toolbox", Interval Research 1998-010.
    """
    if min(num_mels, n_fft, sample_rate) < 1:
        raise ValueError(f'mel_filterbank: expected numbers above 0, got {num_mels}, {n_fft}, {sample_rate}')
    top = sample_rate / 2
    edges = _mels_to_hertz(torch.linspace(0.0, _hertz_to_mels(top), num_mels + 2, dtype=torch.float64))
    bins = torch.linspace(0.0, top, n_fft // 2 + 1, dtype=torch.float64)
    distances, widths = bins[None] - edges[:, None], edges.diff()[:, None]
    rising, falling = distances[:-2] / widths[:-1], -distances[2:] / widths[1:]
    filters = torch.minimum(rising, falling).clamp_min(0) * (2.0 / (edges[2:] - edges[:-2]))[:, None]
    empty = (filters.sum(dim=1) == 0).nonzero().flatten().tolist()
    if empty:
        raise ValueError(
            f'mel_filterbank: expected bins in each of {num_mels} filters, got none in number {empty[0] + 1}; '
            f'with n_fft={n_fft} bins are {sample_rate / n_fft:.1f} Hz apart: fewer filters, or a greater n_fft'
        )
    return filters


def _hertz_to_mels(hertz: float) -> float:
    if hertz < _KNEE_HERTZ:
        return hertz / _HERTZ_PER_MEL
    return _KNEE_MELS + math.log(hertz / _KNEE_HERTZ) / _LOG_STEP


def _mels_to_hertz(mels: Tensor) -> Tensor:
    return torch.where(
        mels < _KNEE_MELS, mels * _HERTZ_PER_MEL, _KNEE_HERTZ * torch.exp(_LOG_STEP * (mels - _KNEE_MELS))
    )


def mel_power(power: Tensor, *, sample_rate: int, num_mels: int = 32) -> Tensor:
    """Power in each mel band.

    Args:
        power: Squared magnitudes of spectra, shape ``(N, F, T)``.
        sample_rate: Samples a second.
        num_mels: Number of bands.

    Returns:
        Shape ``(N, M, T)``.

    Raises:
        ValueError: As :func:`mel_filterbank`.
    """
    filters = mel_filterbank(num_mels, 2 * (power.shape[-2] - 1), sample_rate).to(power)
    return filters @ power


def mel_spectrogram(
    waveforms: Tensor, *, sample_rate: int = 16000, n_fft: int = 2048, hop_length: int = 512, num_mels: int = 32
) -> Tensor:
    """Power in mel bands over time, as ``librosa.feature.melspectrogram`` has it.

    Args:
        waveforms: Shape ``(N, L)``, real.
        sample_rate: Samples a second.
        n_fft: Samples of a frame.
        hop_length: Samples between the centres of two frames.
        num_mels: Number of bands.

    Returns:
        Shape ``(N, M, T)``.

    Raises:
        ValueError: As :func:`short_time_fourier` and :func:`mel_filterbank`.
    """
    spectra = short_time_fourier(waveforms, n_fft=n_fft, hop_length=hop_length)
    return mel_power(squared_magnitude(spectra), sample_rate=sample_rate, num_mels=num_mels)


def squared_magnitude(spectra: Tensor) -> Tensor:
    """Squared magnitude of complex numbers, without the root that ``abs`` takes."""
    squares = torch.view_as_real(spectra).square()
    return squares[..., 0] + squares[..., 1]


def power_to_decibels(power: Tensor, *, top_db: float = 80.0) -> Tensor:
    """Decibels below the greatest power of each clip.

    A clip of silence has 0 dB everywhere, which is the maximum: all its powers are equal.

    Args:
        power: Shape ``(N, ...)``, not negative.
        top_db: The weakest powers are set to ``-top_db``; above 0.

    Returns:
        Same shape, within ``[-top_db, 0]``.

    Raises:
        ValueError: If ``top_db`` is not above 0.
    """
    if not top_db > 0:
        raise ValueError(f'power_to_decibels.top_db: expected a number above 0, got {top_db}')
    loud = power.clamp_min(1e-10)
    greatest = loud.flatten(1).amax(dim=1).view(-1, *[1] * (power.ndim - 1))
    return (10.0 * torch.log10(loud / greatest)).clamp_min(-top_db)


def resample_linearly(waveforms: Tensor, steps: Tensor, *, num_samples: int) -> Tensor:
    """Read each waveform at equal steps between its samples, which changes speed and pitch together.

    Args:
        waveforms: Shape ``(N, L)``.
        steps: Step of each waveform in samples, shape ``(N,)``, above 0; 2 makes it half as long and an octave higher.
        num_samples: Samples of the result.

    Returns:
        Shape ``(N, num_samples)``; behind the last sample there is silence.

    Raises:
        ValueError: If a shape or a step is out of range.
    """
    if waveforms.ndim != 2 or steps.shape != waveforms.shape[:1] or not bool((steps > 0).all()):
        raise ValueError(
            'resample_linearly: expected waveforms (N, L) and steps (N,) above 0, '
            f'got {tuple(waveforms.shape)} and {steps}'
        )
    # Single precision has too few digits for places of many thousands.
    places = torch.arange(num_samples, device=waveforms.device, dtype=torch.float64) * steps[:, None]
    first = places.clamp_max_(waveforms.shape[1]).long()
    share = places.frac_().to(waveforms.dtype)
    samples = F.pad(waveforms, (0, 2))
    first += samples.shape[1] * torch.arange(len(samples), device=first.device)[:, None]
    # One list of samples; the second of each pair is the one behind the first.
    samples, first = samples.flatten(), first.flatten()
    before, after = (part.index_select(0, first).view_as(share) for part in (samples, samples[1:]))
    return torch.lerp(before, after, share)
