"""The tables of both papers as printed, read from ``tables/*.csv``, each figure with the recipe that would measure it.

``agmax_N.csv`` are Tables 1, 2, 7, 8 and 9 of R. Atienza, *Improving Model Generalization by Agreement of Learned
Representations from Data Augmentation*, WACV 2022, arXiv:2110.10536: accuracies in percent, top-1 unless a column says
otherwise. A cell may give the spread of the runs after a plus-minus sign, or in parentheses the gain over the same cell
without AgMax. Rows that the paper quotes from others are left out. The row or the column ``recipe`` names the recipe
of each column or row, where ``{}`` stands for the method.

``cutmix.csv`` are Tables 3 to 8 and Figure 3 of S. Yun et al., *CutMix: Regularization Strategy to Train Strong
Classifiers with Localizable Features*, ICCV 2019, arXiv:1905.04899: errors in percent, those of CIFAR as means of three
runs, each at its best epoch on the test images, and the parameters of the networks in millions. The figure's points are
drawn there, without numbers. Rows that the paper quotes from others are marked with an asterisk. The last row is from
the release page of the authors' code.
"""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.recipes.text import listed

_TABLES = Path(__file__).parent / 'tables'
_WITH_AGMAX = re.compile(r'( with |\+|^)AgMax$')
_CELL = re.compile(r'([\d.]+)(?:±([\d.]+))?(?:\(([\d.]+)\))?')
# The paper marks this cell; the released scripts train the other one of EfficientNet with a pair head.
_BY_MSE = (9, 'EfficientNet-B0', 'AgMax')


@dataclass(frozen=True)
class Figure:
    """A printed figure, or a point of a plot.

    Attributes:
        paper: ``'agmax'`` or ``'cutmix'``.
        table: Number of the table, ``'Figure 3'`` or ``'release page'``.
        row: Row, without the asterisk.
        column: Column; None for the CutMix paper, whose columns are the metrics.
        metric: ``'accuracy/top1'``, ``'error/top5'`` and so on.
        value: In percent; None for a point of a plot.
        recipe: The recipe whose training would measure it, as ``'agmax/resnet50_cutmix_90e'``, if there is one.
        spread: What is printed after a plus-minus sign, if anything.
        gain: What is printed in parentheses, if anything.
        params: Parameters of the network in millions, where they are printed.
        quoted: Whether the authors took it from others and did not train it.
    """

    paper: str
    table: int | str
    row: str
    column: str | None
    metric: str
    value: float | None
    recipe: str | None
    spread: float | None = None
    gain: float | None = None
    params: float | None = None
    quoted: bool = False

    def as_config(self) -> dict[str, object]:
        """The entry of a recipe's ``paper``."""
        names = ('table', 'row', 'column', 'metric', 'value')
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


@functools.cache
def figures(paper: str) -> tuple[Figure, ...]:
    """All figures of a paper, in the order of its tables, row by row."""
    if paper == 'cutmix':
        return tuple(figure for line in table_lines('cutmix') for figure in _cutmix(line))
    return tuple(figure for table in (1, 2, 7, 8, 9) for figure in _agmax(table))


def places(of: Iterable[Figure]) -> str:
    """``'Tables 2 and 7 and Figure 3'``."""
    found = list(dict.fromkeys(figure.table for figure in of))
    tables = sorted(place for place in found if isinstance(place, int))
    numbered = [f'Table{"s" if len(tables) > 1 else ""} {listed(tables)}'] if tables else []
    return listed([*numbered, *(place for place in found if isinstance(place, str))])


def table_lines(name: str) -> list[dict[str, str]]:
    """The lines of a file below ``tables/``, by column."""
    with open(_TABLES / f'{name}.csv', encoding='utf-8', newline='') as file:
        return list(csv.DictReader(file))


def _cutmix(line: dict[str, str]) -> Iterator[Figure]:
    table = int(line['place'].removeprefix('Table ')) if line['place'].startswith('Table ') else line['place']
    for key in ('top1', 'top5'):
        if line[key] or (key == 'top1' and table == 'Figure 3'):
            yield Figure(
                'cutmix',
                table,
                line['row'].removesuffix('*'),
                None,
                f'error/{key}',
                float(line[key]) if line[key] else None,
                f'cutmix/{line["recipe"]}' if line['recipe'] else None,
                params=float(line['params']) if line['params'] else None,
                quoted=line['row'].endswith('*'),
            )


def _agmax(table: int) -> Iterator[Figure]:
    lines = table_lines(f'agmax_{table}')
    by_column = lines.pop(0) if lines[0]['row'] == 'recipe' else {}
    for line in lines:
        row, by_row = line.pop('row'), line.pop('recipe', '')
        for title, cell in line.items():
            column = title.removesuffix(', top-5')
            recipe = _recipe(by_column[title], row) if by_column else _recipe(by_row, column)
            if (table, row, column) == _BY_MSE:
                recipe += '_mse'
            value, spread, gain = parsed_cell(cell)
            metric = 'accuracy/top1' if column == title else 'accuracy/top5'
            yield Figure('agmax', table, row, column, metric, value, recipe, spread, gain)


def parsed_cell(cell: str) -> tuple[float | None, ...]:
    """A cell's value, its spread and its gain, each None where it is not printed."""
    match = _CELL.fullmatch(cell)
    assert match is not None, cell
    return tuple(None if text is None else float(text) for text in match.groups())


def _recipe(template: str, label: str) -> str:
    """``'agmax/resnet50_cutmix_aa_90e'`` of ``'resnet50_{}_90e'`` and ``'CutMix+AA with AgMax'``."""
    method = _WITH_AGMAX.sub('', label)
    name = template.format((method or 'Standard').lower().replace('+', '_'))
    return name if '/' in name else f'{"baseline" if method == label else "agmax"}/{name}'
