"""Spectra of a batch of clips that are stretched and shifted in time when somebody reads them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from agmax_mm.functional.spectrograms import squared_magnitude
from agmax_mm.functional.vocoder import frames_at, vocoded_frames


@dataclass(frozen=True)
class Spectra:
    """Spectra and what shall become of them: stretched, then shifted, then cut or filled up with silence.

    Nobody needs the phases of a clip but whoever adds another one to it, and phases are what costs most in stretching.
    So all three are noted first, and done at once for the clips and the kind of numbers that are asked for.

    Attributes:
        frames: Complex spectra, shape ``(N, T, F)``.
        rates: Speed of each clip, shape ``(N,)``, float64; 1 is as it was.
        shifts: Frames by which each clip is shifted to the left, shape ``(N,)``.
        num_frames: Frames of the result; None for as many as the slowest clip has.
    """

    frames: Tensor
    rates: Tensor
    shifts: Tensor
    num_frames: int | None = None

    @classmethod
    def of(cls, spectra: Tensor) -> Spectra:
        """Wrap complex spectra of shape ``(N, F, T)``."""
        rates = torch.ones(len(spectra), dtype=torch.float64, device=spectra.device)
        return cls(spectra.transpose(1, 2), rates, torch.zeros_like(rates, dtype=torch.long))

    def __len__(self) -> int:
        """Number of clips."""
        return len(self.frames)

    def with_rows(self, rows: Tensor, numbers: Tensor) -> Spectra:
        """The same with other complex numbers ``(n, F, K)`` as the results of some clips, whose frames are changed."""
        frames, own = self.frames, numbers.transpose(1, 2)
        missing = own.shape[1] - frames.shape[1]
        if missing > 0:
            frames = F.pad(frames, (0, 0, 0, missing))
        frames.index_copy_(0, rows, F.pad(own, (0, 0, 0, -missing)) if missing < 0 else own)
        return replace(
            self,
            frames=frames,
            rates=self.rates.index_fill(0, rows, 1.0),
            shifts=self.shifts.index_fill(0, rows, 0),
            num_frames=own.shape[1],
        )

    @property
    def count(self) -> int:
        """Frames of the result."""
        if self.num_frames is not None:
            return self.num_frames
        return math.ceil(self.frames.shape[1] / float(self.rates.min()))

    def numbers(self, clips: Tensor | None = None) -> Tensor:
        """The result as complex numbers, shape ``(n, F, K)``, of some clips, by their places ``(n,)``, or of all."""
        clips = torch.arange(len(self), device=self.rates.device) if clips is None else clips
        places, rates = self._places()[clips], self.rates[clips]
        out = frames_at(self.frames, places, clips)
        rows = (rates != 1).nonzero().flatten()
        if len(rows):
            frames = self.frames.index_select(0, clips[rows])
            out.index_copy_(0, rows, vocoded_frames(frames, rates[rows], places[rows]))
        return out.transpose(1, 2)

    def mel_power(self, filters: Tensor) -> Tensor:
        """The result's power in mel bands.

        Bands are taken of the frames as they are, before anything moves: bands are fewer than bins. The square of a
        size between ``|a|`` and ``|b|``, ``((1 - s) |a| + s |b|)**2``, is a sum of ``|a|**2``, ``|b|**2`` and
        ``|a b|``, and bands can be taken of each.

        Args:
            filters: Weights of the power of each bin, shape ``(M, F)``.

        Returns:
            Shape ``(N, M, K)``.
        """
        weights = filters.to(self.frames.real).T
        # Both parts of a complex number have the weight of its bin.
        parts = torch.view_as_real(self.frames).flatten(2)
        bands = parts.square() @ weights.repeat_interleave(2, dim=0)
        places = self._places()
        out = frames_at(bands, torch.where(self.rates[:, None] == 1, places, -1))
        rows = (self.rates != 1).nonzero().flatten()
        if len(rows):
            power, own = squared_magnitude(self.frames.index_select(0, rows)), bands[rows]
            products = (power[:, 1:] * power[:, :-1]).sqrt_() @ weights
            source = places[rows] * self.rates[rows, None]
            first = source.floor().long()
            share = (source - first).to(own.dtype)[:, :, None]
            size = (1 - share).square() * frames_at(own, first) + share.square() * frames_at(own, first + 1)
            size += 2 * share * (1 - share) * frames_at(products, first)
            out = out.index_copy(0, rows, size * (places[rows] >= 0)[:, :, None])
        return out.transpose(1, 2)

    def _places(self) -> Tensor:
        """For each frame of the result its place in the stretched clip, shape ``(N, K)``; negative for silence.

        A shift does not make a clip longer: what moves beyond its end is lost.
        """
        frames = torch.arange(self.count, device=self.shifts.device)
        lengths = torch.ceil(self.frames.shape[1] / self.rates)[:, None]
        return torch.where(frames < lengths, frames + self.shifts[:, None], -1)
