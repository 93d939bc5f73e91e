"""The preprocessing contract against real models of mmpretrain and mmdet."""

from __future__ import annotations

import json

import pytest
from mmengine.config import ConfigDict
from mmengine.registry import MODELS, DefaultScope
from torch import nn

from agmax_mm.models.contract import contract_mismatches, preprocessing_contract

MEAN = [123.675, 116.28, 103.53]
STD = [58.395, 57.12, 57.375]


@pytest.fixture(autouse=True)
def _scope():
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield


def classifier(backbone: dict | None = None, **preprocessor):
    prepared = dict(mean=MEAN, std=STD, to_rgb=True) | preprocessor
    return MODELS.build(
        ConfigDict(
            type='mmpretrain.ImageClassifier',
            data_preprocessor=dict(type='mmpretrain.ClsDataPreprocessor', **prepared),
            backbone=backbone or dict(type='mmpretrain.ResNet', depth=18),
        )
    )


def detector(backbone: dict | None = None, **preprocessor):
    """The two parts of a detector that the contract looks at, as the host's classes."""
    pytest.importorskip('mmcv.ops', exc_type=ImportError)
    model = nn.Module()
    prepared = dict(mean=MEAN, std=STD, bgr_to_rgb=True) | preprocessor
    model.data_preprocessor = MODELS.build(ConfigDict(type='mmdet.DetDataPreprocessor', **prepared))
    model.backbone = MODELS.build(ConfigDict(backbone or dict(type='mmdet.ResNet', depth=18)))
    return model


def test_classifier_states_its_preprocessing_in_plain_values():
    contract = preprocessing_contract(classifier())
    assert json.loads(json.dumps(contract)) == contract
    assert contract['mean'] == MEAN
    assert contract['std'] == STD
    assert contract['channel_order'] == 'rgb'
    assert contract['style'] == 'pytorch'
    assert contract['backbone']['type'] == 'ResNet'
    assert contract['backbone']['depth'] == 18
    assert contract['backbone']['base_channels'] == 64


def test_no_normalisation_is_mean_zero_and_deviation_one():
    contract = preprocessing_contract(classifier(mean=None, std=None, to_rgb=False))
    assert (contract['mean'], contract['std'], contract['channel_order']) == ([0.0], [1.0], 'bgr')
    assert (
        contract_mismatches(contract | {'mean': [0.0] * 3, 'std': [1.0] * 3}, classifier(mean=None, to_rgb=False)) == []
    )


@pytest.mark.parametrize(
    ('source', 'target'),
    [
        (dict(type='mmpretrain.ResNet', depth=18), dict(type='mmdet.ResNet', depth=18)),
        (
            dict(type='mmpretrain.ResNeXt', depth=50, groups=32, width_per_group=4),
            dict(type='mmdet.ResNeXt', depth=50, groups=32, base_width=4),
        ),
        (dict(type='mmpretrain.RegNet', arch='regnetx_400mf'), dict(type='mmdet.RegNet', arch='regnetx_400mf')),
    ],
)
def test_same_network_in_both_hosts_is_compatible(source, target):
    assert contract_mismatches(preprocessing_contract(classifier(source)), detector(target)) == []


@pytest.mark.parametrize(
    ('backbone', 'preprocessor', 'line'),
    [
        ({}, dict(mean=[0, 0, 0]), f'mean: the backbone expects {MEAN}, the model has [0.0, 0.0, 0.0]'),
        ({}, dict(std=[1, 1, 1]), f'std: the backbone expects {STD}, the model has [1.0, 1.0, 1.0]'),
        ({}, dict(bgr_to_rgb=False), "channel_order: the backbone expects 'rgb', the model has 'bgr'"),
        (dict(style='caffe'), {}, "style: the backbone expects 'pytorch', the model has 'caffe'"),
        (dict(depth=50), {}, 'backbone depth: the file has 18, the model has 50'),
    ],
)
def test_each_difference_is_named_with_both_sides(backbone, preprocessor, line):
    model = detector(dict(type='mmdet.ResNet', depth=18) | backbone, **preprocessor)
    assert contract_mismatches(preprocessing_contract(classifier()), model) == [line]


def test_strides_may_differ():
    stored = preprocessing_contract(classifier())
    assert contract_mismatches(stored, detector(dict(type='mmdet.ResNet', depth=18, strides=(1, 2, 2, 1)))) == []


def test_model_without_preprocessor_is_refused():
    with pytest.raises(ValueError, match='expected a model with a data_preprocessor, got Linear'):
        preprocessing_contract(nn.Linear(1, 1))
