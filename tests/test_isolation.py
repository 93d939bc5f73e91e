"""What a test leaves behind is gone in the next one; these two run in this order."""

from __future__ import annotations

from mmengine.registry import DefaultScope


def test_a_scope_is_left_behind():
    DefaultScope.get_instance('left behind', scope_name='mmdet')
    assert DefaultScope.get_current_instance().scope_name == 'mmdet'


def test_it_is_gone():
    assert not DefaultScope.check_instance_created('left behind')
