"""The parts of a step."""

import time

from benchmarks.suites.parts import Parts


def test_a_part_inside_of_another_one_counts_once(monkeypatch):
    now = iter([0.0, 1.0, 3.0, 7.0, 12.0])
    monkeypatch.setattr(time, 'process_time', lambda: next(now))
    parts = Parts()
    with parts.part('outer'), parts.part('inner'):
        pass
    assert parts.seconds == {'outer': 2.0 + 5.0, 'inner': 4.0}
