"""Means, spreads, differences and tables, on scores made up by hand."""

from __future__ import annotations

import pytest

from agmax_mm.experiments.comparison import backbone_names
from agmax_mm.results.summary import differences, result_table, summarise


def result(scores, finetune='full'):
    """A transfer with one metric; ``scores`` by seed."""
    runs = {str(seed): {'scores': {'pascal_voc/mAP': score}} for seed, score in scores.items()}
    summary = summarise([run['scores'] for run in runs.values()])
    return {'task': 'voc', 'detector': 'ssd300', 'finetune': finetune, 'runs': runs, 'summary': summary}


def test_summary_is_mean_and_sample_deviation():
    summary = summarise([{'m': 0.1, 'nan': None}, {'m': 0.3, 'nan': 0.0}])
    assert set(summary) == {'m'}
    assert summary['m']['mean'] == pytest.approx(0.2)
    assert summary['m']['std'] == pytest.approx(0.02**0.5)  # ((0.1)^2 + (0.1)^2) / (2 - 1)
    assert summarise([{'m': 0.1}])['m']['std'] is None


def test_differences_are_taken_seed_by_seed():
    # Both vary by 0.2 from seed to seed, and their difference by 0.02 only.
    found = differences(result({0: 0.52, 1: 0.72, 2: 0.9}), result({1: 0.70, 0: 0.52}))
    entry = found['pascal_voc/mAP']
    assert (entry['n'], entry['values']) == (2, [pytest.approx(0.0), pytest.approx(0.02)])
    assert entry['mean'] == pytest.approx(0.01)
    assert entry['std'] == pytest.approx(0.02 / 2**0.5)
    assert differences(result({0: 0.5}), result({1: 0.5})) == {}


def test_table_of_one_has_no_difference():
    assert result_table({'a': result({0: 0.5, 1: 0.6})}).splitlines() == [
        '| detector | backbone | fine-tuning | VOC mAP (%) |  n |',
        '| -------- | -------: | ----------: | ----------: | -: |',
        '| ssd300   |        a |        full |  55.0 ± 7.1 |  2 |',
    ]


def test_table_of_several_compares_with_the_first():
    rows = {'a': result({0: 0.5, 1: 0.6}), 'b': result({0: 0.51, 1: 0.59}), 'c': result({0: 0.4}, 'scratch')}
    assert result_table(rows).splitlines()[2:] == [
        '| ssd300   |        a |        full |  55.0 ± 7.1 |          – |  2 |',
        '| ssd300   |        b |        full |  55.0 ± 5.7 | +0.0 ± 1.4 |  2 |',
        '| ssd300   |        c |     scratch |        40.0 |      -10.0 |  1 |',
    ]


@pytest.mark.parametrize(
    ('checkpoints', 'names'),
    [
        (['w/run/best.safetensors'], ['run_best']),
        (['w/a/best.pth', 'w/b/best.pth', 'scratch'], ['a_best', 'b_best', 'scratch']),
        (['agmax/r50/best.pth', 'baseline/r50/best.pth'], ['agmax_r50_best', 'baseline_r50_best']),
    ],
)
def test_names_tell_backbones_apart(checkpoints, names):
    assert backbone_names(checkpoints) == names


def test_one_backbone_given_twice_is_refused():
    with pytest.raises(ValueError, match='backbones: expected different ones, got a/b.pth, a/b.pth'):
        backbone_names(['a/b.pth', 'a/b.pth'])
