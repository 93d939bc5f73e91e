"""The paper's tables as they are kept here agree with themselves and with what else the paper prints."""

from decimal import Decimal

import pytest

from tools.recipes.papers import figures

AUGMENTATIONS = ('Standard', 'CutOut', 'MixUp', 'CutMix', 'AA', 'CutOut+AA', 'MixUp+AA', 'CutMix+AA')
WITH_AGMAX = ' with AgMax'
# Printed below Table 7: the means over its rows.
TABLE_7_MEANS = {'MI': 79.80, 'MSE': 79.75, 'KL': 79.71, 'CE': 79.65}


def _value(table, row, column, metric='accuracy/top1'):
    (figure,) = [
        figure
        for figure in figures('agmax')
        if (figure.table, figure.row, figure.column, figure.metric) == (table, row, column, metric)
    ]
    return Decimal(str(figure.value))


def test_number_of_figures():
    """By hand: 8 x 3; 8 augmentations x 2 x 8 columns; 8 x 4; 4 x 3; 4 x 5."""
    counts = {table: sum(figure.table == table for figure in figures('agmax')) for table in (1, 2, 7, 8, 9)}
    assert counts == {1: 24, 2: 128, 7: 32, 8: 12, 9: 20}
    places = {(figure.table, figure.row, figure.column, figure.metric) for figure in figures('agmax')}
    assert len(places) == len(figures('agmax')) == 216


def test_every_printed_gain_is_the_difference_of_its_figures():
    gained = [figure for figure in figures('agmax') if figure.gain is not None]
    assert len(gained) == 64
    for figure in gained:
        without = _value(2, figure.row.removesuffix(WITH_AGMAX), figure.column, figure.metric)
        assert Decimal(str(figure.value)) - without == Decimal(str(figure.gain)), figure


def test_table_1_prints_a_spread_beside_each_mean():
    spreads = [figure.spread for figure in figures('agmax') if figure.table == 1]
    assert set(spreads) == {0.0, 0.1}
    assert spreads.count(0.0) == 5


@pytest.mark.parametrize('column', TABLE_7_MEANS)
def test_means_of_table_7(column):
    mean = sum(_value(7, row, column) for row in AUGMENTATIONS) / 8
    assert abs(mean - Decimal(str(TABLE_7_MEANS[column]))) <= Decimal('0.005')


def test_figures_that_two_tables_print_are_equal_but_for_one():
    for row in AUGMENTATIONS:
        agmax = _value(2, row + WITH_AGMAX, 'ResNet-50, 90 epochs')
        assert _value(1, row, 'Baseline') == _value(2, row, 'ResNet-50, 90 epochs')
        assert _value(1, row, 'AgMax') == agmax
        assert _value(7, row, 'MI') == _value(2, row + WITH_AGMAX, 'CIFAR-100, WRN-40-2')
        if row in ('CutMix', 'MixUp+AA', 'CutMix+AA'):
            assert _value(8, row, 'MI') == agmax
    assert _value(8, 'MixUp', 'MI') == Decimal('77.5')  # the paper's own slip
    assert _value(1, 'MixUp', 'AgMax') == Decimal('77.6')


def test_some_figures_by_hand():
    assert _value(2, 'CutMix+AA with AgMax', 'ResNet-50, 270 epochs') == Decimal('79.1')
    assert _value(2, 'CutMix+AA with AgMax', 'ResNet-50, 270 epochs', 'accuracy/top5') == Decimal('94.4')
    assert _value(2, 'AA', 'CIFAR-100, WRN-28-10') == Decimal('82.8')
    assert _value(1, 'MixUp+AA', 'Label smoothing') == Decimal('76.5')
    assert _value(9, 'EfficientNet-B0', 'CutMix+AA+AgMax') == Decimal('71.9')
    assert _value(9, 'RegNetX-200MF', 'CutMix') == Decimal('65.6')
