"""Names of earlier versions in configs: of users, of work directories, of checkpoints."""

import importlib

import pytest
from mmengine.config import Config
from mmengine.utils import get_object_from_string

from agmax_mm.config_text import read_config_text
from agmax_mm.engine.config import load_config
from agmax_mm.moved_names import _MOVED, current_name, use_current_names

# Types by their paths in earlier versions and the configs of their work directories, and the classes that they mean.
OLD_TYPES = {
    'agmax_mm.engine.hooks.ProgressHook': 'SetProgressHook',
    'agmax_mm.engine.hooks.progress.ProgressHook': 'SetProgressHook',
    'agmax_mm.models.classifiers.AgMaxClassifier': 'AgMaxClassifier',
    'agmax_mm.models.classifiers.agmax.AgMaxClassifier': 'AgMaxClassifier',
    'agmax_mm.models.data_preprocessors.TwoViewDataPreprocessor': 'TwoViewDataPreprocessor',
    'agmax_mm.models.data_preprocessors.two_view.TwoViewDataPreprocessor': 'TwoViewDataPreprocessor',
    'agmax_mm.models.heads.PairHead': 'PairHead',
    'agmax_mm.models.heads.pair_head.PairHead': 'PairHead',
}
OLD_DETECTION_TYPES = {
    'agmax_mm.transfer.curves.DetectionRecordHook': 'DetectionRecordHook',
    'agmax_mm.transfer.datasets.CheckedCocoDataset': 'CheckedCocoDataset',
    'agmax_mm.transfer.datasets.CheckedCocoMetric': 'CheckedCocoMetric',
    'agmax_mm.transfer.datasets.CheckedVOCDataset': 'CheckedVOCDataset',
    'agmax_mm.transfer.datasets.CheckedXMLDataset': 'CheckedXMLDataset',
    'agmax_mm.transfer.ssd_head.SSDHead': 'SSDHead',
}


def _wrong(types):
    return [old for old, name in types.items() if get_object_from_string(current_name(old)).__name__ != name]


def test_old_types_are_todays_classes():
    assert _wrong(OLD_TYPES) == []


def test_old_types_of_detectors_are_todays_classes():
    pytest.importorskip('mmdet.models')
    assert _wrong(OLD_DETECTION_TYPES) == []


def test_a_longer_name_stands_before_its_beginning():
    names = list(_MOVED)
    hidden = [new for place, new in enumerate(names) if any(new.startswith(f'{old}.') for old in names[:place])]
    assert hidden == []


def test_todays_names_are_modules_or_classes():
    missing = [new for new in _MOVED.values() if get_object_from_string(f'agmax_mm.{new}') is None]
    assert missing == []


@pytest.mark.parametrize(
    ('old', 'new'),
    [
        ('agmax_mm.study', 'agmax_mm.experiments'),
        ('agmax_mm.report.results', 'agmax_mm.results'),  # its package is looked for first
        ('agmax_mm.transfer.job', 'agmax_mm.experiments.finetuning_job'),
    ],
)
def test_imports_of_earlier_modules_are_told_todays(old, new):
    with pytest.raises(ModuleNotFoundError, match=f': it is {new!r} now$'):
        importlib.import_module(old)


def test_imports_of_what_never_was_fail_as_usual():
    for name in ('agmax_mm.nonsense', 'agmax_mm.transfer.nonsense'):
        with pytest.raises(ModuleNotFoundError, match=f"^No module named '{name}'$"):
            importlib.import_module(name)


def test_other_names_stay():
    for name in (
        'agmax_mm.CutMix',
        'agmax_mm.models.classifier.AgMaxClassifier',
        'agmax_mm.transfer.datasets_of_mine.Own',
        'other.transfer.datasets.CheckedCocoDataset',
        'transfer.datasets.CheckedCocoDataset',
        'ProgressHook',
    ):
        assert current_name(name) == name


def test_names_are_replaced_at_every_depth_and_nothing_else():
    old, new = 'agmax_mm.transfer.datasets.CheckedVOCDataset', 'agmax_mm.detection.datasets.CheckedVOCDataset'
    inner = dict(type=old, ann_file=old)
    content = dict(
        train_dataloader=dict(dataset=dict(type='RepeatDataset', dataset=dict(type='Concat', datasets=[inner, inner]))),
        custom_imports=dict(imports=['agmax_mm.models.heads', 'my_project']),
        custom_hooks=(dict(type='agmax_mm.engine.hooks.ProgressHook'),),
    )
    config = Config(content)
    use_current_names(config)
    found = config.train_dataloader.dataset.dataset.datasets
    assert [part.to_dict() for part in found] == [dict(type=new, ann_file=old)] * 2
    assert config.custom_imports.imports == ['agmax_mm.models.agreements.pair_head', 'my_project']
    assert config.custom_hooks[0].type == 'agmax_mm.engine.hooks.SetProgressHook'


def test_config_texts_of_runs_and_checkpoints_have_todays_names():
    text = "model = dict(bbox_head=dict(type='agmax_mm.transfer.ssd_head.SSDHead'))\n"
    assert read_config_text(text, 'here') == {'model': {'bbox_head': {'type': 'agmax_mm.detection.ssd_head.SSDHead'}}}


def test_a_config_of_an_earlier_version_is_read(tmp_path):
    path = tmp_path / 'config.py'
    path.write_text(
        "default_scope = 'mmdet'\n"
        "model = dict(type='SingleStageDetector', bbox_head=dict(type='agmax_mm.transfer.ssd_head.SSDHead'))\n"
        "default_hooks = dict(detections=dict(type='agmax_mm.transfer.curves.DetectionRecordHook'))\n"
    )
    config = load_config(str(path))
    assert config.model.bbox_head.type == 'agmax_mm.detection.ssd_head.SSDHead'
    assert config.default_hooks.detections.type == 'agmax_mm.detection.record.DetectionRecordHook'
