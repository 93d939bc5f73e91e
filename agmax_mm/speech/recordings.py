"""Recordings as waveforms: WAV files of any rate, width, length and number of channels."""

from __future__ import annotations

import functools
import math
import os
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

SUFFIXES = ('.flac', '.ogg', '.wav')


def read_recording(path: str | os.PathLike[str], sample_rate: int) -> NDArray[np.float32]:
    """A recording as a waveform: the mean of its channels, at another rate where it has another one.

    A file that is cut off gives what there is of it.

    Args:
        path: The file.
        sample_rate: Samples a second of the waveform.

    Returns:
        Shape ``(L,)``, within about ``[-1, 1]``, at least one sample.

    Raises:
        ValueError: If the file does not exist, is no recording, holds no samples or numbers that are not finite.
    """
    sound = _soundfile()
    try:
        samples, rate = sound.read(os.fspath(path), dtype='float32', always_2d=True)
    except (sound.LibsndfileError, OSError) as error:
        raise ValueError(f'recording {str(path)!r}: expected audio (WAV, FLAC), got {_reason(path, error)}') from None
    if not len(samples):
        raise ValueError(f'recording {str(path)!r}: expected samples, got a file without any')
    mono = samples.mean(axis=1)
    if not np.isfinite(mono).all():
        raise ValueError(f'recording {str(path)!r}: expected finite samples, got NaN or infinity')
    return mono if rate == sample_rate else resample(mono, rate, sample_rate)


def resample(waveform: NDArray[np.float32], rate: int, new_rate: int) -> NDArray[np.float32]:
    """A waveform at another sample rate, by a polyphase filter.

    Args:
        waveform: Shape ``(L,)``.
        rate: Its samples a second.
        new_rate: Those of the result.
    """
    from scipy.signal import resample_poly

    common = math.gcd(rate, new_rate)
    return resample_poly(waveform, new_rate // common, rate // common).astype(np.float32)


def recording_state(path: str) -> str:
    """Why a file is no recording; ``'cut off'`` for one without its end, and ``''`` for a whole one."""
    sound = _soundfile()
    try:
        found = sound.info(path, verbose=True)
    except (sound.LibsndfileError, OSError) as error:
        return _reason(path, error)
    if not found.frames:
        return 'a file without samples'
    # libsndfile notes where a chunk claims more bytes than there are.
    cut = any(line.startswith('data') and 'should be' in line for line in found.extra_info.splitlines())
    return 'cut off' if cut else ''


def fixed(waveform: NDArray[np.float32], num_samples: int) -> NDArray[np.float32]:
    """The beginning of a waveform, filled up with silence."""
    out = np.zeros(num_samples, np.float32)
    out[: len(waveform)] = waveform[:num_samples]
    return out


def _reason(path: str | os.PathLike[str], error: Exception) -> str:
    if not os.path.isfile(path):
        return 'none there'
    if not os.path.getsize(path):
        return 'an empty file'
    return f'a file that cannot be read as such ({str(error).rpartition(": ")[2].rstrip(".")})'


@functools.cache
def _soundfile() -> ModuleType:
    try:
        import soundfile
    except ImportError:
        raise ValueError(
            "recordings: expected the library soundfile, got none; pip install 'agmax_mm[audio]'"
        ) from None
    return soundfile
