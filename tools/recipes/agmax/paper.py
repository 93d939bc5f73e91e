"""Tables 1, 2, 7, 8 and 9 of the AgMax paper as printed.

Source: R. Atienza, *Improving Model Generalization by Agreement of Learned Representations from Data Augmentation*,
WACV 2022, arXiv:2110.10536. All figures are accuracies in percent, top-1 unless a column says otherwise. A figure in
parentheses is the gain that the paper prints beside the one before it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

AUGMENTATIONS = ('Standard', 'CutOut', 'MixUp', 'CutMix', 'AA', 'CutOut+AA', 'MixUp+AA', 'CutMix+AA')
# How the second half of Table 2's rows ends.
WITH_AGMAX = ' with AgMax'

_FIGURE = re.compile(r'([\d.]+)(?:\(([\d.]+)\))?')

# ImageNet-1k, ResNet-50, 90 epochs: mean and spread of at least three runs.
_TABLE_1 = """\
aug,baseline,baseline_pm,label_smoothing,ls_pm,agmax,agmax_pm
Standard,76.4,0.1,76.8,0.1,76.9,0.1
CutOut,76.2,0.0,76.5,0.1,77.1,0.0
MixUp,76.5,0.1,76.7,0.1,77.6,0.1
CutMix,76.3,0.0,76.4,0.1,77.4,0.0
AA,76.2,0.1,76.2,0.1,77.1,0.1
CutOut+AA,75.7,0.1,75.7,0.1,76.6,0.1
MixUp+AA,75.9,0.0,76.5,0.1,77.1,0.1
CutMix+AA,75.5,0.1,75.5,0.1,77.0,0.1
"""

# The rows of others, which the paper quotes from their publications, are no results of its own and left out.
_TABLE_2 = """\
group,aug,c10_wrn40_2,c10_wrn28_10,c100_wrn40_2,c100_wrn28_10,in_rn50_90_t1,in_rn50_90_t5,in_rn50_270_t1,in_rn50_270_t5
baseline,Standard,95.1,96.2,76.9,81.3,76.4,93.2,76.8,93.3
baseline,CutOut,96.2,97.1,78.4,82.5,76.2,93.1,77.5,93.6
baseline,MixUp,95.8,97.1,78.3,82.8,76.5,93.3,78.2,93.9
baseline,CutMix,96.2,97.3,79.4,83.8,76.3,93.2,78.7,94.2
baseline,AA,95.9,96.9,78.4,82.8,76.2,93.1,77.6,93.6
baseline,CutOut+AA,96.4,97.5,80.0,83.8,75.7,92.8,77.9,93.7
baseline,MixUp+AA,96.0,97.4,79.1,84.1,75.9,92.9,78.3,94.0
baseline,CutMix+AA,96.4,97.4,80.1,85.0,75.5,92.7,78.5,94.1
agmax,Standard,95.6(0.5),96.4(0.2),77.4(0.5),81.7(0.4),76.9(0.5),93.5(0.3),77.2(0.4),93.6(0.3)
agmax,CutOut,96.6(0.4),97.3(0.2),79.2(0.8),82.6(0.1),77.1(0.9),93.6(0.5),77.6(0.1),93.8(0.2)
agmax,MixUp,96.3(0.5),97.5(0.4),79.5(1.2),82.9(0.1),77.6(1.1),93.7(0.4),78.4(0.2),94.1(0.2)
agmax,CutMix,96.7(0.5),97.7(0.4),80.0(0.6),84.0(0.2),77.4(1.1),93.9(0.7),79.0(0.3),94.2(0.0)
agmax,AA,96.4(0.5),97.4(0.5),79.2(0.8),83.0(0.2),77.1(0.9),93.4(0.3),77.7(0.1),93.8(0.2)
agmax,CutOut+AA,97.1(0.7),97.8(0.3),81.1(1.1),84.0(0.2),76.6(0.9),93.4(0.6),78.2(0.3),94.0(0.3)
agmax,MixUp+AA,96.6(0.6),97.9(0.5),80.7(1.6),84.8(0.7),77.1(1.2),93.5(0.6),78.6(0.3),94.2(0.2)
agmax,CutMix+AA,96.8(0.4),97.8(0.4),81.3(1.2),85.3(0.3),77.0(1.5),93.5(0.8),79.1(0.6),94.4(0.3)
"""

# CIFAR-100, WRN-40-2, 200 epochs: the agreements. Below it the printed means over the rows.
_TABLE_7 = """\
aug,MI,MSE,KL,CE
Standard,77.4,77.5,77.3,77.4
CutOut,79.2,80.0,78.9,79.2
MixUp,79.5,78.7,79.7,79.3
CutMix,80.0,80.1,80.0,80.0
AA,79.2,79.6,79.0,79.0
CutOut+AA,81.1,81.2,81.1,80.9
MixUp+AA,80.7,80.1,80.5,80.5
CutMix+AA,81.3,80.8,81.2,80.9
"""
TABLE_7_MEANS = {'MI': 79.80, 'MSE': 79.75, 'KL': 79.71, 'CE': 79.65}

# ImageNet-1k, ResNet-50, 90 epochs: the agreements. Tables 1 and 2 print 77.6 for MixUp with MI.
_TABLE_8 = """\
aug,MI,MSE,KL
MixUp,77.5,77.4,77.7
CutMix,77.4,77.5,77.6
MixUp+AA,77.1,76.9,76.1
CutMix+AA,77.0,76.6,74.5
"""

# ImageNet-1k: ResNet-101 after 270 epochs, the others after 100. EfficientNet-B0 trained with the MSE agreement.
_TABLE_9 = """\
model,Standard,AgMax,CutMix,CutMix+AA,CutMix+AA+AgMax
ResNet-101,78.1,79.2,79.8,80.7,81.2
RegNetX-200MF,68.8,70.1,65.6,63.5,65.5
RegNetY-400MF,74.3,75.0,71.4,70.6,71.8
EfficientNet-B0,75.3,75.7,72.3,71.7,71.9
"""

_TABLE_1_COLUMNS = {'baseline': 'Baseline', 'label_smoothing': 'Label smoothing', 'agmax': 'AgMax'}
_TABLE_2_COLUMNS = {
    'c10_wrn40_2': 'CIFAR-10, WRN-40-2',
    'c10_wrn28_10': 'CIFAR-10, WRN-28-10',
    'c100_wrn40_2': 'CIFAR-100, WRN-40-2',
    'c100_wrn28_10': 'CIFAR-100, WRN-28-10',
    'in_rn50_90': 'ResNet-50, 90 epochs',
    'in_rn50_270': 'ResNet-50, 270 epochs',
}


@dataclass(frozen=True)
class Figure:
    """A figure of a table.

    Attributes:
        table: Number of the table.
        row: Row as the recipes call it; Table 2's rows with AgMax end in ``' with AgMax'``.
        column: Column.
        metric: ``'accuracy/top1'`` or ``'accuracy/top5'``, as the host names what it measures.
        value: In percent.
        spread: What is printed after a plus-minus sign, if anything.
        gain: What is printed in parentheses, if anything: the gain over the same figure without AgMax.
    """

    table: int
    row: str
    column: str
    metric: str
    value: float
    spread: float | None = None
    gain: float | None = None

    def as_config(self) -> dict[str, object]:
        """The entry of a recipe's ``paper``."""
        names = ('table', 'row', 'column', 'metric', 'value')
        return {name: getattr(self, name) for name in names}


