"""The table of tasks: what a config of a task gets, and what others do not."""

from types import SimpleNamespace

import pytest
from mmengine.config import Config, ConfigDict

from agmax_mm.engine import tasks
from agmax_mm.engine.config import load_config, prepare_config

DETECTOR = 'configs/detection/faster-rcnn_r50_fpn_1x_voc0712.py'
CLASSIFIER = 'configs/baseline/wrn40-2_standard_200e_cifar10.py'


def test_a_detector_gets_its_hook_and_data_sets_a_classifier_does_not():
    detector, classifier = load_config(DETECTOR), load_config(CLASSIFIER)
    for config in (detector, classifier):
        prepare_config(config, world_size=1)
    assert detector.default_hooks.detections.type == 'agmax_mm.detection.record.DetectionRecordHook'
    assert 'CheckedVOCDataset' in str(detector.train_dataloader)
    assert 'detections' not in classifier.default_hooks
    own = load_config(DETECTOR, {'default_hooks.detections.pictures': 2})
    assert own.default_hooks.detections.pictures == 2


def test_a_config_says_which_task_it_is():
    for path, name in ((DETECTOR, 'detection'), (CLASSIFIER, 'classification')):
        assert tasks.task_name(load_config(path)) == name


def _room(calls):
    return SimpleNamespace(
        HOOKS={'sounds': {'type': 'Sounds'}, 'kept': {'type': 'Ours'}},
        import_host=lambda: calls.append('import'),
        complete_config=lambda config: calls.append('complete'),
        check_config=lambda config: calls.append('check'),
    )


@pytest.mark.parametrize(
    ('config', 'expected'),
    [
        ({'speech': {}}, ['complete', 'check', 'import']),
        ({'default_scope': 'sounds'}, ['complete', 'check', 'import']),
        ({'default_scope': 'mmpretrain'}, ['complete']),
    ],
)
def test_a_row_is_asked_by_its_scope_or_key(monkeypatch, config, expected):
    calls = []
    monkeypatch.setattr(tasks, 'TASKS', (tasks.Task(_room(calls), scope='sounds', key='speech'),))
    config = Config(dict(config, default_hooks=ConfigDict(kept=dict(type='Users'))))
    tasks.add_task_hooks(config)
    tasks.complete_tasks(config)
    tasks.import_task(config)
    assert calls == expected
    hooks = {'kept': {'type': 'Users'}} | ({'sounds': {'type': 'Sounds'}} if len(expected) == 3 else {})
    assert config.default_hooks == hooks
