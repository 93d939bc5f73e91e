"""The batched steps against the same steps clip by clip, with librosa and numpy."""

import librosa
import numpy as np
import pytest
import torch
from mmpretrain.structures import DataSample

from agmax_mm.functional import mel_filterbank, short_time_fourier
from agmax_mm.speech.parts import (
    BackgroundNoise,
    ChangeAmplitude,
    ChangeSpeedAndPitch,
    Decibels,
    FixFrames,
    FixLength,
    MelPower,
    ShortTimeFourier,
    SpeechDataPreprocessor,
    Stretch,
    TimeShift,
)
from agmax_mm.speech.spectra import Spectra
from tests.speech.sets import TONES, archive, tone

TRAIN_STEPS = [
    ChangeAmplitude(),
    ChangeSpeedAndPitch(),
    FixLength(8000),
    ShortTimeFourier(1024, 256),
    Stretch(),
    TimeShift(),
    FixFrames(32),
    MelPower(32, 8000),
    Decibels(),
]
TEST_STEPS = [FixLength(8000), ShortTimeFourier(1024, 256), MelPower(32, 8000), Decibels()]


@pytest.fixture
def waveforms():
    clips = [tone(hertz * (1 + 0.1 * k), seconds=1.25, seed=k) for k in range(4) for hertz in TONES.values()]
    return torch.from_numpy(np.stack(clips)).double() * torch.linspace(0, 1, 10000)


def shifted(spectrum, frames):
    """The authors' shift: padding on one side, and as many frames cut off on the other."""
    left, right = max(-frames, 0), max(frames, 0)
    padded = np.pad(spectrum, ((0, 0), (left, right)))
    return padded[:, : padded.shape[1] - left] if left else padded[:, right:]


def fixed(spectrum, frames):
    return np.pad(spectrum, ((0, 0), (0, max(frames - spectrum.shape[1], 0))))[:, :frames]


def clip_by_clip(spectra, rates, shifts, frames=32):
    found = []
    for spectrum, rate, shift in zip(spectra.numpy(), rates, shifts, strict=True):
        stretched = librosa.phase_vocoder(spectrum, rate=rate, hop_length=256) if rate != 1 else spectrum
        found.append(fixed(shifted(stretched, shift), frames))
    return np.stack(found)


@pytest.mark.parametrize('frames', [20, 32, 45])
def test_stretching_and_shifting_are_those_of_librosa_clip_by_clip(waveforms, frames):
    spectra = short_time_fourier(waveforms[:, :8000], n_fft=1024, hop_length=256)
    rates = [1.0, 0.8, 1.2, 0.93, 1.0, 1.1, 0.8, 1.0]
    shifts = [3, 8, -8, 0, -2, -5, -8, 0]
    noted = Spectra(spectra.transpose(1, 2), torch.tensor(rates).double(), torch.tensor(shifts), frames)
    expected = clip_by_clip(spectra, np.float32(rates).astype(float), shifts, frames)
    np.testing.assert_allclose(noted.numbers().numpy(), expected, atol=1e-8)
    some = [6, 4, 1]
    np.testing.assert_allclose(noted.numbers(torch.tensor(some)).numpy(), expected[some], atol=1e-8)
    filters = mel_filterbank(32, 1024, 8000)
    bands = filters.numpy() @ np.abs(expected) ** 2
    np.testing.assert_allclose(noted.mel_power(filters).numpy(), bands, rtol=1e-9, atol=1e-12)


def test_the_test_spectrogram_is_librosas(waveforms):
    found = waveforms
    for step in TEST_STEPS:
        found = step(found)
    for clip, own in zip(waveforms.numpy(), found.numpy(), strict=True):
        power = librosa.feature.melspectrogram(y=clip[:8000], sr=8000, n_fft=1024, hop_length=256, n_mels=32)
        np.testing.assert_allclose(own, librosa.power_to_db(power, ref=np.max), atol=1e-8)


def test_draws_cover_their_ranges_and_the_coin_is_fair():
    torch.manual_seed(0)
    count = 4000
    factors = ChangeAmplitude(0.7, 1.1)(torch.ones(count, 1)).flatten()
    changed = factors[factors != 1]
    assert len(changed) == pytest.approx(count / 2, abs=130)
    assert 0.7 <= changed.min() < 0.705
    assert 1.095 < changed.max() <= 1.1
    spectra = TimeShift(8)(Stretch(0.2)(Spectra.of(torch.zeros(count, 1, 4, dtype=torch.complex64))))
    stretched = spectra.rates[spectra.rates != 1]
    assert len(stretched) == pytest.approx(count / 2, abs=130)
    assert 0.8 <= stretched.min() < 0.805
    assert 1.195 < stretched.max() <= 1.2
    assert set(spectra.shifts.tolist()) == set(range(-8, 9))
    assert (spectra.shifts == 0).float().mean() == pytest.approx(0.5 + 0.5 / 17, abs=0.03)


def test_speed_changes_length_and_pitch_by_the_same_factor(monkeypatch):
    monkeypatch.setattr(torch, 'rand', lambda *size, **kwargs: torch.ones(*size, **kwargs))
    step = ChangeSpeedAndPitch(0.25, prob=1.0)
    step.chosen = lambda count: torch.arange(count)
    clip = torch.from_numpy(tone(800, seconds=1))[None]
    # The greatest draw: 1.25 times as long, so that 800 Hz become 640 Hz.
    assert np.abs(np.fft.rfft(step(clip)[0].numpy())).argmax() == 640


