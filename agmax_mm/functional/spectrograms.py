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


def phase_vocoder(spectra: Tensor, rates: Tensor, *, num_frames: int | None = None) -> Tensor:
    """Play each clip faster or slower without a change of its pitch.

    Frame ``k`` of the result lies at ``k * rate`` in the clip. Its magnitude is interpolated between the two frames
    around this place, and its phase goes on from frame ``k - 1`` by their difference of phase.

    Args:
        spectra: Complex spectra, shape ``(N, F, T)``.
        rates: Speed of each clip, shape ``(N,)``, above 0; 2 makes it half as long.
        num_frames: Frames of the result; by default as many as the slowest clip needs. Behind its end, at
            ``T / rate``, a clip is silent.

    Returns:
        Complex spectra, shape ``(N, F, num_frames)``.

    Raises:
        ValueError: If a shape or a rate is out of range.

    References:
        J. L. Flanagan and R. M. Golden, "Phase Vocoder", Bell System Technical Journal 45, 1966. The definition of the
        phase is that of ``librosa.phase_vocoder``: phases are added as products of unit numbers here, for which
        multiples of a whole turn make no difference.
    """
    if spectra.ndim != 3 or rates.shape != spectra.shape[:1]:
        raise ValueError(
            'phase_vocoder: expected spectra (N, F, T) and rates (N,), '
            f'got {tuple(spectra.shape)} and {tuple(rates.shape)}'
        )
    if not bool((rates > 0).all()):
        raise ValueError(f'phase_vocoder.rates: expected numbers above 0, got {float(rates.min())}')
    length = spectra.shape[-1]
    count = math.ceil(length / float(rates.min())) if num_frames is None else num_frames
    # In double precision: a frame more or less than there is follows from rounding.
    places = torch.arange(count, device=spectra.device, dtype=torch.float64) * rates[:, None]
    # Whole frames are moved, which is fast where each lies in one piece, as those of :func:`short_time_fourier` do.
    frames = F.pad(spectra.transpose(1, 2), (0, 0, 0, 2))
    sizes = squared_magnitude(frames).sqrt()
    # Linear interpolation as a product: the weight of frame j at a place falls from 1 to 0 over a distance of 1.
    distances = (places[:, :, None] - torch.arange(length + 2, device=places.device)).abs()
    weights = (1.0 - distances).clamp_min(0.0).masked_fill(places[:, :, None] >= length, 0.0)
    size = weights.to(sizes.dtype) @ sizes
    units = _units(frames, sizes)
    first = places.clamp_max(length).long()
    turns = frames_at(units[:, 1:] * units[:, :-1].conj(), first)
    phases = [units[:, 0]]
    for turn in turns[:, :-1].unbind(dim=1):
        phases.append(phases[-1] * turn)
    return (size * torch.stack(phases, dim=1)).transpose(1, 2)


def frames_at(frames: Tensor, places: Tensor) -> Tensor:
    """Pick frames by their places; outside of the clip there is silence.

    Args:
        frames: Shape ``(N, T, F)``.
        places: Whole numbers, shape ``(N, K)``.

    Returns:
        Shape ``(N, K, F)``.
    """
    length = frames.shape[1]
    rows = places.clamp(0, length - 1) + length * torch.arange(len(frames), device=frames.device)[:, None]
    picked = frames.reshape(-1, frames.shape[2]).index_select(0, rows.flatten()).view(*places.shape, -1)
    outside = (places < 0) | (places >= length)
    return picked.masked_fill_(outside[:, :, None], 0)


def _units(numbers: Tensor, sizes: Tensor) -> Tensor:
    """Complex numbers of size 1 with the phases of others, whose sizes are known; silence has phase 0."""
    silent = (sizes == 0).to(sizes.dtype)
    # A product of a real and a complex tensor is several times as fast as their quotient.
    return numbers * (sizes + silent).reciprocal_() + silent


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
    return (spectra * spectra.conj()).real


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
    places = places.clamp_max(waveforms.shape[1])
    first = places.long()
    padded = F.pad(waveforms, (0, 2))
    share = (places - first).to(waveforms.dtype)
    return torch.lerp(padded.gather(1, first), padded.gather(1, first + 1), share)
