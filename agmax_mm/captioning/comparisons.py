"""What captions score that were written without a look at the picture: a floor for what a captioner is worth."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from agmax_mm.captioning.metrics import BLEU, CIDER, ROUGE_L
from agmax_mm.captioning.scores import Words, bleu, cider, mean, rouge_l

# Captions that are tried as the one for all pictures, evenly spread over the set.
_CANDIDATES = 50


@dataclass(frozen=True)
class Comparison:
    """Scores of captions that say nothing of their pictures.

    Attributes:
        name: What they are.
        scores: By name of the metric, means of the draws.
        spread: Sample standard deviation of the draws; empty for one.
        draws: Their number.
    """

    name: str
    scores: dict[str, float]
    spread: dict[str, float]
    draws: int

    def as_json(self) -> dict[str, Any]:
        """For a record."""
        return asdict(self)


def python_scores(captions: Sequence[Words], references: Sequence[Sequence[Words]]) -> dict[str, float]:
    """All scores but METEOR, by name of the metric."""
    found = dict(zip((metric.name for metric in BLEU), bleu(captions, references), strict=True))
    return {
        **found,
        ROUGE_L.name: mean(rouge_l(captions, references)),
        CIDER.name: mean(cider(captions, references)),
    }


def comparisons(references: Sequence[Sequence[Words]], draws: int) -> list[Comparison]:
    """Scores of captions of other pictures of the set, and of one caption for all.

    - Each picture gets a caption that somebody wrote for another one, drawn at random.
    - Each picture gets the same caption: of some captions of the set the one with the highest CIDEr, which is chosen by
      what it is compared with, so that no caption for all is much better.

    Args:
        references: One or more for each of at least two pictures.
        draws: Number of draws, with seeds 0, 1, ...

    Raises:
        ValueError: If there is one picture.
    """
    if len(references) < 2:
        raise ValueError(
            f'CaptionMetric.comparisons: expected at least 2 pictures, got {len(references)}; set '
            'val_evaluator.comparisons=0'
        )
    drawn = [python_scores(_of_others(references, seed), references) for seed in range(draws)]
    names = list(drawn[0])
    spread = {name: float(np.std([scores[name] for scores in drawn], ddof=1)) for name in names} if draws > 1 else {}
    others = Comparison(
        'captions of other pictures', {name: mean([scores[name] for scores in drawn]) for name in names}, spread, draws
    )
    captions = [caption for own in references for caption in own]
    places = np.linspace(0, len(captions) - 1, min(_CANDIDATES, len(captions)), dtype=int)
    candidates = [captions[place] for place in places]
    best = max(candidates, key=lambda caption: mean(cider([caption] * len(references), references)))
    one = Comparison(
        f'one caption for all ("{" ".join(best)}")', python_scores([best] * len(references), references), {}, 1
    )
    return [others, one]


def _of_others(references: Sequence[Sequence[Words]], seed: int) -> list[Words]:
    draw = random.Random(seed)
    picked = []
    for place in range(len(references)):
        other = draw.randrange(len(references) - 1)
        picked.append(draw.choice(references[other + (other >= place)]))
    return picked
