import itertools

import pytest

from benchmarks.suites.timing import Ratio, interleave, ratio


def test_arms_take_turns_and_every_place():
    order = []
    seconds = interleave(
        {name: lambda name=name: order.append(name) for name in 'abc'},
        rounds=3,
        warmup=1,
        clock=itertools.count(step=2).__next__,
    )
    assert order[3:] == [*'abc', *'bca', *'cab']
    assert sorted(order[:3]) == [*'abc']  # the warm-up
    assert seconds == {name: [2, 2, 2] for name in 'abc'}


def test_each_arm_gets_its_own_time():
    now = [0.0]

    def work(duration):
        now[0] += duration

    seconds = interleave({'slow': lambda: work(5.0), 'fast': lambda: work(2.0)}, rounds=4, clock=lambda: now[0])
    assert seconds == {'slow': [5.0] * 4, 'fast': [2.0] * 4}
    assert ratio(seconds['slow'], seconds['fast']) == Ratio(2.5, 2.5, 2.5, 4)


def test_ratio_is_of_rounds_not_of_sums():
    # 1, 2, 3, 4 and 100: a round in which the machine was busy does not count for more than others.
    found = ratio([1, 4, 9, 16, 500], [1, 2, 3, 4, 5])
    assert found == Ratio(median=3, low=2, high=4, rounds=5)
    assert str(found) == '3 (2 to 4)'
    assert ratio([3.0], [2.0]) == Ratio(1.5, 1.5, 1.5, 1)
    with pytest.raises(ValueError, match='shorter'):
        ratio([1, 2], [1])


def test_no_rounds():
    with pytest.raises(ValueError, match='rounds: expected at least 1, got 0'):
        interleave({}, rounds=0)