def figures() -> list[Figure]:
    """All figures, in the order of the tables, row by row."""
    return [*_table_1(), *_table_2(), *_by_row(7, _TABLE_7), *_by_row(8, _TABLE_8), *_by_row(9, _TABLE_9)]


def _table_1() -> Iterator[Figure]:
    for row in _rows(_TABLE_1):
        for key, spread in (('baseline', 'baseline_pm'), ('label_smoothing', 'ls_pm'), ('agmax', 'agmax_pm')):
            yield Figure(1, row['aug'], _TABLE_1_COLUMNS[key], 'accuracy/top1', float(row[key]), float(row[spread]))


def _table_2() -> Iterator[Figure]:
    for row in _rows(_TABLE_2):
        name = row['aug'] + (WITH_AGMAX if row['group'] == 'agmax' else '')
        for key, text in row.items():
            if key in ('group', 'aug'):
                continue
            column = _TABLE_2_COLUMNS[key.removesuffix('_t1').removesuffix('_t5')]
            metric = 'accuracy/top5' if key.endswith('_t5') else 'accuracy/top1'
            value, gain = _parse(text)
            yield Figure(2, name, column, metric, value, gain=gain)


def _by_row(table: int, text: str) -> Iterator[Figure]:
    """A table whose first column names the rows."""
    for row in _rows(text):
        (_, name), *cells = row.items()
        for column, value in cells:
            yield Figure(table, name, column, 'accuracy/top1', float(value))


def _rows(text: str) -> Iterator[dict[str, str]]:
    return csv.DictReader(io.StringIO(text))


def _parse(text: str) -> tuple[float, float | None]:
    """``'96.6(0.4)'`` to ``(96.6, 0.4)``."""
    match = _FIGURE.fullmatch(text)
    assert match is not None, text
    return float(match[1]), None if match[2] is None else float(match[2])
