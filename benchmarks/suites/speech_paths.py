"""Two augmented views of a recording: the released code's way, librosa on numpy clip by clip, and this package's."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import torch
from mmengine.config import Config

from agmax_mm.speech.preprocessor import SpeechDataPreprocessor
from agmax_mm.speech.recordings import fixed

RATE = 16000
BUFFER = 20000
_RECIPE = Path(__file__).parents[2] / 'configs' / '_base_' / 'datasets' / 'speech_commands.py'

State = dict[str, Any]


def preprocessor(noise: Any) -> SpeechDataPreprocessor:
    """The recipes' preprocessor, with noise that is at hand: seconds ``(n, 16000)``."""
    options = dict(Config.fromfile(_RECIPE).data_preprocessor)
    del options['type']
    built = SpeechDataPreprocessor(num_classes=31, **options)
    for step in built.train_steps:
        if type(step).__name__ == 'BackgroundNoise':
            step.chunks = torch.from_numpy(noise)
    return built


def librosa_steps(noise: Any) -> list[tuple[str, Callable[[Any], Any]]]:
    """The steps of the released code for one clip, by name and in order; each random one tosses its own coin."""

    def amplitude(samples: Any) -> Any:
        return samples * random.uniform(0.7, 1.1) if random.random() < 0.5 else samples

    def speed(samples: Any) -> Any:
        if random.random() >= 0.5:
            return samples
        step = 1 / (1 + random.uniform(-0.2, 0.2))
        places = np.arange(0, len(samples), step)
        return np.interp(places, np.arange(len(samples)), samples).astype(np.float32)

    def length(samples: Any) -> Any:
        return fixed(samples, RATE)

    def fourier(samples: Any) -> Any:
        return librosa.stft(samples, n_fft=2048, hop_length=512)

    def stretch(spectrum: Any) -> Any:
        if random.random() >= 0.5:
            return spectrum
        return librosa.phase_vocoder(spectrum, rate=1 + random.uniform(-0.2, 0.2), hop_length=512)

    def shift(spectrum: Any) -> Any:
        if random.random() >= 0.5:
            return spectrum
        frames = random.randint(-8, 8)
        left, right = max(-frames, 0), max(frames, 0)
        padded = np.pad(spectrum, ((0, 0), (left, right)))
        return padded[:, : padded.shape[1] - left] if left else padded[:, right:]

    def frames(spectrum: Any) -> Any:
        return np.pad(spectrum, ((0, 0), (0, max(32 - spectrum.shape[1], 0))))[:, :32]

    earlier = [amplitude, speed, length, fourier, stretch, shift, frames]

    def add_noise(spectrum: Any) -> Any:
        if random.random() >= 0.5:
            return spectrum
        sound: Any = random.choice(noise)
        for step in earlier:
            sound = step(sound)
        share = random.uniform(0, 0.45)
        return (1 - share) * spectrum + share * sound

    def mel(spectrum: Any) -> Any:
        return librosa.feature.melspectrogram(S=np.abs(spectrum) ** 2, sr=RATE, n_mels=32)

    def decibels(power: Any) -> Any:
        return torch.from_numpy(librosa.power_to_db(power, ref=np.max))

    return [(step.__name__.replace('_', ' '), step) for step in (*earlier, add_noise, mel, decibels)]


def librosa_views(clips: Sequence[Any], noise: Any) -> Callable[[], Any]:
    """Two views of every clip, one after the other, as one batch."""
    steps = librosa_steps(noise)

    def view(clip: Any) -> Any:
        current = clip
        for _, step in steps:
            current = step(current)
        return current

    return lambda: torch.stack([view(clip) for _ in range(2) for clip in clips])


def our_views(clips: Any, noise: Any) -> Callable[[], Any]:
    """Two views of every clip ``(N, 20000)``, as one batch."""
    module = preprocessor(noise)
    return lambda: module.spectrograms(clips.repeat(2, 1), training=True)


def profile(
    steps: Sequence[tuple[str, Callable[[Any], Any]]], batches: Sequence[Any], clips: int
) -> Mapping[str, float]:
    """Microseconds of each step for two views of a clip: the least of three rounds over the batches."""
    best: dict[str, float] = {}
    for _ in range(3):
        spent = dict.fromkeys([name for name, _ in steps], 0.0)
        for batch in batches:
            current = batch
            for name, step in steps:
                started = time.process_time()
                current = step(current)
                spent[name] += time.process_time() - started
        best = {name: min(value, best.get(name, value)) for name, value in spent.items()}
    return {name: 2e6 * value / clips for name, value in best.items()}
