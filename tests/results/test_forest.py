"""The drawing of differences: places by hand, and what it says to those who cannot see it."""

import re
from xml.etree import ElementTree

import pytest

from agmax_mm.results.forest import Difference, forest_svg

SVG = '{http://www.w3.org/2000/svg}'


def _draw(*rows, group='base & co'):
    return ElementTree.fromstring(forest_svg({group: rows}, 'What <is> shown', 'points'))


def _texts(root):
    return [text.text for text in root.iter(f'{SVG}text')]


def test_dots_lines_and_ticks_are_in_their_places():
    rows = [Difference('a', 1.0, (-1.0, 2.0), 5, False), Difference('b', -2.0, (-2.5, -1.5), 5, True)]
    root = _draw(*rows)
    # The axis goes from -2.5 to 2.5 in steps of 0.5, over 320 pixels from 200 on: 64 a point around 360.
    assert [float(dot.get('cx')) for dot in root.iter(f'{SVG}circle')] == [424.0, 232.0]
    assert ['open' in dot.get('class') for dot in root.iter(f'{SVG}circle')] == [True, False]
    marks = [line for line in root.iter(f'{SVG}line') if line.get('class') == 'mark']
    assert [(float(line.get('x1')), float(line.get('x2'))) for line in marks] == [(296.0, 488.0), (200.0, 264.0)]
    (zero,) = [line for line in root.iter(f'{SVG}line') if line.get('class') == 'zero']
    assert float(zero.get('x1')) == 360.0
    assert {'-2.5', '0', '+2.5', 'points', 'base & co', '-2.00 (-2.50 to -1.50), n = 5'} <= set(_texts(root))
    assert root.find(f'{SVG}title').text == 'What <is> shown'


def test_a_far_longer_interval_is_cut_and_a_single_pair_has_none():
    root = _draw(Difference('a', 1.0, (-90.0, 92.0), 2, False), Difference('b', 0.5, None, 1, False))
    (line,) = [line for line in root.iter(f'{SVG}line') if line.get('class') == 'mark']
    # At the ends of an axis of 4 times the furthest mean.
    assert (line.get('x1'), line.get('x2')) == ('200', '520')
    assert {'-4', '+4', '+1.00 (-90.00 to +92.00), n = 2', '+0.50, n = 1'} <= set(_texts(root))
    arrows = [path.get('d') for path in root.iter(f'{SVG}path')]
    assert len(arrows) == 2
    assert all(arrow.count('L') == 2 for arrow in arrows)


@pytest.mark.parametrize('scale', [0.0, 0.003, 0.7, 30.0, 4321.0])
def test_an_axis_of_any_scale_has_a_few_round_ticks(scale):
    root = _draw(Difference('a', scale, (scale / 2, 1.5 * scale), 3, False))
    ticks = [float(text.text) for text in root.iter(f'{SVG}text') if re.fullmatch(r'[+-]?[\d.e+]+', text.text)]
    assert 5 <= len(ticks) <= 11
    assert ticks == [-tick for tick in reversed(ticks)]
    assert ticks[-1] >= 1.5 * scale


def test_colours_follow_the_page():
    text = forest_svg({'x': [Difference('a', 1.0, None, 1, False)]}, 't', 'p')
    assert 'prefers-color-scheme: dark' in text


def test_a_row_of_a_summary():
    entry = {'n': 3, 'mean': 1.5, 't_interval': [0.5, 2.5], 'p_holm': 0.04}
    assert Difference.from_json('a', entry) == Difference('a', 1.5, (0.5, 2.5), 3, True)
    assert not Difference.from_json('a', {**entry, 'p_holm': 0.05}).sure
    assert Difference.from_json('a', {**entry, 't_interval': None, 'p_holm': None}).interval is None


def test_what_a_paper_says_is_a_diamond_within_the_axis():
    root = _draw(Difference('a', 1.0, None, 1, False, paper=2.0), Difference('b', 1.0, None, 1, False))
    (diamond,) = [path for path in root.iter(f'{SVG}path') if 'said' in path.get('class')]
    # The axis goes to 2 on both sides.
    assert diamond.get('d').startswith('M520 ')
