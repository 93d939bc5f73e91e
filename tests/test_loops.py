"""A loop over cases fails with every case that fails."""

import pytest

from tests.loops import for_all


def test_all_failures_are_listed():
    tried = []

    @for_all([1, 2, 3, 4])
    def check(number):
        tried.append(number)
        if number == 3:
            raise KeyError('three')
        assert number % 2, 'is even'

    with pytest.raises(AssertionError) as caught:
        check()
    assert tried == [1, 2, 3, 4]
    first, *failed = str(caught.value).splitlines()
    assert first.startswith('3 of 4 fail')
    assert failed[0].startswith('2: AssertionError: is even')
    assert next(line for line in failed if line.startswith(('3: ', '4: '))) == "3: KeyError: 'three'"
