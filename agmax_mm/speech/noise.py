"""Background noise, a second at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from agmax_mm.speech.layouts import NOISE, noise_folder
from agmax_mm.speech.recordings import SUFFIXES, read_recording

_WITHOUT = '--cfg-options data_preprocessor.train_steps.BackgroundNoise=None trains without'


def noise_chunks(data_root: str | None, sample_rate: int) -> Tensor:
    """All noise of a data set, one recording after the other, cut into seconds.

    Args:
        data_root: Folder of the data set.
        sample_rate: Samples a second.

    Returns:
        Shape ``(number of seconds, sample_rate)``.

    Raises:
        ValueError: If there is no noise, or less than a second of it.
    """
    folder = None if data_root is None else noise_folder(Path(data_root).expanduser())
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES) if folder else []
    if not paths:
        raise ValueError(f'BackgroundNoise: expected recordings in {NOISE!r} of {data_root!r}, got none; {_WITHOUT}')
    samples = np.concatenate([read_recording(path, sample_rate) for path in paths])
    seconds = len(samples) // sample_rate
    if not seconds:
        raise ValueError(f'BackgroundNoise: expected a second of noise in {str(folder)!r}, got less; {_WITHOUT}')
    return torch.from_numpy(samples[: seconds * sample_rate]).view(seconds, sample_rate)
