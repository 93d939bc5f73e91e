"""Completion of captioning configs: words come from the captions of training, legacy switches reach the data."""

from __future__ import annotations

import importlib
from typing import Any

from mmengine.config import Config, ConfigDict

from agmax_mm.captioning.legacy import legacy_names
from agmax_mm.host_imports import without_notices

# The models of the task, by the end of their types.
MODEL = 'Captioner'
# Hooks of every run of a captioner.
HOOKS = {'captions': {'type': 'agmax_mm.captioning.record.CaptionRecordHook'}}

_SOURCES = ('data_root', 'ann_file', 'splits')
# Any of them says where the words come from.
_WORDS = {'file', 'words', 'ann_file'}


def import_host() -> None:
    """Import the host's data sets, which classifiers have anyway."""
    with without_notices():
        importlib.import_module('mmpretrain.datasets')


def complete_config(config: Config) -> None:
    """Complete a config in place, if its model is a captioner.

    - The vocabulary is counted in the training captions, unless the head's says where else.
    - ``legacy`` switches change the vocabulary and the pipelines of the tests.
    """
    if not _is_captioner(config):
        return
    legacy = legacy_names(config.model.get('legacy', False))
    vocabulary = config.model.head.setdefault('vocabulary', ConfigDict())
    if isinstance(vocabulary, dict) and not _WORDS & set(vocabulary):
        dataset = _dataset(config, 'train_dataloader')
        vocabulary.update({key: dataset[key] for key in _SOURCES if dataset.get(key) is not None})
    if 'punctuation' in legacy and isinstance(vocabulary, dict):
        vocabulary['punctuation'] = True
    if 'random_test_views' in legacy:
        for name in ('val_dataloader', 'test_dataloader'):
            steps = _dataset(config, name).get('pipeline', [])
            for place, step in enumerate(steps):
                if step['type'].endswith('CenterCrop'):
                    flip = dict(type='RandomFlip', prob=0.5, direction='horizontal')
                    steps[place : place + 1] = [
                        ConfigDict(type='RandomCrop', crop_size=step.crop_size),
                        ConfigDict(flip),
                    ]


def check_config(config: Config) -> None:
    """Refuse a config without captions to count the words in."""
    vocabulary = config.model.head.get('vocabulary')
    if isinstance(vocabulary, dict) and not _WORDS & set(vocabulary):
        raise ValueError(
            'model.head.vocabulary: expected words, a file of them or captions to count, got none; '
            "model.head.vocabulary.file=FILE takes a run's vocabulary.json"
        )


def _is_captioner(config: Config) -> bool:
    return str((config.get('model') or {}).get('type')).rpartition('.')[2] == MODEL


def _dataset(config: Config, loader: str) -> Any:
    """The data set of a loader, inside of repetitions."""
    dataset = (config.get(loader) or {}).get('dataset') or ConfigDict()
    while 'dataset' in dataset:
        dataset = dataset.dataset
    return dataset
