"""The parts of a step."""

import importlib
import time

import pytest

from benchmarks.suites import detection_parts
from benchmarks.suites.parts import Parts


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
