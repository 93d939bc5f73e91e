"""The evaluation as the host runs it, and what captions without a look at the picture score."""

from __future__ import annotations

import pytest

from agmax_mm.captioning.caption_metric import CaptionMetric
from agmax_mm.captioning.comparisons import comparisons
from agmax_mm.captioning.scores import bleu, cider, mean, rouge_l
from agmax_mm.captioning.tokens import tokenize
from tests.captioning.sets import SENTENCES

SAMPLES = [
    {'image_id': 1, 'pred_caption': 'a red square', 'gt_captions': SENTENCES['red']},
    {'image_id': 2, 'pred_caption': 'A blue square!', 'gt_captions': SENTENCES['green']},
    {'image_id': 3, 'pred_caption': '', 'gt_captions': SENTENCES['blue']},
]


def evaluated(**options):
    metric = CaptionMetric(meteor=False, **options)
    metric.process(None, SAMPLES[:2])
    metric.process(None, SAMPLES[2:])
    return metric, metric.evaluate(len(SAMPLES))


def test_names_and_values():
    _, found = evaluated()
    captions = [tokenize(sample['pred_caption']) for sample in SAMPLES]
    references = [[tokenize(text) for text in sample['gt_captions']] for sample in SAMPLES]
    assert list(found) == [f'caption/{name}' for name in ('bleu1', 'bleu2', 'bleu3', 'bleu4', 'rouge_l', 'cider')]
    assert list(found.values())[:4] == pytest.approx(bleu(captions, references))
    # 5 of 6 words; the references nearest to the empty caption has three.
    assert found['caption/bleu1'] == pytest.approx(2.718281828459045 ** (1 - 9 / 6) * 5 / 6)
    assert found['caption/rouge_l'] == pytest.approx(mean(rouge_l(captions, references)))
    assert found['caption/cider'] == pytest.approx(mean(cider(captions, references)))


def test_meteor_is_left_out_where_it_cannot_be_measured(monkeypatch):
    monkeypatch.setenv('PATH', '')
    assert CaptionMetric().meteor is False
    with pytest.raises(ValueError, match='CaptionMetric.meteor: expected java on the PATH, got none: install'):
        CaptionMetric(meteor=True)


def test_options_out_of_range():
    with pytest.raises(ValueError, match="expected True, False or 'auto', got 'yes'"):
        CaptionMetric(meteor='yes')
    with pytest.raises(ValueError, match='CaptionMetric.comparisons: expected at least 0, got -1'):
        CaptionMetric(comparisons=-1)


def test_comparisons_are_made_once():
    metric, _ = evaluated(comparisons=3)
    first = metric.comparisons
    metric.process(None, SAMPLES)
    metric.evaluate(len(SAMPLES))
    assert metric.comparisons is first
    assert [other.draws for other in first] == [3, 1]
    assert first[1].spread == {}
    assert set(first[0].spread) == set(first[0].scores) == set(first[1].scores)


def test_captions_of_others_are_never_ones_own():
    # Nobody shares a word with anybody: captions of others are all wrong, one for all is right for one of four.
    references = [[[f'{letter}{n}' for n in range(5)]] for letter in 'abcd']
    others, one = comparisons(references, 4)
    assert others.scores['caption/rouge_l'] == 0
    assert others.scores['caption/cider'] == 0
    assert one.scores['caption/rouge_l'] == pytest.approx(1 / 4)
    assert one.scores['caption/bleu1'] == pytest.approx(1 / 4)
    with pytest.raises(ValueError, match='at least 2 pictures, got 1; set val_evaluator.comparisons=0'):
        comparisons(references[:1], 4)


def test_one_caption_for_all_is_the_best_of_those_tried():
    references = [[['a', 'dog', 'runs']], [['a', 'dog', 'sits']], [['x', 'y', 'z']], [['a', 'dog', 'runs', 'now']]]
    _, one = comparisons(references, 1)
    values = [mean(cider([own[0]] * 4, references)) for own in references]
    assert one.scores['caption/cider'] == max(values)
    assert '"a dog runs' in one.name
