"""Caption scores: by hand, and equal to COCO's own scorers on made sentences."""

from __future__ import annotations

import math
import random

import pytest

from agmax_mm.captioning.scores import bleu, cider, mean, rouge_l

WORDS = ['a', 'the', 'man', 'dog', 'red', 'big', 'runs', 'sits', 'on', 'in', 'park', 'grass', 'with', 'his']


def made(seed: int, images: int = 40) -> tuple[list[list[str]], list[list[list[str]]]]:
    """Captions and references of random words and lengths; some captions are empty."""
    draw = random.Random(seed)

    def sentence(least: int) -> list[str]:
        return draw.choices(WORDS, k=draw.randint(least, 12))

    references = [[sentence(1) for _ in range(draw.randint(1, 6))] for _ in range(images)]
    captions = [draw.choice([sentence(0), draw.choice(others)[: draw.randint(1, 12)]]) for others in references]
    return captions, references


def test_bleu_by_hand():
    captions = [['a', 'a', 'cat', 'sits'], ['dogs', 'run']]
    references = [[['a', 'cat', 'sits', 'down'], ['the', 'cat', 'sits']], [['dogs', 'run', 'fast', 'here']]]
    # One of two "a" is right. Right: 3 of 4 and 2 of 2 words; 2 of 3 and 1 of 1 pairs; 1 of 2 triples; 0 of 1.
    p1, p2, p3 = 5 / 6, 3 / 4, 1 / 2
    brevity = math.exp(1 - 8 / 6)  # 6 words beside 4 + 4
    found = bleu(captions, references)
    assert found[:3] == pytest.approx(
        (brevity * p1, brevity * math.sqrt(p1 * p2), brevity * (p1 * p2 * p3) ** (1 / 3)), rel=1e-8
    )
    assert 0 < found[3] < 1e-3


def test_bleu_takes_the_nearest_reference_and_of_two_the_shorter():
    near = [[['a'] * 3, ['a'] * 5, ['a'] * 9]]
    assert bleu([['a'] * 4], near)[0] == pytest.approx(1, rel=1e-8)  # 4 beside 3, no brevity
    assert bleu([['a'] * 7], near)[0] == pytest.approx(1, rel=1e-8)  # 7 beside 5, and 9 at most are right
    assert bleu([['a'] * 2], near)[0] == pytest.approx(math.exp(1 - 3 / 2), rel=1e-8)


def test_rouge_by_hand():
    # Longest common subsequences: 2 (a dog) of 3 beside 4 words, 1 beside 2.
    found = rouge_l([['a', 'red', 'dog']], [[['a', 'big', 'dog', 'runs'], ['the', 'dog']]])
    precision, recall = 2 / 3, 1 / 2
    assert found == pytest.approx([(1 + 1.44) * precision * recall / (recall + 1.44 * precision)])
    assert rouge_l([['b', 'a'], []], [[['a', 'b']], [['a']]]) == pytest.approx([0.5, 0.0])


def test_cider_by_hand():
    # Two images. "cat" and "dog" are in one each, "a" is in both and has no weight.
    captions = [['a', 'cat'], ['a', 'cat']]
    references = [[['a', 'cat']], [['a', 'dog']]]
    # n = 1: cosine 1, n = 2: cosine 1, n = 3 and 4: none.
    assert cider(captions, references) == pytest.approx([10 * 2 / 4, 0.0])
    # A caption of 7 words beside 4: 6 pairs beside 3, and "cat" is counted once.
    long = [['a', 'cat', 'a', 'a', 'a', 'a', 'a'], ['a', 'dog', 'a', 'a']]
    both = [[['a', 'cat', 'a', 'a']], [['a', 'dog', 'a', 'a']]]
    assert cider(long, both)[0] < 10 * math.exp(-9 / 72)
    assert cider(long, both)[1] == pytest.approx(10)


def test_cider_of_one_image_alone_is_nothing():
    assert cider([['a', 'cat']], [[['a', 'cat']]]) == [0.0]


@pytest.mark.parametrize(
    ('seed', 'expected'),
    [
        (
            0,
            (
                0.7035604172842156,
                0.480717677562377,
                0.372633585653838,
                0.3200723404659256,
                0.55024174896831,
                1.48670564386132,
            ),
        ),
        (
            1,
            (
                0.6818362114186266,
                0.5577490229371975,
                0.496068640380051,
                0.4585223495508509,
                0.63332849987566,
                1.788585291651705,
            ),
        ),
    ],
)
def test_values_that_the_scorers_of_coco_gave(seed, expected):
    """BLEU-1 to BLEU-4, ROUGE-L and CIDEr of pycocoevalcap 1.2, which need not be installed here."""
    captions, references = made(seed)
    found = *bleu(captions, references), mean(rouge_l(captions, references)), mean(cider(captions, references))
    assert found == pytest.approx(expected, rel=1e-12)


def test_equal_to_the_scorers_of_coco():
    reference = pytest.importorskip('pycocoevalcap.cider.cider_scorer')
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.rouge.rouge import Rouge

    for seed in range(3):
        captions, references = made(seed)
        theirs = {number: [' '.join(caption)] for number, caption in enumerate(captions)}
        truth = {number: [' '.join(words) for words in others] for number, others in enumerate(references)}
        assert bleu(captions, references) == pytest.approx(
            Bleu(4).compute_score(truth, theirs, verbose=0)[0], rel=1e-12
        )
        assert rouge_l(captions, references) == pytest.approx(
            Rouge().compute_score(truth, theirs)[1].tolist(), rel=1e-12
        )
        scorer = reference.CiderScorer()
        for number in theirs:
            scorer += (theirs[number][0], truth[number])
        corpus, each = scorer.compute_score()
        assert cider(captions, references) == pytest.approx(each.tolist(), rel=1e-9, abs=1e-12)
        assert mean(cider(captions, references)) == pytest.approx(corpus, rel=1e-9)


def test_order_of_images_and_references_does_not_matter():
    captions, references = made(7)
    mixed = list(reversed(range(len(captions))))
    turned = [list(reversed(references[at])) for at in mixed]
    again = [captions[at] for at in mixed]
    assert bleu(again, turned) == pytest.approx(bleu(captions, references), rel=1e-12)
    assert [cider(again, turned)[at] for at in mixed] == pytest.approx(cider(captions, references), rel=1e-12)


def test_numbers_of_captions_and_references_must_agree():
    with pytest.raises(ValueError, match='zip'):
        bleu([['a']], [])
