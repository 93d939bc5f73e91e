"""Beam search over sentences, for all images and beams of a batch at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

# Tensors (1, rows, width) of a recurrent network, rows the images times the beams.
State = tuple[Tensor, Tensor]


class Sentences(NamedTuple):
    """The most probable sentence found for each image.

    Attributes:
        words: Numbers of the words, shape ``(N, L)``; after the end comes padding.
        log_probability: Sum of the natural logarithms of the probabilities of the words and of the end, shape ``(N,)``.
    """

    words: Tensor
    log_probability: Tensor


def beam_search(
    step: Callable[[Tensor, State], tuple[Tensor, State]],
    state: State,
    *,
    start: int,
    end: int,
    pad: int,
    width: int,
    max_length: int,
    past_end: bool = False,
) -> Sentences:
    """Keep the ``width`` most probable beginnings of a sentence, word by word.

    A beginning that has come to its end stays as it is and competes with the others by its probability. The search is
    over as soon as the best one of each image has ended: the others can only lose. A sentence that has no end after
    ``max_length`` words is cut there. A width of 1 takes the most probable word each time; one of as many as there are
    beginnings finds the most probable sentence of all.

    Args:
        step: From the last word of each row, shape ``(rows,)``, and the state to the logarithm of the probability of
            each next word, shape ``(rows, words)``, and the new state.
        state: State of each image before the first word, tensors of shape ``(1, N, width)``.
        start: Number of the word that begins all sentences.
        end: Number of the word that ends them.
        pad: Number that fills up.
        width: Beams of each image, at least 1.
        max_length: Words of a sentence at most, with its end, at least 1.
        past_end: Go on with sentences that have come to their end as with others, for ``max_length`` words. The
            probability is then that of all words, also of those after the first end.

    Returns:
        The best sentence of each image.
    """
    images = state[0].shape[1]
    device = state[0].device
    last = torch.full((images,), start, device=device)
    sums = torch.zeros(images, 1, device=device)
    words = torch.empty(images, 1, 0, dtype=torch.long, device=device)
    done = torch.zeros(images, 1, dtype=torch.bool, device=device)
    for _ in range(max_length):
        scores, state = step(last, state)
        beams, size = sums.shape[1], scores.shape[-1]
        scores = scores.view(images, beams, size)
        if not past_end:
            # What has ended has one continuation, which costs nothing.
            stay = scores.new_full((size,), -torch.inf)
            stay[pad] = 0.0
            scores = torch.where(done[:, :, None], stay, scores)
        total = (sums[:, :, None] + scores).view(images, -1)
        # The first step has one beginning, which may have fewer continuations than there are beams.
        sums, places = total.topk(min(width, total.shape[1]), dim=1)
        source, chosen = places // size, places % size
        words = torch.cat(
            [words.gather(1, source[:, :, None].expand(-1, -1, words.shape[2])), chosen[:, :, None]], dim=2
        )
        done = done.gather(1, source) | (chosen == end)
        rows = (torch.arange(images, device=device)[:, None] * beams + source).flatten()
        state = (state[0][:, rows], state[1][:, rows])
        last = chosen.flatten()
        if not past_end and bool(done[:, 0].all()):
            break
    best = words[:, 0]
    # Behind the first end, which itself stays.
    ended = (best == end).cumsum(dim=1) - (best == end).long() > 0
    return Sentences(best.masked_fill(ended, pad), sums[:, 0])
