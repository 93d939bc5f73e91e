"""Beam search against all sentences of a tiny vocabulary, with probabilities by hand."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from agmax_mm.captioning.beam import beam_search

PAD, START, END, A, B = range(5)
NUMBERS = {'start': START, 'end': END, 'pad': PAD}


class Chain:
    """Words whose probabilities depend on the picture and on the two words before, by tables ``(N, 5, 5, 5)``."""

    def __init__(self, tables):
        # Others depend on one word before.
        self.tables = (tables if tables.ndim == 4 else tables[:, None].expand(-1, 5, -1, -1)).double()
        self.calls = 0

    def state(self):
        """The picture of each row, and the word before the last one, as a recurrent state."""
        rows = torch.arange(len(self.tables)).view(1, -1, 1)
        return rows, torch.full_like(rows, START)

    def __call__(self, last, state):
        self.calls += 1
        rows, before = state[0].flatten(), state[1].flatten()
        return self.tables[rows, before, last].log(), (state[0], last.view(1, -1, 1))


def search(tables, width, max_length=4, **options):
    chain = Chain(tables)
    found = beam_search(chain, chain.state(), **NUMBERS, width=width, max_length=max_length, **options)
    return found.words.tolist(), found.log_probability.tolist(), chain.calls


def exhaustive(table, max_length):
    """The most probable sentence of up to ``max_length`` words, its end among them, and its logarithm."""
    sentences = [(*words, END) for n in range(max_length) for words in itertools.product((A, B), repeat=n)] + list(
        itertools.product((A, B), repeat=max_length)
    )

    def log_probability(words):
        before = zip((START, START, *words), (START, *words), words, strict=False)
        return sum(math.log(table[two][one][word]) for two, one, word in before)

    best = max(sentences, key=log_probability)
    return list(best), log_probability(best)


def tables(number, seed):
    """Random tables that give nothing to padding and to the beginning."""
    weights = torch.rand(number, 5, 5, 5, generator=torch.Generator().manual_seed(seed)) ** 2 + 1e-3
    weights[..., [PAD, START]] = 0
    weights[..., END] *= 0.05  # so that sentences have several words
    return weights / weights.sum(-1, keepdim=True)


def by_hand():
    """A looks best at first, but B leads to the better sentence.

    START -> A .6, B .4; A -> A .3, B .3, END .4; B -> A .05, B .05, END .9.
    """
    table = torch.zeros(1, 5, 5)
    table[0, START, [A, B]] = torch.tensor([0.6, 0.4])
    table[0, A, [A, B, END]] = torch.tensor([0.3, 0.3, 0.4])
    table[0, B, [A, B, END]] = torch.tensor([0.05, 0.05, 0.9])
    return table


def test_probabilities_by_hand():
    words, sums, _ = search(by_hand(), width=1)
    assert words == [[A, END]]
    assert sums == pytest.approx([math.log(0.6 * 0.4)])
    words, sums, _ = search(by_hand(), width=2)
    assert words == [[B, END]]
    assert sums == pytest.approx([math.log(0.4 * 0.9)])


def test_wide_beam_is_exhaustive():
    table = tables(30, seed=1)
    words, sums, _ = search(table, width=2**5 * 2, max_length=5)
    for row, found, value in zip(table.double().tolist(), words, sums, strict=True):
        best, expected = exhaustive(row, 5)
        assert [word for word in found if word != PAD] == best
        assert value == pytest.approx(expected)


def test_beam_of_one_is_greedy():
    table = tables(8, seed=2)
    words, sums, _ = search(table, width=1, max_length=6)
    for row, found, value in zip(table, words, sums, strict=True):
        before, last, total, greedy = START, START, 0.0, []
        while last != END and len(greedy) < 6:
            probability, place = row[before, last].double().max(0)
            before, last, total = last, int(place), total + math.log(probability)
            greedy.append(last)
        assert [word for word in found if word != PAD] == greedy
        assert value == pytest.approx(total)


def test_wider_beams_find_no_worse_sentences_here():
    table = tables(20, seed=3)
    sums = [torch.tensor(search(table, width=width)[1]) for width in (1, 3, 40)]
    assert (sums[2] >= sums[1] - 1e-12).all()
    assert (sums[2] >= sums[0] - 1e-12).all()
    assert (sums[2] > sums[0] + 1e-6).any(), 'the tables must be such that it matters'


def test_images_of_a_batch_do_not_meet():
    table = tables(5, seed=4)
    words, sums, _ = search(table, width=3)
    for row in range(5):
        alone, value, _ = search(table[row : row + 1], width=3)
        length = len(alone[0])
        assert words[row][:length] == alone[0]
        assert set(words[row][length:]) <= {PAD}
        assert sums[row] == pytest.approx(value[0])


def test_a_finished_beam_stays_finished():
    # An end at once with 0.5; A forever with 0.5 and then nearly certain.
    table = torch.zeros(1, 5, 5)
    table[0, START, [A, END]] = torch.tensor([0.45, 0.55])
    table[0, A, [A, END]] = torch.tensor([0.99, 0.01])
    table[0, END, A] = 1.0  # what would come after the end is certain
    table[0, PAD, A] = 1.0
    words, sums, calls = search(table, width=2, max_length=10)
    assert words == [[END]]
    assert sums == pytest.approx([math.log(0.55)])
    assert calls == 1, 'nothing can become better'
    # The other beam wins, the finished one keeps its probability to the last.
    table[0, START, [A, END]] = torch.tensor([0.55, 0.45])
    words, sums, calls = search(table, width=2, max_length=10)
    assert words == [[A] * 10]
    assert sums == pytest.approx([math.log(0.55) + 9 * math.log(0.99)])
    assert calls == 10


def test_sentences_past_their_end_are_a_switch():
    table = torch.zeros(1, 5, 5)
    table[0, START, [A, END]] = torch.tensor([0.4, 0.6])
    table[0, A, [A, END]] = torch.tensor([0.01, 0.99])
    table[0, END, [A, B]] = torch.tensor([0.5, 0.5])
    table[0, B, B] = 1.0
    assert search(table, width=3, max_length=3)[0] == [[END]]
    words, sums, calls = search(table, width=9, max_length=3, past_end=True)
    # All words count: END, B, B has 0.6 x 0.5, and A, END, A 0.4 x 0.99 x 0.5. What is behind the end is padding.
    assert (words, calls) == ([[END, PAD, PAD]], 3)
    assert sums == pytest.approx([math.log(0.6 * 0.5)])


def test_sentences_without_an_end_are_cut():
    table = torch.zeros(1, 5, 5)
    table[0, :, B] = 1.0
    assert search(table, width=2, max_length=3)[0] == [[B, B, B]]
