"""One test for many cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


def for_all(cases: Iterable[Any]) -> Callable[[Callable[[Any], None]], Callable[[], None]]:
    """Make a test of one case a test of all, which tries each case and lists the failures.

    Unlike ``pytest.mark.parametrize`` this makes one id, for cases that are many and alike.
    """
    cases = list(cases)
    assert cases

    def decorate(check: Callable[[Any], None]) -> Callable[[], None]:
        def test() -> None:
            failed = []
            for case in cases:
                try:
                    check(case)
                except Exception as error:
                    failed.append(f'{case}: {type(error).__name__}: {error}')
            assert not failed, '\n'.join([f'{len(failed)} of {len(cases)} fail', *failed])

        test.__name__, test.__doc__, test.__module__ = check.__name__, check.__doc__, check.__module__
        return test

    return decorate
