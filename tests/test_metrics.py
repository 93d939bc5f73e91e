"""What is known of metrics, and what follows from it: the best epoch, labels, printed values."""

import json

import pytest

import agmax_mm.detection.metrics  # noqa: F401
from agmax_mm.engine.hooks.run_record import _scores
from agmax_mm.metrics import Metric, declare, declare_family, declared_metrics, find_metric, higher_is_better
from agmax_mm.metrics import metric_from_json as from_json
from agmax_mm.metrics import metric_to_json as to_json

MCE = Metric('test/mCE', 'mCE', '%', higher_is_better=False)


def test_best_follows_the_direction():
    declare(MCE)
    values = [(80.0, 60.0, 0.1), (70.0, 65.0, 0.2), (75.0, 65.0, 0.3)]
    history = [
        {'epoch': epoch, 'iter': 10 * epoch, 'test/mCE': error, 'accuracy/top1': accuracy, 'somebody/score': other}
        for epoch, (error, accuracy, other) in enumerate(values, start=1)
    ]
    assert _scores(history)['best'] == {
        'test/mCE': {'value': 70.0, 'epoch': 2, 'iter': 20},
        'accuracy/top1': {'value': 65.0, 'epoch': 2, 'iter': 20},
    }


def test_families_give_directions_and_own_declarations_win():
    assert higher_is_better('coco/bbox_mAP_50') is True
    assert higher_is_better('pascal_voc/AP50') is True
    assert higher_is_better('somebody/score') is None
    declare_family('test_family/', higher_is_better=True)
    declare(Metric('test_family/error', 'error', '', higher_is_better=False))
    assert higher_is_better('test_family/any') is True
    assert higher_is_better('test_family/error') is False
    with pytest.raises(ValueError, match='one direction'):
        declare_family('test_family/', higher_is_better=False)


def test_labels_and_printed_values():
    box, top1 = find_metric('coco/bbox_mAP'), find_metric('accuracy/top1')
    assert (box.label, box.printed(0.5)) == ('box AP (%)', 50.0)
    assert (top1.label, top1.printed(50.0)) == ('top-1 (%)', 50.0)
    assert Metric('x', 'AUROC', '', higher_is_better=True).label == 'AUROC'
    names = [metric.name for metric in declared_metrics()]
    assert names.index('accuracy/top1') < names.index('accuracy/top5') < names.index('pascal_voc/mAP')


def test_declarations_travel_in_records():
    assert from_json(json.loads(json.dumps(to_json(MCE)))) == MCE
    for content in ({'name': 'x'}, {**to_json(MCE), 'shape': 1}, {**to_json(MCE), 'higher_is_better': 'yes'}):
        with pytest.raises(ValueError, match='Metric: expected'):
            from_json(content)


def test_contradictions_are_refused():
    declare(MCE)
    with pytest.raises(ValueError, match="Metric 'test/mCE': expected one declaration"):
        declare(Metric('test/mCE', 'mCE', '%', higher_is_better=True))
    with pytest.raises(ValueError, match='expected a name'):
        Metric('', 'x', '', higher_is_better=True)
