"""The parts of a step."""

import importlib
import time

import pytest
import torch

from agmax_mm.operators import roi_align
from benchmarks.suites import detection_parts, step_parts
from benchmarks.suites.parts import Parts
from benchmarks.suites.suite import Options


def test_a_part_inside_of_another_one_counts_once(monkeypatch):
    now = iter([0.0, 1.0, 3.0, 7.0, 12.0])
    monkeypatch.setattr(time, 'process_time', lambda: next(now))
    parts = Parts()
    with parts.part('outer'), parts.part('inner'):
        pass
    assert parts.seconds == {'outer': 2.0 + 5.0, 'inner': 4.0}


def test_a_detector_s_step_has_roi_align_by_itself(monkeypatch):
    pytest.importorskip('mmdet')
    operators = importlib.import_module('mmcv._ext')
    before = operators.roi_align_backward
    for name, value in (('_LONG', 64), ('_SHORT', 64), ('_WARM_UP', 0)):
        monkeypatch.setattr(detection_parts, name, value)
    started = time.process_time()
    parts = detection_parts.measure(1, 1, None)
    assert sum(parts.values()) <= time.process_time() - started
    assert set(parts) == {
        'backbone, forward',
        'neck, forward',
        'region proposals, forward',
        'RoIAlign, forward',
        'head of the regions, forward',
        'backward, but RoIAlign',
        'RoIAlign, backward',
        'optimiser',
        'the rest of the step',
    }
    assert operators.roi_align_backward is before


def test_more_threads_are_so_many_times_as_fast(monkeypatch):
    times = {1: [4.0, 8.0, 6.0], 2: [2.0, 4.0, 2.0]}
    monkeypatch.setattr(detection_parts, 'align_by_threads', lambda rounds: times)
    values = {}
    (_, table) = step_parts._align(Options(), values).blocks
    # By round 2, 2 and 3 times as fast.
    assert table.rows == [('1', '6,000.0 ms', '1'), ('2', '2,000.0 ms', '2 (2 to 2.5)')]
    assert values['RoIAlign'][2]['speedup']['median'] == 2.0


def test_roi_align_is_measured_with_the_threads_it_says(monkeypatch):
    seen, before = [], torch.get_num_threads()
    monkeypatch.setattr(detection_parts, '_MAP', (1, 4, 15, 25))
    monkeypatch.setattr(detection_parts, '_STRIDE', 40)
    monkeypatch.setattr(detection_parts, 'usable_cores', lambda: 5)
    for name in ('roi_align_forward', 'roi_align_backward'):
        original = getattr(roi_align, name)

        def watched(*given, name=name, original=original):
            original(*given)
            seen.append((name, torch.get_num_threads(), given[4 if name.endswith('backward') else 2].clone()))

        monkeypatch.setattr(roi_align, name, watched)
    seconds = detection_parts.align_by_threads(1)
    assert {threads: len(found) for threads, found in seconds.items()} == {1: 1, 2: 1, 4: 1}
    for name in ('roi_align_forward', 'roi_align_backward'):
        sums = [(threads, value) for called, threads, value in seen if called == name]
        assert [threads for threads, _ in sums] == [4, 1, 2, 1, 2, 4]  # one round to warm up, and the next in turn
        assert all(torch.equal(value, sums[0][1]) for _, value in sums)
        assert sums[0][1].count_nonzero()
    assert torch.get_num_threads() == before
