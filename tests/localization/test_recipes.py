"""The recipes of Table 9: the paper's schedules and networks, and twins that differ in the agreement alone."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope

from agmax_mm.engine.check_config import check_config
from agmax_mm.engine.config import load_config, prepare_config
from agmax_mm.localization.maps import last_map
from agmax_mm.registry import MODELS

NAMES = sorted(path.stem for path in Path('configs/localization').glob('*.py'))
CONFIGS = {}


def config_of(name):
    if name not in CONFIGS:
        CONFIGS[name] = load_config(f'configs/localization/{name}.py')
        prepare_config(CONFIGS[name], world_size=1)
    return CONFIGS[name]


def model_of(name):
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return MODELS.build(config_of(name).model).eval()


def test_recipes_are_complete_and_known_to_who_reads_them():
    faults = []
    for name in NAMES[::4]:
        try:
            check_config(config_of(name))
        except ValueError as error:
            faults.append(f'{name}: {error}')
    assert faults == []
    assert len(NAMES) == 2 * (2 * 4 * 2 + 2 * 4)


def test_twins_differ_in_the_agreement_and_the_second_view():
    faults = []
    for name in [name for name in NAMES if name.endswith('_agmax')][::3]:
        twin, plain = (copy.deepcopy(config_of(one)).to_dict() for one in (name, name.removesuffix('_agmax')))
        assert twin['model'].pop('agreement')['type'] == 'agmax_mm.MutualInfoAgreement'
        for config in (twin, plain):
            config.pop('paper')
            for step in config['train_dataloader']['dataset']['pipeline']:
                step.pop('num_views', None)
        faults += [] if twin == plain else [name]
    assert faults == []


@pytest.mark.parametrize(
    ('name', 'epochs', 'milestones', 'batch', 'head', 'rest'),
    [
        ('resnet50_cutmix_600e_cub', 600, [150, 300, 450], 32, 0.01, 0.001),
        ('vgg16-gap_cutmix_600e_cub', 600, [150, 300, 450], 32, 0.001, 0.0001),
        ('resnet50_mixup_20e', 20, [6, 12, 18], 256, 0.1, 0.01),
        ('vgg16-gap_cutout_20e', 20, [6, 12, 18], 256, 0.1, 0.01),
    ],
)
def test_schedules_are_the_papers(name, epochs, milestones, batch, head, rest):
    config, model = config_of(name), model_of(name)
    assert config.train_cfg.max_epochs == epochs
    assert config.param_scheduler.milestones == milestones
    assert config.param_scheduler.gamma == 0.1
    assert config.train_dataloader.batch_size == batch
    optimizer = build_optim_wrapper(model, copy.deepcopy(config.optim_wrapper)).optimizer
    rates = {id(one): round(group['lr'], 8) for group in optimizer.param_groups for one in group['params']}
    found = {
        part: {rates[id(one)] for one in getattr(model, part).parameters()} for part in ('backbone', 'neck', 'head')
    }
    assert found['head'] == {head}
    assert found['backbone'] == {rest}
    assert found['neck'] <= {rest}
    assert {(group['momentum'], group['weight_decay']) for group in optimizer.param_groups} == {(0.9, 1e-4)}


@pytest.mark.parametrize(
    ('name', 'parameters', 'channels'),
    [
        # ResNet-50 without its 1000 classes, and 200 of its own.
        ('resnet50_baseline_600e_cub', 25_557_032 - 2049 * 1000 + 2049 * 200, 2048),
        # VGG-16's thirteen convolutions, one of 3 x 3 from 512 to 1024, and the layer.
        ('vgg16-gap_baseline_600e_cub', 14_714_688 + 512 * 1024 * 9 + 1024 + 1025 * 200, 1024),
    ],
)
def test_networks_have_maps_of_14_places_a_side(name, parameters, channels):
    model = model_of(name)
    assert sum(one.numel() for one in model.parameters()) == parameters
    with torch.no_grad(), last_map(model) as maps:
        model(torch.zeros(1, 3, 224, 224), mode='tensor')
    assert maps[-1].shape == (1, channels, 14, 14)


def test_methods_are_the_papers():
    mixes = {name: config_of(name).data_preprocessor for name in NAMES if name.startswith('resnet50') and '20e' in name}
    assert not mixes['resnet50_baseline_20e'].get('batch_augments')
    for method, kind in (('cutmix', 'agmax_mm.CutMix'), ('mixup', 'agmax_mm.MixUp')):
        for end in ('', '_agmax'):
            given = mixes[f'resnet50_{method}_20e{end}'].batch_augments
            assert given.probs == [1.0]
            assert given.augments == [dict(type=kind, alpha=1.0)]
    assert mixes['resnet50_cutout_20e'].image_augments == [dict(type='agmax_mm.CutOut', length=112)]
