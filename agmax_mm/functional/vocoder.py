"""Clips played faster or slower, with their pitch unchanged.

Shapes: N = clips, F = frequency bins, T = frames, K = frames of a result.
"""

from __future__ import annotations

import itertools
import math

import torch
import torch.nn.functional as F
from torch import Tensor

from agmax_mm.functional.spectrograms import squared_magnitude


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
    count = math.ceil(spectra.shape[-1] / float(rates.min())) if num_frames is None else num_frames
    places = torch.arange(count, device=spectra.device).expand(len(spectra), -1)
    # Whole frames are moved, which is fast where each lies in one piece, as those of :func:`short_time_fourier` do.
    return vocoded_frames(spectra.transpose(1, 2), rates, places).transpose(1, 2)


def vocoded_frames(frames: Tensor, rates: Tensor, places: Tensor) -> Tensor:
    """Some frames of what :func:`phase_vocoder` makes of clips.

    As long as neighbours in the result are neighbours in the clip, the differences of phase add up to the phases that
    the frames had. Only a jump, a frame that is left out or read twice, turns the phases, of all frames behind it.

    Args:
        frames: Complex spectra, shape ``(N, T, F)``.
        rates: Speed of each clip, shape ``(N,)``, above 0.
        places: Whole numbers, shape ``(N, K)``; outside of the result there is silence.

    Returns:
        Shape ``(N, K, F)``.
    """
    length = frames.shape[1]
    steps = torch.arange(max(int(places.max()), 0) + 1, device=frames.device, dtype=torch.float64)
    # In double precision: a frame more or less than there is follows from rounding.
    source = (steps * rates[:, None]).clamp_max_(length)
    first = source.long()
    ahead = first[:, :-1] + 1
    jumped = F.pad((first[:, 1:] != ahead) & (first[:, 1:] < length), (1, 0))
    sizes = squared_magnitude(frames).clamp_min_(torch.finfo(frames.dtype).tiny).sqrt_()
    inside = places.clamp_min(0)
    own = first.gather(1, inside).masked_fill_(places < 0, length)
    share = (source - first).to(sizes.dtype).gather(1, inside)[:, :, None]
    growth = frames_at(sizes[:, 1:] / sizes[:, :-1], own) * share + (1.0 - share)
    found = frames_at(_audible(frames, sizes), own) * growth
    if not jumped.any():
        return found
    return found * frames_at(_turns(frames, first, ahead, jumped), jumped.cumsum(1).gather(1, inside))


def _audible(frames: Tensor, sizes: Tensor) -> Tensor:
    """Frames whose silent bins have the least size, where sound follows: nothing can grow from 0."""
    floor = math.sqrt(torch.finfo(sizes.dtype).tiny)
    rows = ((sizes[:, :-1].amin(dim=2) <= floor) & (sizes[:, 1:].amax(dim=2) > floor)).nonzero(as_tuple=True)
    if not len(rows[0]):
        return frames
    return frames.index_put(rows, frames[rows].masked_fill(sizes[rows] <= floor, floor))


def _turns(frames: Tensor, first: Tensor, ahead: Tensor, jumped: Tensor) -> Tensor:
    """How far phases are turned behind each jump, as complex numbers of size 1, shape ``(N, jumps + 1, F)``."""
    rows, places = jumped.nonzero(as_tuple=True)
    ends = torch.cat([ahead[rows, places - 1], first[rows, places]])
    numbers = frames_at(frames, ends[:, None], rows.repeat(2))[:, 0]
    sizes = squared_magnitude(numbers).sqrt()
    # Silence has phase 0. A product of a real and a complex tensor is several times as fast as their quotient.
    silent = (sizes == 0).to(sizes.dtype)
    units = numbers * (sizes + silent).reciprocal() + silent
    order = jumped.cumsum(1)
    size = len(frames), int(order.max()) + 1, frames.shape[2]
    turns = torch.ones(size, dtype=frames.dtype, device=frames.device)
    turns[rows, order[rows, places]] = units[: len(rows)] * units[len(rows) :].conj()
    return torch.stack(list(itertools.accumulate(turns.unbind(dim=1), torch.mul)), dim=1)


def frames_at(frames: Tensor, places: Tensor, clips: Tensor | None = None) -> Tensor:
    """Pick frames by their places; outside of the clip there is silence.

    Args:
        frames: Shape ``(N, T, F)``.
        places: Whole numbers, shape ``(n, K)``.
        clips: Which clips, shape ``(n,)``; by default all.

    Returns:
        Shape ``(n, K, F)``.
    """
    length = frames.shape[1]
    clips = torch.arange(len(frames), device=frames.device) if clips is None else clips
    inside = places.clamp(0, length - 1)
    picked = frames.reshape(-1, frames.shape[2]).index_select(0, (inside + length * clips[:, None]).flatten())
    return picked.index_fill_(0, (places != inside).flatten().nonzero().flatten(), 0).view(*places.shape, -1)