def test_coins_of_0_and_1(waveforms):
    for kind in (ChangeAmplitude, ChangeSpeedAndPitch):
        assert torch.equal(kind(prob=0.0)(waveforms), waveforms)
        assert (kind(prob=1.0)(waveforms) != waveforms).flatten(1).any(dim=1).all()
    with pytest.raises(ValueError, match=r'Stretch\.prob: expected a number within \[0, 1\], got 1\.5'):
        Stretch(prob=1.5)
    with pytest.raises(ValueError, match=r'ChangeAmplitude\.low: expected a number from 0\.0 to 1\.1, got 2'):
        ChangeAmplitude(low=2)


def test_noise_is_mixed_by_its_share_and_changed_as_clips_are(tmp_path, waveforms):
    root = archive(tmp_path, ('no', 'yes'))
    noise = BackgroundNoise(str(root), 8000, max_share=0.45, prob=1.0)
    calls = []
    noise.earlier = [lambda chunks: calls.append(chunks.shape) or chunks, ShortTimeFourier(1024, 256), FixFrames(32)]
    clips = FixFrames(32)(ShortTimeFourier(1024, 256)(waveforms[:, :8000].float()))
    before = clips.numbers()
    torch.manual_seed(0)
    mixed = noise(clips).numbers()
    assert calls == [(8, 8000)]
    # All noise here is alike, and every mixture lies on the line between clip and noise.
    torch.manual_seed(0)
    torch.rand(8)
    chunk = noise.chunks[torch.randint(2, (8,))]
    share = 0.45 * torch.rand(8)[:, None, None]
    hiss = short_time_fourier(chunk, n_fft=1024, hop_length=256)
    torch.testing.assert_close(mixed, (1 - share) * before + share * hiss)
    assert torch.equal(BackgroundNoise(str(root), 8000, prob=0.0)(clips).frames, clips.frames)


def batch(waveforms, views):
    samples = [DataSample().set_gt_label(index % 2) for index in range(len(waveforms))]
    inputs = waveforms if views == 1 else [waveforms] * views
    return {'inputs': inputs, 'data_samples': samples}


def preprocessor(**options):
    return SpeechDataPreprocessor(
        train_steps=TRAIN_STEPS, test_steps=TEST_STEPS, mean=[0.0], std=[1.0], num_classes=2, **options
    )


def test_the_two_views_of_a_clip_are_drawn_independently(waveforms):
    torch.manual_seed(0)
    clips = waveforms.float()[:1].expand(64, -1)
    out = preprocessor()(batch(clips, 2), training=True)
    assert out['inputs'].shape == (128, 1, 32, 32)
    first, second = out['inputs'].split(64)
    same = (first == second).flatten(1).all(dim=1)
    # Both views are unchanged by every one of four coins, or the only change is to the size: in decibels below the
    # greatest there is none. That is 1 of 64.
    assert same.sum() < 8
    # As different as two clips are: a second view that is a function of the first would be told by it.
    distance = (first - second).flatten(1).norm(dim=1).mean()
    assert distance == pytest.approx((first - first.roll(1, 0)).flatten(1).norm(dim=1).mean(), rel=0.25)
    assert out['data_samples'][64].num_views == 2


def test_an_evaluation_draws_nothing_and_one_view_is_a_batch(waveforms):
    module = preprocessor()
    out = module(batch(waveforms.float(), 1))
    again = module(batch(waveforms.float(), 1))
    assert out['inputs'].shape == (8, 1, 32, 32)
    assert torch.equal(out['inputs'], again['inputs'])
    assert out['inputs'].max() == 0
    assert out['inputs'].min() == -80
    with pytest.raises(ValueError, match=r'expected waveforms of shape \(N, L\), got \(2, 3, 4\)'):
        module(batch(torch.zeros(2, 3, 4), 1))


def test_a_seed_fixes_the_views(waveforms):
    outputs = []
    for _ in range(2):
        torch.manual_seed(3)
        outputs.append(preprocessor()(batch(waveforms.float(), 2), training=True)['inputs'])
    assert torch.equal(*outputs)


def test_cutout_fills_with_the_clips_own_mean(waveforms):
    from agmax_mm.batch_augments import CutOut

    plain, cut = preprocessor(), preprocessor(image_augments=[CutOut(16, own_mean=True)])
    plain.train_steps = cut.train_steps = cut.test_steps
    before = plain(batch(waveforms.float(), 1), training=True)['inputs']
    after = cut(batch(waveforms.float(), 1), training=True)['inputs']
    erased = before != after
    assert (erased.flatten(1).sum(dim=1) >= 64).all()
    means = before.mean(dim=(1, 2, 3))
    for clip, mask, mean in zip(after, erased, means, strict=True):
        torch.testing.assert_close(clip[mask], mean.expand(int(mask.sum())))


def test_mixing_acts_on_spectrograms_and_labels(waveforms):
    from agmax_mm.batch_augments import MixUp

    mixed = preprocessor(batch_augments=dict(augments=[MixUp()], probs=None))
    torch.manual_seed(0)
    out = mixed(batch(waveforms.float(), 2), training=True)
    scores = torch.stack([sample.gt_score for sample in out['data_samples']])
    torch.testing.assert_close(scores.sum(dim=1), torch.ones(16))
    assert ((scores > 0.01) & (scores < 0.99)).any()


def test_a_picture_has_low_tones_below(waveforms):
    low = preprocessor()(batch(waveforms[1:2].float(), 1))['inputs'][0]
    picture = preprocessor().to_picture(low)
    assert picture.shape == (32, 32, 3)
    assert picture[16:].sum() > picture[:16].sum()
