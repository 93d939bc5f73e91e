"""Recordings of every kind, and files that are none."""

import numpy as np
import pytest

from agmax_mm.speech.recordings import read_recording, recording_state
from tests.speech.sets import tone, write


@pytest.mark.parametrize(
    ('subtype', 'tolerance'),
    [('PCM_U8', 1 / 128), ('PCM_16', 1 / 32768), ('PCM_24', 1e-6), ('PCM_32', 1e-6), ('FLOAT', 0), ('DOUBLE', 1e-7)],
)
def test_every_width_gives_the_same_waveform(tmp_path, subtype, tolerance):
    samples = tone(440)
    found = read_recording(write(tmp_path / 'a.wav', samples, subtype=subtype), 8000)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, samples, atol=tolerance)


def test_channels_are_averaged(tmp_path):
    left, right = tone(300), tone(500)
    found = read_recording(write(tmp_path / 'a.wav', np.stack([left, right], axis=1), subtype='FLOAT'), 8000)
    np.testing.assert_allclose(found, (left + right) / 2, atol=1e-7)


@pytest.mark.parametrize('rate', [8000, 11025, 44100, 48000])
def test_another_rate_is_resampled(tmp_path, rate):
    found = read_recording(write(tmp_path / 'a.wav', tone(440, seconds=1, rate=rate), rate), 16000)
    assert len(found) == 16000
    # The tone keeps its pitch and its size.
    spectrum = np.abs(np.fft.rfft(found))
    assert spectrum.argmax() == 440
    assert spectrum.max() == pytest.approx(0.3 * 16000 / 2, rel=0.02)


def test_a_file_without_its_end_gives_what_there_is(tmp_path):
    path = write(tmp_path / 'a.wav', tone(440), subtype='PCM_16')
    whole = read_recording(path, 8000)
    assert recording_state(str(path)) == ''
    path.write_bytes(path.read_bytes()[:4044])
    assert recording_state(str(path)) == 'cut off'
    np.testing.assert_array_equal(read_recording(path, 8000), whole[:2000])


@pytest.mark.parametrize(
    ('name', 'content', 'reason'),
    [
        ('empty', b'', 'an empty file'),
        ('text', b'up down left right ' * 9, 'cannot be read as such .Format not recognised'),
        ('header', b'RIFF\x24\x7d\x00\x00WAVEfmt \x10\x00\x00\x00', 'cannot be read as such'),
    ],
)
def test_what_is_no_recording_is_refused_by_name(tmp_path, name, content, reason):
    path = tmp_path / f'{name}.wav'
    path.write_bytes(content)
    assert reason.partition(' .')[0] in recording_state(str(path))
    with pytest.raises(ValueError, match=rf"recording '.*{name}\.wav': expected audio \(WAV, FLAC\), got .*{reason}"):
        read_recording(path, 8000)


def test_files_without_samples_or_with_nan_or_none_at_all_are_refused(tmp_path):
    path = write(tmp_path / 'nothing.wav', tone(440)[:0])
    assert recording_state(str(path)) == 'a file without samples'
    with pytest.raises(ValueError, match=r"'.*nothing\.wav': expected samples, got a file without any"):
        read_recording(path, 8000)
    path = write(tmp_path / 'nan.wav', np.array([0.1, np.nan], np.float32), subtype='FLOAT')
    with pytest.raises(ValueError, match=r"'.*nan\.wav': expected finite samples, got NaN"):
        read_recording(path, 8000)
    with pytest.raises(ValueError, match=r"'.*gone\.wav': expected audio \(WAV, FLAC\), got none there"):
        read_recording(tmp_path / 'gone.wav', 8000)
