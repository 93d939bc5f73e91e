"""Scores of captions beside what people wrote: BLEU, ROUGE-L and CIDEr, as COCO's caption evaluation computes them.

A caption is a list of words, see :func:`agmax_mm.captioning.tokens.tokenize`; each image has one caption and some
references. The values equal those of COCO's evaluation code, with its peculiarities, which the comments name.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

Words = Sequence[str]
# Counts of all sequences of 1 to N words.
_Counts = Counter[tuple[str, ...]]

_N = 4
# Against divisions by zero. Where no sequence of N words is right, BLEU-N is not 0 but of the order of 1e-4 to 1e-9.
_TINY, _SMALL = 1e-15, 1e-9
_BETA = 1.2
_SIGMA = 6.0


def bleu(captions: Sequence[Words], references: Sequence[Sequence[Words]]) -> tuple[float, float, float, float]:
    r"""BLEU-1 to BLEU-4 of all captions together.

    .. math:: B_N = \min(1, e^{1 - r / c}) \, (\prod_{n=1}^N p_n)^{1 / N}

    where :math:`p_n` is the share of sequences of n words that a reference of their image has, too, each at most as
    often as there; c the words of all captions; r the words of the references that are nearest in length, of two the
    shorter one. K. Papineni et al., BLEU: a Method for Automatic Evaluation of Machine Translation, ACL 2002.

    Args:
        captions: One for each image.
        references: One or more for each image.

    Returns:
        Four values in ``0..1``.
    """
    right, made = [0] * _N, [0] * _N
    length = nearest = 0
    for caption, others in zip(captions, references, strict=True):
        most: _Counts = Counter()
        for other in others:
            most |= _counts(other)
        for sequence, count in _counts(caption).items():
            right[len(sequence) - 1] += min(count, most[sequence])
        for n in range(_N):
            made[n] += max(0, len(caption) - n)
        length += len(caption)
        nearest += min((abs(len(other) - len(caption)), len(other)) for other in others)[1]
    ratio = (length + _TINY) / (nearest + _SMALL)
    brevity = math.exp(1 - 1 / ratio) if ratio < 1 else 1.0
    product, found = 1.0, []
    for n in range(_N):
        product *= (right[n] + _TINY) / (made[n] + _SMALL)
        found.append(brevity * product ** (1 / (n + 1)))
    return found[0], found[1], found[2], found[3]


def rouge_l(captions: Sequence[Words], references: Sequence[Sequence[Words]]) -> list[float]:
    r"""ROUGE-L of each caption.

    .. math:: R_L = \frac{(1 + \beta^2) P R}{R + \beta^2 P}, \quad \beta = 1.2

    where P and R are the length of the longest common subsequence by the length of the caption and of the reference,
    each the largest of all references. C.-Y. Lin, ROUGE: A Package for Automatic Evaluation of Summaries, 2004.

    Returns:
        A value in ``0..1`` for each image.
    """
    found = []
    for caption, others in zip(captions, references, strict=True):
        common = [_common_length(caption, other) for other in others]
        precision = max(common) / max(1, len(caption))
        recall = max(length / max(1, len(other)) for length, other in zip(common, others, strict=True))
        weight = _BETA**2
        found.append((1 + weight) * precision * recall / (recall + weight * precision) if max(common) else 0.0)
    return found


def cider(captions: Sequence[Words], references: Sequence[Sequence[Words]]) -> list[float]:
    r"""CIDEr-D of each caption, with document frequencies from the references of these images.

    Each caption becomes, for n of 1 to 4, a vector of counts of its sequences of n words times
    :math:`\log(I / d)`, where d of the I images have the sequence in a reference. The score is ten times the mean over
    n and over the references of the cosine between the caption's vector, clipped at the reference's, and the
    reference's, times :math:`e^{-\Delta^2 / 2 \sigma^2}` for lengths that differ by :math:`\Delta`, with
    :math:`\sigma = 6`. R. Vedantam et al., CIDEr: Consensus-based Image Description Evaluation, CVPR 2015.

    Values of other sets of images are of another scale: of one image alone all are 0.

    Returns:
        A value in ``0..10`` for each image.
    """
    counted = [[_counts(other) for other in others] for others in references]
    images_with: _Counts = Counter()
    for others in counted:
        images_with.update(set().union(*others))
    images = math.log(len(references)) if references else 0.0
    found = []
    for caption, others in zip(captions, counted, strict=True):
        vectors, norms, length = _weighted(_counts(caption), images_with, images)
        total = 0.0
        for other in others:
            other_vectors, other_norms, other_length = _weighted(other, images_with, images)
            penalty = math.exp(-((length - other_length) ** 2) / (2 * _SIGMA**2))
            for n in range(_N):
                norm = norms[n] * other_norms[n]
                if norm:
                    theirs = other_vectors[n]
                    product = sum(
                        min(value, theirs.get(key, 0.0)) * theirs.get(key, 0.0) for key, value in vectors[n].items()
                    )
                    total += penalty * product / norm
        found.append(10 * total / _N / len(others))
    return found


def mean(values: Sequence[float]) -> float:
    """The mean of the values of all images."""
    return math.fsum(values) / len(values)


def _counts(words: Words) -> _Counts:
    """How often a caption has each of its sequences of 1 to 4 words."""
    return Counter(tuple(words[at : at + n]) for n in range(1, _N + 1) for at in range(len(words) - n + 1))


def _weighted(
    counts: _Counts, images_with: _Counts, images: float
) -> tuple[list[dict[tuple[str, ...], float]], list[float], int]:
    """For each n the vector and its norm; and the length of the caption.

    As in COCO's code, the length is the number of pairs of words, one less than that of words.
    """
    vectors: list[dict[tuple[str, ...], float]] = [{} for _ in range(_N)]
    for sequence, count in counts.items():
        vectors[len(sequence) - 1][sequence] = count * (images - math.log(max(1, images_with[sequence])))
    norms = [math.sqrt(math.fsum(value**2 for value in vector.values())) for vector in vectors]
    return vectors, norms, sum(count for sequence, count in counts.items() if len(sequence) == 2)


def _common_length(one: Words, other: Words) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(other) + 1)
    for word in one:
        new = [0]
        for place, (left, above) in enumerate(pairwise(row)):
            new.append(left + 1 if word == other[place] else max(above, new[place]))
        row = new
    return row[-1]
