"""Two views of recordings on one core, against the released code's way, and what Table 3 takes at its full scale."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import soundfile
import torch
from mmengine.registry import DefaultScope

from agmax_mm.datasets.image_files import check_headers
from agmax_mm.functional import (
    mel_spectrogram,
    phase_vocoder,
    power_to_decibels,
    resample_linearly,
    short_time_fourier,
)
from agmax_mm.registry import MODELS
from agmax_mm.speech.preprocessor import TOGETHER
from agmax_mm.speech.recordings import SUFFIXES, fixed, read_recording, recording_state
from benchmarks.suites.speech_paths import BUFFER, RATE, librosa_steps, librosa_views, our_views, preprocessor, profile
from benchmarks.suites.suite import Options, Outcome, Section, Table, Text
from benchmarks.suites.timing import interleave, ratio

_CLIPS, _BATCH = 32, 128
# Version 0.01: all recordings, and the lines of its two lists.
_TOTAL, _HELD_OUT, _SILENCE, _EPOCHS = 64_727, 6_798 + 6_835, 0.05, 30
_CORES = 2


def run(options: Options) -> Outcome:
    """Measure the paths and a step of LeNet5, and compute the time of the table."""
    rounds = options.rounds or 5
    random.seed(0)
    torch.manual_seed(0)
    clips, what = _clips(options.recordings)
    noise = (0.1 * np.random.default_rng(0).normal(size=(20, RATE))).astype(np.float32)
    waveforms = torch.from_numpy(np.stack([fixed(clip, BUFFER) for clip in clips]))
    batch = waveforms[torch.arange(_BATCH) % len(waveforms)]
    options.say('  two views')
    # The released code reads a clip as long as it is.
    paths = {'librosa': librosa_views([clip[:BUFFER] for clip in clips], noise), 'ours': our_views(batch, noise)}
    counts = {'librosa': len(clips), 'ours': _BATCH}
    taken = interleave(paths, rounds=rounds, clock=time.process_time)
    seconds = {name: [time / counts[name] for time in times] for name, times in taken.items()}
    found = ratio(seconds['librosa'], seconds['ours'])
    rates = {name: 1 / statistics.median(times) for name, times in seconds.items()}
    options.say('  mel alone')
    mels = {
        'librosa': lambda: [librosa.feature.melspectrogram(y=clip, sr=RATE, n_mels=32) for clip in waveforms.numpy()],
        'ours': lambda: [mel_spectrogram(part) for part in waveforms.split(16)],
    }
    mel_seconds = interleave(mels, rounds=rounds, clock=time.process_time)
    mel = {name: 1e3 * statistics.median(times) / len(clips) for name, times in mel_seconds.items()}
    options.say('  steps')
    stages = _stages(clips, batch, noise)
    options.say('  LeNet5')
    step = _step(batch, noise, rounds)
    table = _table_3(step)
    differences = _differences(waveforms)
    values = {
        'clips': what,
        'pairs_per_second': rates,
        'ratio': vars(found),
        'mel_ms': mel,
        'stages_us': stages,
        'step_ms': step,
        'table_3': table,
        'differences': differences,
    }
    return Outcome(
        'Speech: two views of recordings',
        'Pairs of views a second of one core, each with draws of its own, from decoded waveforms of 16 kHz to mel '
        "spectrograms in decibels. Librosa: the released code's steps on numpy, clip by clip. Ours: the recipes' "
        f'preprocessor in torch, on batches of {_BATCH}, as the recipes have. Times are of the process, not of the '
        'clock on the wall.',
        [
            Section('Pairs of views a second', [Text(f'{what} {rounds} rounds.'), _rates_table(rates, found, mel)]),
            Section('Where the time goes', [_stage_table(stages)]),
            Section('A step of LeNet5', [Text(_step_text(step)), _step_table(step)]),
            Section("Table 3's sixteen figures of LeNet5", [Text(_table_text(table))]),
            Section('Agreement with librosa', [_difference_table(differences)]),
        ],
        values,
    )


def _clips(folder: Path | None) -> tuple[list[Any], str]:
    """Waveforms, and what they are."""
    if folder is None:
        generator = np.random.default_rng(0)
        lengths = generator.integers(8000, 16001, _CLIPS)
        clips = [(0.1 * generator.normal(size=length)).astype(np.float32) for length in lengths]
        return clips, f'{_CLIPS} clips of noise of half a second to a second.'
    paths = sorted(str(path) for path in folder.rglob('*') if path.suffix.lower() in SUFFIXES)
    paths = [path for path in paths if '_background_noise_' not in path]
    check = check_headers(paths, most=_CLIPS, state=recording_state)
    if not paths or check.unreadable:
        raise ValueError(f'--recordings: expected recordings in {str(folder)!r}, got {check.unreadable or "none"}')
    chosen = [paths[index] for index in np.linspace(0, len(paths) - 1, min(_CLIPS, len(paths)), dtype=int)]
    clips = [read_recording(path, RATE) for path in chosen]
    mean = statistics.mean(len(clip) / RATE for clip in clips)
    return clips, f'{len(clips)} recordings of {mean:.2f} s on average.'


def _stages(clips: list[Any], batch: Any, noise: Any) -> dict[str, dict[str, float]]:
    theirs = profile(librosa_steps(noise), [clip[:BUFFER] for clip in clips], len(clips))
    steps = [(type(step).__name__, step) for step in preprocessor(noise).train_steps]
    ours = profile(steps, batch.split(TOGETHER['cpu']), _BATCH)
    return {'librosa': dict(theirs), 'ours': dict(ours)}


def _step(batch: Any, noise: Any, rounds: int) -> dict[str, float]:
    """Milliseconds of the parts of a training step of 128 clips."""
    module = preprocessor(noise)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f'{index}.wav' for index in range(_BATCH)]
        for path, clip in zip(paths, batch, strict=True):
            soundfile.write(path, clip[:RATE].numpy(), RATE, subtype='PCM_16')
        parts = {
            'reading': lambda: torch.stack([torch.from_numpy(fixed(read_recording(p, RATE), BUFFER)) for p in paths]),
            'one view': lambda: module.spectrograms(batch, training=True),
            'two views': lambda: module.spectrograms(batch.repeat(2, 1), training=True),
            'network, one view': _network_step(_BATCH, None),
            'network, two views': _network_step(2 * _BATCH, 'mi'),
            'evaluation': lambda: module.spectrograms(batch[:, :RATE]),
        }
        seconds = interleave(parts, rounds=rounds, clock=time.process_time)
    return {name: 1e3 * statistics.median(times) for name, times in seconds.items()}


def _network_step(images: int, agreement: str | None) -> Any:
    from mmpretrain.structures import DataSample

    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(
            dict(
                type='agmax_mm.AgMaxClassifier',
                backbone=dict(type='agmax_mm.LeNet5'),
                head=dict(type='LinearClsHead', num_classes=31, in_channels=84),
                agreement=agreement,
            )
        )
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003, weight_decay=5e-4)
    inputs = torch.randn(images, 1, 32, 32)
    views = 1 if agreement is None else 2
    samples = [DataSample(metainfo={'num_views': views}).set_gt_label(index % 31) for index in range(images)]

    def step() -> None:
        losses = model.loss(inputs, samples)
        optimizer.zero_grad()
        (losses['loss_cls'] + losses.get('loss_agreement', 0.0)).backward()
        optimizer.step()

    return step


def _table_3(step: dict[str, float]) -> dict[str, float]:
    """Hours on two cores, each of which has a run of its own."""
    training = _TOTAL - _HELD_OUT
    steps = _EPOCHS * (training + int(_SILENCE * training)) / _BATCH
    evaluation = _EPOCHS * _HELD_OUT / _BATCH * (step['reading'] + step['evaluation'] + step['network, one view'] / 3)
    one = steps * (step['reading'] + step['one view'] + step['network, one view']) + evaluation
    two = steps * (step['reading'] + step['two views'] + step['network, two views']) + evaluation
    hours = {'baseline': one / 3.6e6, 'agmax': two / 3.6e6}
    return {**hours, 'core_hours': 4 * sum(hours.values()), 'hours_on_two_cores': 4 * sum(hours.values()) / _CORES}


def _differences(waveforms: Any) -> dict[str, float]:
    """Greatest differences to double precision, as shares of the greatest value, and in decibels."""
    clips = waveforms[:, :RATE].double()
    alone = clips.numpy()
    rate = torch.full((len(clips),), 0.9, dtype=torch.float64)
    power = np.stack([librosa.feature.melspectrogram(y=clip, sr=RATE, n_mels=32) for clip in alone])
    spectra = librosa.stft(alone, n_fft=2048, hop_length=512)
    places = 0.9 * np.arange(RATE)
    expected = {
        'speed and pitch (numpy.interp)': np.stack([np.interp(places, np.arange(RATE), clip) for clip in alone]),
        'short-time Fourier': spectra,
        'phase vocoder': np.stack([librosa.phase_vocoder(one, rate=0.9, hop_length=512) for one in spectra]),
        'mel': power,
        'decibels': np.stack([librosa.power_to_db(one, ref=np.max) for one in power]),
    }
    found = {}
    for name, own in (('float64', clips), ('float32', clips.float())):
        fourier, mel = short_time_fourier(own), mel_spectrogram(own)
        stretched = phase_vocoder(fourier, rate)
        ours = (resample_linearly(own, rate, num_samples=RATE), fourier, stretched, mel, power_to_decibels(mel))
        for (step, theirs), values in zip(expected.items(), ours, strict=True):
            scale = 1.0 if step == 'decibels' else np.abs(theirs).max()
            found[f'{step}, {name}'] = float(np.abs(values.numpy() - theirs).max() / scale)
    return found


def _rates_table(rates: dict[str, float], found: Any, mel: dict[str, float]) -> Table:
    mel_ratio = mel['librosa'] / mel['ours']
    return Table(
        ('work', 'librosa', 'ours', 'ours over librosa'),
        [
            ('pairs of views a second', f'{rates["librosa"]:.0f}', f'{rates["ours"]:.0f}', str(found)),
            ('mel spectrogram alone (ms)', f'{mel["librosa"]:.2f}', f'{mel["ours"]:.2f}', f'{mel_ratio:.3g}'),
        ],
    )


def _stage_table(stages: dict[str, dict[str, float]]) -> Table:
    rows = [
        (theirs, f'{stages["librosa"][theirs]:.0f}', ours, f'{stages["ours"][ours]:.0f}')
        for theirs, ours in zip(stages['librosa'], stages['ours'], strict=True)
    ]
    sums = [f'{sum(stages[name].values()):.0f}' for name in ('librosa', 'ours')]
    return Table(
        ('librosa', 'µs of two views', 'ours, which moves frames in MelPower', 'µs of two views'),
        [*rows, ('sum', sums[0], 'sum', sums[1])],
    )


def _step_text(step: dict[str, float]) -> str:
    work = step['one view'] + step['network, one view']
    return (
        f'Milliseconds for {_BATCH} clips on one core. A worker reads the files of a step in {step["reading"]:.0f} ms, '
        f'while the other core spends {work:.0f} ms on the views and the network of one view, and more on two: '
        f'{"no step waits" if step["reading"] < work else "steps wait"} for data. Files are read from the page cache.'
    )


def _step_table(step: dict[str, float]) -> Table:
    return Table(('part', 'ms'), [(name, f'{value:.0f}') for name, value in step.items()])


def _table_text(table: dict[str, float]) -> str:
    return (
        f'Computed from the times above, not run: {_TOTAL:,} recordings, of which {_HELD_OUT:,} are held out, and 5 % '
        f'of silence, for {_EPOCHS} epochs, each with an evaluation of both lists. A baseline takes '
        f'{table["baseline"]:.2f} h of one core, AgMax {table["agmax"]:.2f} h. Each run gives two of the sixteen '
        f'figures, those of the test and of the validation, so that they take eight runs: {table["core_hours"]:.1f} '
        f'core hours, or {table["hours_on_two_cores"]:.1f} hours on two cores with a run on each.'
    )


def _difference_table(differences: dict[str, float]) -> Table:
    rows = [(name, f'{value:.1e}') for name, value in differences.items()]
    return Table(('greatest difference (share of the greatest value; decibels in dB)', ''), rows)
