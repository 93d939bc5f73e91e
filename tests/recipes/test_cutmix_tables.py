"""The paper's tables as they are kept here agree with themselves and with what else the paper prints."""

from collections import Counter
from decimal import Decimal

import pytest

from tools.recipes.papers import figures, places


def _rows():
    """The figures of each row or point by its place and name."""
    found = {}
    for figure in figures('cutmix'):
        found.setdefault((places([figure]), figure.row), []).append(figure)
    return found


def _errors(place, name):
    return tuple(figure.value for figure in _rows()[place, name] if figure.value is not None)


def test_number_of_rows():
    """By hand; six rows of Table 3 are quoted from others, all other rows were trained."""
    tables = {'Table 3': 13, 'Table 4': 6, 'Table 5': 15, 'Table 6': 4, 'Table 7': 5, 'Table 8': 7}
    assert Counter(place for place, _ in _rows()) == {**tables, 'Figure 3': 6 + 5, 'release page': 1}
    assert sum(place in tables and not row[0].quoted for (place, _), row in _rows().items()) == 44


def test_quoted_rows_by_hand():
    """No recipe and no gain depends on these."""
    quoted = [(name, row) for (_, name), row in _rows().items() if row[0].quoted]
    assert [(name, row[0].params, *(figure.value for figure in row)) for name, row in quoted] == [
        ('ResNet-152', 60.3, 21.69, 5.94),
        ('ResNet-101 + SE', 49.4, 20.94, 5.50),
        ('ResNet-101 + GE', 58.4, 20.74, 5.29),
        ('ResNet-50 + SE', 28.1, 22.12, 5.99),
        ('ResNet-50 + GE', 33.7, 21.88, 5.80),
        ('ResNet-50 + DropBlock', 25.6, 21.87, 5.98),
    ]


def test_rows_of_two_tables_are_equal():
    for name in ('Baseline', 'CutMix'):
        assert _errors('Table 5', name) == _errors('Table 8', name)


@pytest.mark.parametrize(
    ('method', 'accuracy', 'error'),
    [('', '76.3', 23.68), (' + Mixup', '77.4', 22.58), (' + Cutout', '77.1', 22.93), (' + CutMix', '78.6', 21.40)],
)
def test_table_3_agrees_with_the_accuracies_of_table_1_and_the_errors_of_table_10(method, accuracy, error):
    top1 = _errors('Table 3', f'ResNet-50{method}')[0]
    assert top1 == error
    assert (100 - Decimal(str(top1))).quantize(Decimal('0.1')) == Decimal(accuracy)


def test_gains_that_the_text_prints():
    """CutMix over the baseline: 2.28 and 1.98 (Table 3 and 5), 1.70 and 1.71 (Table 4), 0.97 (Table 7)."""
    for place, baseline, cutmix, gain in (
        ('Table 3', 'ResNet-50', 'ResNet-50 + CutMix', '2.28'),
        ('Table 4', 'ResNet-101', 'ResNet-101 + CutMix', '1.70'),
        ('Table 4', 'ResNeXt-101', 'ResNeXt-101 + CutMix', '1.71'),
        ('Table 5', 'Baseline', 'CutMix', '1.98'),
        ('Table 7', 'Baseline', 'CutMix', '0.97'),
    ):
        first, second = (Decimal(str(_errors(place, name)[0])) for name in (baseline, cutmix))
        assert first - second == Decimal(gain), place


def test_some_rows_by_hand():
    assert _errors('Table 3', 'ResNet-50 + Feature CutMix') == (21.80, 6.06)
    assert _errors('Table 5', 'Cutout + Manifold Mixup (1.0)') == (15.09, 3.35)
    assert _errors('Table 5', 'CutMix + ShakeDrop') == (13.81, 2.29)
    assert _errors('Table 6', 'ResNet-110 + CutMix') == (20.11, 4.43)
    assert _errors('Table 7', 'Cutout') == (3.10,)
    assert _errors('Table 8', 'Scheduled CutMix') == (14.72, 3.17)
    assert _errors('Figure 3', 'CutMix, alpha 0.1') == ()


def test_top_5_errors_are_below_top_1():
    for place, row in _rows().items():
        errors = {figure.metric: figure.value for figure in row}
        assert errors.get('error/top5', 0) < (errors['error/top1'] or 100), place
