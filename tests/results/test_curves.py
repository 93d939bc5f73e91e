"""Panels of lines, and the tables and the plot of a sweep."""

from __future__ import annotations

from PIL import Image

from agmax_mm.metrics import Metric
from agmax_mm.results.curves import Line, Panel, draw_lines, sweep_blocks
from agmax_mm.results.page import Figure, Table


def test_panels_are_drawn_four_in_a_row(tmp_path):
    panel = Panel('title', 'x', 'y', [Line('a', [0, 1], [2, 3]), Line('b', [0, 1], [3, 2], dashed=True)])
    sizes = []
    for number in (1, 4, 5):
        draw_lines([panel] * number, tmp_path / f'{number}.png')
        sizes.append(Image.open(tmp_path / f'{number}.png').size)
    assert sizes[1][0] == 4 * sizes[0][0]
    assert sizes[2][0] == sizes[1][0]
    assert sizes[2][1] == 2 * sizes[1][1]
    # More lines than colours.
    draw_lines([Panel('many', 'x', 'y', [Line(str(i), [0, 1], [i, i]) for i in range(25)])], tmp_path / 'many.png')


def test_a_sweep_has_a_table_for_each_kind_with_gaps_where_a_model_has_none(tmp_path):
    metric = Metric('m', 'error', '%', higher_is_better=False)
    results = {
        'one': [
            ({'kind': 'a', 'x': 2}, {'m': 5.0}),
            ({'kind': 'a', 'x': 1}, {'m': 3.0}),
            ({'kind': 'b', 'x': 1}, {'m': 9}),
        ],
        'two': [({'kind': 'a', 'x': 2}, {'m': 7.0})],
    }
    blocks = list(
        sweep_blocks(
            results,
            tmp_path,
            name='sweep',
            metric=metric,
            kinds={'a': 'the first', 'b': 'the second', 'c': 'not measured'},
            kind=lambda condition: condition['kind'],
            place=lambda condition, values: condition['x'],
            axis='place',
        )
    )
    first, second = (block for block in blocks if isinstance(block, Table))
    assert first.header == ('model', '1', '2')
    assert first.rows == [('one', '3.0', '5.0'), ('two', '–', '7.0')]
    assert second.rows == [('one', '9.0'), ('two', '–')]
    assert isinstance(blocks[-1], Figure)
    assert (tmp_path / 'sweep.png').is_file()
