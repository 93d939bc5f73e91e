"""Switches by name: the same words on every recipe, wherever its pipeline has the step."""

from pathlib import Path

import pytest
from mmengine.config import Config

from agmax_mm.engine.config import apply_options, load_config, prepare_config
from agmax_mm.engine.switches import complete_switches

CIFAR = 'configs/baseline/wrn40-2_standard_200e_cifar10.py'
IMAGENET = 'configs/baseline/resnet50_cutmix_90e.py'
DEMO = 'configs/demo/pretrain_baseline.py'
PIPELINE = 'train_dataloader.dataset.pipeline'


def _views(config):
    """The number of views of the one step that makes them."""
    (step,) = [step for step in config.train_dataloader.dataset.pipeline if step['type'] == 'agmax_mm.TwoView']
    return step.num_views


def _load(path, **options):
    config = load_config(path, {key.replace('__', '.'): value for key, value in options.items()})
    prepare_config(config, world_size=1)
    return config


@pytest.mark.parametrize('path', [CIFAR, IMAGENET, DEMO])
def test_one_option_turns_any_baseline_into_agmax(path):
    """Against the recipe of AgMax, which writes out the agreement's weight."""
    twin = path.replace('baseline', 'agmax')
    expected, got = (config.to_dict() for config in (_load(twin), _load(path, model__agreement='mi')))
    assert expected['model']['agreement'].pop('loss_weight') == 1.0
    for config in (expected, got):
        config.pop('paper', None)
    assert got == expected


@pytest.mark.parametrize(
    ('options', 'views'),
    [
        ({}, 1),
        ({'model.agreement': 'mi'}, 2),
        ({'model.agreement': 'none'}, 2),
        ({'model.agreement': None}, 2),
        ({'model.agreement': 'none', 'model.num_views': 1}, 1),
        ({'model.num_views': 2}, 2),
        ({'model.agreement': 'kl', 'model.num_views': 3}, 3),
        ({'model.agreement': 'none', f'{PIPELINE}.0.num_views': 1}, 1),  # as it was written earlier
        ({'model.agreement': 'mi', f'{PIPELINE}.0.num_views': 2}, 2),
        ({f'{PIPELINE}.TwoView.num_views': 4}, 4),
    ],
)
def test_views_of_a_baseline(options, views):
    config = load_config(CIFAR, options)
    prepare_config(config, world_size=1)
    assert _views(config) == views


def test_the_control_of_a_recipe_keeps_two_views(tmp_path):
    agmax = CIFAR.replace('baseline', 'agmax')
    assert _views(_load(agmax, model__agreement='none')) == 2
    for value in ("'none'", 'None'):
        (tmp_path / 'own.py').write_text(f"_base_ = '{Path(agmax).resolve()}'\nmodel = dict(agreement={value})\n")
        assert _views(_load(str(tmp_path / 'own.py'))) == 2


def test_an_agreement_follows_the_views_of_an_older_config():
    """The pipeline alone said three."""
    config = _load(CIFAR.replace('baseline', 'agmax'), **{f'{PIPELINE}.0.num_views'.replace('.', '__'): 3})
    assert (_views(config), config.model.num_views) == (3, 3)


def test_datasets_in_datasets_are_reached():
    step = dict(type='agmax_mm.TwoView', transforms=[])
    inner = dict(type='agmax_mm.CIFAR10', pipeline=[dict(type='LoadImageFromFile'), step])
    wrapped = dict(type='RepeatDataset', times=2, dataset=dict(type='ConcatDataset', datasets=[inner, inner]))
    config = Config(dict(model=dict(agreement=dict(type='x')), train_dataloader=dict(dataset=wrapped)))
    complete_switches(config)
    found = [part.pipeline[1].num_views for part in config.train_dataloader.dataset.dataset.datasets]
    assert found == [2, 2]


