"""Spectrograms against librosa and against values by hand."""

import librosa
import numpy as np
import pytest
import torch

from agmax_mm.functional import (
    mel_filterbank,
    mel_power,
    mel_spectrogram,
    phase_vocoder,
    power_to_decibels,
    resample_linearly,
    short_time_fourier,
)
from agmax_mm.functional.vocoder import frames_at, vocoded_frames


@pytest.fixture(scope='module')
def clips():
    """Three clips of a second, float64: a glide with overtones, noise that swells, and a word between silences."""
    time = np.arange(16000) / 16000
    glide = sum(np.sin(2 * np.pi * k * (150 * time + 60 * time**2)) / k for k in range(1, 12))
    noise = np.random.default_rng(0).normal(size=16000) * time
    word = np.where((time > 0.3) & (time < 0.6), glide * np.hanning(16000), 0.0)
    return torch.from_numpy(np.stack([0.1 * glide, 0.05 * noise, 0.2 * word]))


def largest_difference(found, expected):
    assert found.shape == expected.shape
    return np.abs(found - expected).max() / np.abs(expected).max()


@pytest.mark.parametrize(('rate', 'n_fft', 'mels'), [(16000, 2048, 32), (8000, 1024, 32), (22050, 1024, 40)])
def test_filters_are_librosas(rate, n_fft, mels):
    expected = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=mels, dtype=np.float64)
    np.testing.assert_allclose(mel_filterbank(mels, n_fft, rate).numpy(), expected, rtol=1e-10, atol=1e-15)


def test_filters_of_one_band_by_hand():
    # Half of 4 Hz is 2 Hz: bins at 0, 1 and 2 Hz, a triangle from 0 over 1 to 2 Hz, of height 2 / (2 - 0).
    np.testing.assert_allclose(mel_filterbank(1, 4, 4).numpy(), [[0.0, 1.0, 0.0]], atol=1e-12)


def test_a_filter_between_two_bins_is_refused():
    with pytest.raises(ValueError, match='expected bins in each of 128 filters, got none in number'):
        mel_filterbank(128, 256, 16000)


def test_spectra_are_librosas(clips):
    found = short_time_fourier(clips).numpy()
    expected = librosa.stft(clips.numpy(), n_fft=2048, hop_length=512)
    assert largest_difference(found, expected) < 1e-12
    assert found.shape == (3, 1025, 32)


def test_mel_spectrograms_are_librosas(clips):
    expected = librosa.feature.melspectrogram(y=clips.numpy(), sr=16000, n_mels=32)
    np.testing.assert_allclose(mel_spectrogram(clips).numpy(), expected, rtol=1e-7, atol=1e-12)
    single = mel_spectrogram(clips.float()).numpy()
    assert largest_difference(single, expected) < 1e-6


def test_decibels_are_librosas_and_silence_is_the_loudest(clips):
    power = mel_spectrogram(clips)
    expected = np.stack([librosa.power_to_db(clip, ref=np.max, top_db=60.0) for clip in power.numpy()])
    np.testing.assert_allclose(power_to_decibels(power, top_db=60.0).numpy(), expected, atol=1e-9)
    assert (power_to_decibels(torch.zeros(1, 4, 4)) == 0).all()
    with pytest.raises(ValueError, match=r'top_db: expected a number above 0, got 0\.0'):
        power_to_decibels(power, top_db=0.0)


def test_mel_power_is_linear_and_takes_the_rate_into_account():
    power = torch.rand(2, 1025, 5, dtype=torch.float64)
    torch.testing.assert_close(mel_power(3 * power, sample_rate=16000), 3 * mel_power(power, sample_rate=16000))
    assert not torch.allclose(mel_power(power, sample_rate=16000), mel_power(power, sample_rate=8000))


@pytest.mark.parametrize('rate', [0.8, 0.93, 1.0, 1.17, 1.2, 2.5])
def test_phase_vocoder_is_librosas(clips, rate):
    spectra = short_time_fourier(clips)
    found = phase_vocoder(spectra, torch.full((3,), rate, dtype=torch.float64)).numpy()
    expected = np.stack([librosa.phase_vocoder(one, rate=rate, hop_length=512) for one in spectra.numpy()])
    assert largest_difference(found, expected) < 1e-10
    single = phase_vocoder(spectra.to(torch.complex64), torch.full((3,), rate, dtype=torch.float64)).numpy()
    assert largest_difference(single, expected) < 2e-6


@pytest.mark.parametrize('rate', [0.8, 1.2])
def test_phase_vocoder_is_librosas_where_bins_are_silent_for_a_while(rate):
    generator = np.random.default_rng(0)
    spectra = generator.normal(size=(2, 9, 32)) + 1j * generator.normal(size=(2, 9, 32))
    spectra[generator.random(spectra.shape) < 0.4] = 0
    spectra[:, :, 5:9] = 0
    expected = np.stack([librosa.phase_vocoder(one, rate=rate, hop_length=4) for one in spectra])
    rates = torch.full((2,), rate, dtype=torch.float64)
    given = torch.from_numpy(spectra)
    found = phase_vocoder(given, rates).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-10)
    assert (given.numpy() == spectra).all()
    single = phase_vocoder(given.to(torch.complex64), rates).numpy()
    np.testing.assert_allclose(single, expected, atol=1e-5)


