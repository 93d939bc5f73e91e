"""The benchmark of speech: both ways make the same spectrograms, and the hours of the table are those of its steps."""

import random

import numpy as np
import pytest
import torch

from benchmarks.suites.speech import _table_3
from benchmarks.suites.speech_paths import BUFFER, RATE, librosa_views, our_views
from tests.speech.sets import tone


@pytest.fixture
def clips():
    return np.stack([tone(hertz, seconds=BUFFER / RATE, rate=RATE) for hertz in (300, 1500)])


def test_both_ways_make_the_same_spectrograms_where_no_coin_says_change(clips, monkeypatch):
    monkeypatch.setattr(random, 'random', lambda: 0.9)
    monkeypatch.setattr(torch, 'rand', lambda *size, **kwargs: torch.full(size, 0.9, **kwargs))
    noise = np.zeros((1, RATE), np.float32)
    theirs, ours = librosa_views(clips, noise)(), our_views(torch.from_numpy(clips), noise)()
    assert ours.shape == (4, 1, 32, 32)
    torch.testing.assert_close(ours[:, 0], theirs, atol=1e-3, rtol=0)


def test_both_ways_make_the_same_spectrograms_where_every_coin_says_change(clips, monkeypatch):
    """All draws are 0.25 of their ranges, but for the shift, which is 3 frames."""
    monkeypatch.setattr(random, 'random', lambda: 0.25)
    monkeypatch.setattr(random, 'uniform', lambda low, high: low + 0.25 * (high - low))
    monkeypatch.setattr(random, 'randint', lambda low, high: 3)
    monkeypatch.setattr(torch, 'rand', lambda *size, **kwargs: torch.full(size, 0.25, **kwargs))
    monkeypatch.setattr(torch, 'randint', lambda *limits: torch.full(limits[-1], 0 if limits[0] > 0 else 3))
    noise = tone(700, seconds=1, rate=RATE)[None]
    theirs, ours = librosa_views(clips, noise)(), our_views(torch.from_numpy(clips), noise)()
    assert theirs.std() > 10
    torch.testing.assert_close(ours[:, 0], theirs, atol=1e-3, rtol=0)


def test_hours_of_the_table():
    second = 1000.0
    step = dict.fromkeys(
        ('reading', 'one view', 'two views', 'network, one view', 'network, two views', 'evaluation'), second
    )
    found = _table_3(step)
    # 51,094 clips and 2,554 of silence in steps of 128, and 13,633 clips of an evaluation, 30 times.
    steps, evaluations = 30 * 53648 / 128, 30 * 13633 / 128
    expected = (3 * steps + (2 + 1 / 3) * evaluations) / 3600
    assert found['baseline'] == pytest.approx(expected)
    assert found['agmax'] == pytest.approx(expected)
    assert found['hours_on_two_cores'] == pytest.approx(4 * expected)