def test_a_finished_run_s_config_has_the_same_switches(tmp_path):
    """There the number of views is written out."""
    _load(CIFAR).dump(tmp_path / 'dumped.py')
    for name in ('mi', 'none'):
        assert _views(_load(str(tmp_path / 'dumped.py'), model__agreement=name)) == 2
    assert _views(_load(str(tmp_path / 'dumped.py'))) == 1


def test_parts_of_lists_go_by_their_type():
    options = {
        'data_preprocessor.batch_augments.CutMix.correct_lam': False,
        'data_preprocessor.image_augments.PCALighting.alpha_std': 0.2,
        f'{PIPELINE}.ColorJitter.hue': 0.1,
        f'{PIPELINE}.TwoView.transforms.RandomMirror.prob': 0.25,
    }
    config = load_config(IMAGENET, options)
    assert config.data_preprocessor.batch_augments.augments == [
        dict(type='agmax_mm.CutMix', alpha=1.0, correct_lam=False)
    ]
    assert config.data_preprocessor.image_augments == [dict(type='agmax_mm.PCALighting', alpha_std=0.2)]
    _, mirror, jitter = config.train_dataloader.dataset.pipeline[1].transforms
    assert (mirror.prob, jitter.hue, jitter.brightness) == (0.25, 0.1, 0.4)
    demo = load_config(DEMO, {f'{PIPELINE}.ColorJitter.brightness': 0.5})
    assert demo.train_dataloader.dataset.pipeline[1].transforms[2].brightness == 0.5


def test_a_part_that_is_none_goes():
    config = load_config(IMAGENET, {f'{PIPELINE}.ColorJitter': None, f'{PIPELINE}.RandomResizedCrop': None})
    assert [step.type for step in config.train_dataloader.dataset.pipeline[1].transforms] == ['agmax_mm.RandomMirror']


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'data_preprocessor.batch_augments.CutMx.alpha': 1}, "'CutMx', the nearest known one is 'CutMix'"),
        ({'data_preprocessor.batch_augments': 'cutmax'}, "expected one of .*CutMix.* and none, got 'cutmax'"),
        ({'model.agreement': 'mutual'}, "model.agreement: expected one of .*, got 'mutual'"),
    ],
)
def test_names_that_fit_nothing_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        load_config(IMAGENET, options)


def test_a_type_that_occurs_twice_needs_its_place():
    config = Config(dict(param_scheduler=[dict(type='LinearLR'), dict(type='LinearLR')]))
    with pytest.raises(ValueError, match="expected one part of type 'LinearLR', got several: 0, 1"):
        apply_options(config, {'param_scheduler.LinearLR.end': 3})
    apply_options(config, {'param_scheduler.1.end': 3})
    assert config.param_scheduler[1].end == 3


def test_mixing_by_name():
    mixed = load_config(IMAGENET, {'data_preprocessor.batch_augments': 'mixup'}).data_preprocessor
    assert mixed.batch_augments == dict(augments=[dict(type='agmax_mm.MixUp')], probs=None)
    options = {'data_preprocessor.batch_augments': 'MixUp', 'data_preprocessor.batch_augments.MixUp.alpha': 0.4}
    assert load_config(IMAGENET, options).data_preprocessor.batch_augments.augments[0].alpha == 0.4
    assert load_config(IMAGENET, {'data_preprocessor.batch_augments': 'none'}).data_preprocessor.batch_augments is None


def test_jitter_goes_with_the_lighting():
    config = load_config(IMAGENET, {'jitter': False})
    assert config.data_preprocessor.image_augments == []
    kinds = [step.type for step in config.train_dataloader.dataset.pipeline[1].transforms]
    assert kinds == ['agmax_mm.RandomResizedCrop', 'agmax_mm.RandomMirror']
    assert 'jitter' not in config
    assert load_config(IMAGENET, {'jitter': True}).to_dict() == load_config(IMAGENET).to_dict()
    with pytest.raises(ValueError, match='jitter: expected a recipe with colour jitter'):
        load_config(CIFAR, {'jitter': False})