def test_torchaudio_agrees(clips):
    """Its filters and phases are of single precision."""
    pytest.importorskip('torchaudio')
    from torchaudio.functional import phase_vocoder as vocoder
    from torchaudio.transforms import MelSpectrogram

    options = dict(n_fft=2048, hop_length=512, n_mels=32, norm='slaney', mel_scale='slaney', pad_mode='constant')
    expected = MelSpectrogram(16000, **options).double()(clips).numpy()
    assert largest_difference(mel_spectrogram(clips).numpy(), expected) < 2e-6
    spectra = short_time_fourier(clips)
    advance = torch.linspace(0, torch.pi * 512, 1025, dtype=torch.float64)[:, None]
    for rate in (0.8, 1.17):
        found = phase_vocoder(spectra, torch.full((3,), rate, dtype=torch.float64)).numpy()
        assert largest_difference(found, vocoder(spectra, rate, advance).numpy()) < 2e-6


def test_phase_vocoder_has_gradients():
    torch.manual_seed(0)
    spectra = torch.randn(2, 5, 8, dtype=torch.complex128, requires_grad=True)
    rates = torch.tensor([0.8, 1.3], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda numbers: phase_vocoder(numbers, rates), spectra)


def test_frames_of_a_slower_clip_can_be_had_by_their_places(clips):
    spectra, rates = short_time_fourier(clips), torch.tensor([0.8, 1.0, 1.2], dtype=torch.float64)
    whole = phase_vocoder(spectra, rates)
    places = torch.tensor([[-1, 39, 3], [31, 32, 0], [26, 27, 5]])
    found = vocoded_frames(spectra.transpose(1, 2), rates, places)
    expected = torch.stack([whole[[0, 1, 2], :, places[:, k].clamp_min(0)] for k in range(3)], dim=1)
    expected[0, 0] = 0
    torch.testing.assert_close(found, expected)


def test_clips_of_a_batch_have_rates_of_their_own(clips):
    spectra = short_time_fourier(clips)
    rates = torch.tensor([0.8, 1.0, 1.3], dtype=torch.float64)
    together = phase_vocoder(spectra, rates)
    assert together.shape[2] == 40
    for clip, rate, found in zip(spectra, rates, together, strict=True):
        alone = phase_vocoder(clip[None], rate[None])[0]
        torch.testing.assert_close(found[:, : alone.shape[1]], alone)
        assert (found[:, alone.shape[1] :] == 0).all()
    torch.testing.assert_close(phase_vocoder(spectra, rates, num_frames=7), together[:, :, :7])


def test_a_pure_tone_keeps_its_pitch_when_it_is_stretched():
    tone = torch.sin(2 * torch.pi * 1000 * torch.arange(16000, dtype=torch.float64) / 16000)[None]
    slow = phase_vocoder(short_time_fourier(tone), torch.tensor([0.5], dtype=torch.float64)).numpy()[0]
    sound = librosa.istft(slow, hop_length=512)
    assert len(sound) > 30000
    assert np.abs(np.fft.rfft(sound)).argmax() * 16000 / len(sound) == pytest.approx(1000, abs=1)


def test_wrong_shapes_and_rates_are_refused():
    spectra = torch.zeros(2, 5, 4, dtype=torch.complex64)
    with pytest.raises(ValueError, match=r'expected spectra \(N, F, T\) and rates \(N,\), got \(2, 5, 4\) and \(3,\)'):
        phase_vocoder(spectra, torch.ones(3))
    with pytest.raises(ValueError, match=r'rates: expected numbers above 0, got 0\.0'):
        phase_vocoder(spectra, torch.tensor([1.0, 0.0]))
    with pytest.raises(ValueError, match=r'expected waveforms \(N, L\), got \(8,\)'):
        short_time_fourier(torch.zeros(8))
    with pytest.raises(ValueError, match=r'resample_linearly: expected waveforms \(N, L\) and steps \(N,\) above 0'):
        resample_linearly(torch.zeros(1, 8), torch.zeros(1), num_samples=8)


@pytest.mark.parametrize('change', [-0.2, -0.03, 0.0, 0.11, 0.2])
def test_speed_and_pitch_are_those_of_numpys_interpolation(clips, change):
    step = 1 / (1 + change)
    found = resample_linearly(clips, torch.full((3,), step, dtype=torch.float64), num_samples=16000).numpy()
    places = np.arange(0, 15999, step)[:16000]
    expected = np.stack([np.interp(places, np.arange(16000), clip) for clip in clips.numpy()])
    np.testing.assert_allclose(found[:, : len(places)], expected, atol=1e-12)
    assert (found[:, len(places) + 2 :] == 0).all()


def test_frames_outside_of_a_clip_are_silent():
    frames = torch.arange(6.0).view(1, 3, 2)
    picked = frames_at(frames, torch.tensor([[2, -1, 3, 0]]))
    assert picked.tolist() == [[[4.0, 5.0], [0.0, 0.0], [0.0, 0.0], [0.0, 1.0]]]
    two = torch.cat([frames, 10 + frames])
    assert frames_at(two, torch.tensor([[3, 0], [1, 0]]), torch.tensor([1, 0])).tolist() == [
        [[0.0, 0.0], [10.0, 11.0]],
        [[2.0, 3.0], [0.0, 1.0]],
    ]
