"""The CutMix paper's recipes: what each adds to its baseline, what the baselines are, and that they are labelled."""

import ast
import copy
import functools
import math
import re
from pathlib import Path

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS, DefaultScope
from torch import nn

from agmax_mm.engine.config import apply_options, load_config, prepare_config
from agmax_mm.engine.options import parse_options
from agmax_mm.registry import MODELS
from tests.loops import for_all
from tools.recipes.papers import figures
from tools.recipes.recipe import Recipe

NAMES = sorted(path.stem for path in Path('configs/cutmix').glob('*.py'))
PARAMETERS = {
    ('resnet50', 'imagenet'): 25_557_032,
    ('resnet101', 'imagenet'): 44_549_160,
    ('resnet152', 'imagenet'): 60_192_808,
    ('resnext101', 'imagenet'): 44_177_704,
    ('pyramidnet200', 'cifar100'): 26_844_952,
    ('pyramidnet200', 'cifar10'): 26_752_702,
    ('pyramidnet110', 'cifar100'): 1_725_300,
    ('resnet110', 'cifar100'): 1_170_868,
}
HOOK = {'default_hooks.progress_of_training.type': 'agmax_mm.SetProgressHook'}
SMOOTHING = {
    'model.head.loss.type': 'LabelSmoothLoss',
    'model.head.loss.mode': 'original',
    'model.head.loss.label_smooth_val': 0.1,
}
DROPBLOCK = {
    'model.backbone.drop_block.drop_prob': 0.1,
    'model.backbone.drop_block.block_size': 4,
    **HOOK,
}
SHAKEDROP = {'model.backbone.shake_drop.final_prob': 0.5}


def _mix(kind='CutMix', alpha=1.0, chance=0.5, **options):
    augments = 'data_preprocessor.batch_augments.augments.0'
    expected = {f'{augments}.type': f'agmax_mm.{kind}', f'{augments}.alpha': alpha}
    expected |= {f'{augments}.{key}': value for key, value in options.items()}
    return {**expected, 'data_preprocessor.batch_augments.probs.0': chance}


def _features(kind='CutMix', chance=0.5, layers=(0, 1, 2, 3)):
    mix = {'type': 'agmax_mm.FeatureMix', 'mix.type': f'agmax_mm.{kind}', 'mix.alpha': 1.0, 'mix.prob': chance}
    mix |= {f'layers.{place}': layer for place, layer in enumerate(layers)}
    return {f'model.feature_mix.{key}': value for key, value in mix.items()}


def _cutout(length, place=0):
    key = f'data_preprocessor.image_augments.{place}'
    return {f'{key}.type': 'agmax_mm.CutOut', f'{key}.length': length}


# What each method adds, by the paper's section 4 and what its authors told.
CIFAR = {
    'stochdepth': {'model.backbone.drop_path_rate': 0.25},
    'dropblock': DROPBLOCK,
    'shakedrop': SHAKEDROP,
    'ls': SMOOTHING,
    'cutout': _cutout(16),
    'cutout_ls': _cutout(16) | SMOOTHING,
    'dropblock_ls': DROPBLOCK | SMOOTHING,
    'mixup-0.5': _mix('MixUp', alpha=0.5, chance=1.0),
    'mixup': _mix('MixUp', chance=1.0),
    'manifold-mixup': _features('MixUp', chance=1.0),
    'cutout_mixup': _cutout(16) | _mix('MixUp', chance=1.0),
    'cutout_manifold-mixup': _cutout(16) | _features('MixUp', chance=1.0),
    'cutmix': _mix(),
    'cutmix_shakedrop': _mix() | SHAKEDROP,
    'cutmix-center-gaussian': _mix('CenterGaussianCutMix', sigma=0.25),
    'cutmix-fixed-size': _mix('FixedSizeCutMix', size=16, inside=False),
    'cutmix-one-hot': _mix('OneHotCutMix'),
    'cutmix-scheduled': _mix('ScheduledCutMix', chance=1.0) | HOOK,
    'cutmix-complete-label': _mix('CompleteLabelCutMix'),
    **{f'cutmix-alpha{alpha}': _mix(alpha=alpha) for alpha in (0.1, 0.25, 0.5, 2.0, 4.0)},
    **{f'feature-cutmix-layer{layer}': _features(layers=[layer]) for layer in range(5)},
}
IMAGENET = {
    'cutout': _cutout(112, place=1),
    'stochdepth': {'model.backbone.drop_path_rate': 0.25},
    'mixup': _mix('MixUp', chance=1.0),
    'manifold-mixup': _features('MixUp', chance=1.0),
    'feature-cutmix': _features(chance=1.0),
    'cutmix': _mix(chance=1.0),
}
RESNET_110 = {'cutmix': _mix(chance=1.0) | {'optim_wrapper.optimizer.lr': 0.1}}


@functools.cache
def config_of(name):
    """The complete config, which nobody may change."""
    config = load_config(f'configs/cutmix/{name}.py')
    prepare_config(config, world_size=1)
    return config


def _parts(name):
    """Model, method and data set."""
    model, method, dataset = re.fullmatch(r'([a-z]+\d+)_(.+)_300e(?:_(cifar\d+))?', name).groups()
    return model, method, dataset or 'imagenet'


def _flat(value, prefix=''):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else None
    if items is None or not value:
        return {prefix[1:]: value}
    return {k: v for key, item in items for k, v in _flat(item, f'{prefix}.{key}').items()}


def _differing(config, other):
    first, second = _flat(config.to_dict()), _flat(other.to_dict())
    keys = {key for key in first.keys() | second.keys() if first.get(key, math.nan) != second.get(key, math.nan)}
    return {key: first.get(key) for key in keys}


@for_all(NAMES)
def test_a_method_adds_to_its_baseline_what_it_is_and_nothing_else(name):
    model, method, dataset = _parts(name)
    added = _differing(config_of(name), config_of(name.replace(f'_{method}_', '_baseline_')))
    added = {key: value for key, value in added.items() if not key.startswith('paper')}
    known = {'imagenet': IMAGENET}.get(dataset, RESNET_110 if model == 'resnet110' else CIFAR)
    assert added == ({} if method == 'baseline' else known[method])


@for_all(NAMES)
def test_recipe_is_labelled(name):
    config, (_, method, dataset) = config_of(name), _parts(name)
    docstring = ast.get_docstring(ast.parse(Path('configs', 'cutmix', f'{name}.py').read_text()))
    flowing = ' '.join(docstring.split())
    assert '300 epochs' in docstring.splitlines()[0]
    assert 'Ours: not run.' in flowing
    assert f'configs/cutmix/{name}.py {4 if dataset == "imagenet" else 2}' in flowing
    for figure in config.paper:
        metric = figure['metric'].removeprefix('error/top')
        assert f'{figure["value"]:.2f} top-{metric} error' in flowing
        assert str(figure['table']) in flowing
        assert {'imagenet': (3, 4, 'release page'), 'cifar100': (5, 6, 8), 'cifar10': (7,)}[dataset].count(
            figure['table']
        )
    drawn = method.startswith(('cutmix-alpha', 'feature-cutmix-layer'))
    assert (config.paper == []) == drawn == ('Figure 3' in flowing and 'without its figure' in flowing)


@pytest.mark.parametrize(
    ('name', 'authors', 'decided'),
    [
        ('pyramidnet200_baseline_300e_cifar100', None, None),
        ('pyramidnet200_cutmix_300e_cifar10', 'a batch is mixed with a chance of 0.5.', None),
        ('pyramidnet200_cutmix-alpha4.0_300e_cifar100', 'a batch is mixed with a chance of 0.5.', None),
        ('resnet50_cutmix_300e', 'a batch is mixed with a chance of 1.0.', None),
        ('resnet110_cutmix_300e_cifar100', 'a batch is mixed with a chance of 1.0; learning rate 0.1.', None),
        ('resnet110_baseline_300e_cifar100', None, None),
        ('pyramidnet110_baseline_300e_cifar100', 'trained as PyramidNet-200, as far as they remember.', None),
        ('resnet50_feature-cutmix_300e', None, 'at each step; a batch is mixed with a chance of 1.0.'),
        ('pyramidnet200_feature-cutmix-layer0_300e_cifar100', None, 'paper: a batch is mixed with a chance of 0.5.'),
        ('pyramidnet200_cutmix-one-hot_300e_cifar100', None, 'pasted into; a batch is mixed with a chance of 0.5.'),
        ('pyramidnet200_cutmix-complete-label_300e_cifar100', None, 'paper: a batch is mixed with a chance of 0.5.'),
        ('pyramidnet200_cutmix-scheduled_300e_cifar100', None, 'grows from 0 to 1 step by step.'),
        ('pyramidnet200_mixup_300e_cifar100', None, 'every batch is mixed.'),
    ],
)
def test_what_the_authors_told_is_told_from_what_was_decided(name, authors, decided):
    """The authors told the chance of plain CutMix on images alone."""
    docstring = ast.get_docstring(ast.parse(Path('configs', 'cutmix', f'{name}.py').read_text()))
    notes = dict(re.findall(r'^(\w+): +(.+(?:\n .+)*)', docstring, re.MULTILINE))
    found = {label: ' '.join(note.split()) for label, note in notes.items()}
    assert found.get('Authors') == (authors and f'{authors} Not in the paper.')
    assert ('Decided' in found) == (decided is not None)
    assert found.get('Decided', '').endswith(decided or '')


@pytest.mark.parametrize(
    ('name', 'note'),
    [
        ('resnet50_feature-cutmix_300e', 'The text says 21.78.'),
        ('resnet101_cutmix_300e', 'By the table 1.70 better than the baseline; the text once says 1.60.'),
        ('pyramidnet200_cutmix_300e_cifar100', "The release page of the authors' code has 14.23, the best single run."),
    ],
)
def test_contradictions_stand_beside_the_figures(name, note):
    for other in (name, name.replace('cifar100', 'cifar10')):
        flowing = ' '.join(Path('configs', 'cutmix', f'{other}.py').read_text().split())
        assert (f' for the baseline). {note} ' in flowing) == (other == name)


@for_all(NAMES)
def test_the_line_for_two_views_and_agreement_does_that_alone(name):
    docstring = ast.get_docstring(ast.parse(Path('configs', 'cutmix', f'{name}.py').read_text()))
    (line,) = re.findall(r'^AgMax: +--cfg-options (.+) \(two views that agree\)$', docstring, re.MULTILINE)
    config = copy.deepcopy(config_of(name))
    apply_options(config, parse_options(line.split()))
    prepare_config(config, world_size=1)
    differing = _differing(config, config_of(name))
    (views,) = [key for key in differing if key.endswith('.num_views')]
    assert differing.pop(views) == 2
    step = config.train_dataloader.dataset.pipeline[int(views.split('.')[-2])]
    assert (step.type, step.num_views) == ('agmax_mm.TwoView', 2)
    assert differing.pop('model.agreement.type') == 'agmax_mm.MutualInfoAgreement'
    assert all(key.startswith('model.agreement') for key in differing)


@for_all(name for name in NAMES if '_baseline_' in name)
def test_network_and_images(name):
    model, _, dataset = _parts(name)
    config = config_of(name)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        network = MODELS.build({**config.model, 'data_preprocessor': config.data_preprocessor})
    assert sum(parameter.numel() for parameter in network.parameters()) == PARAMETERS[model, dataset]
    classes = {'cifar10': 10, 'cifar100': 100, 'imagenet': 1000}[dataset]
    assert network.data_preprocessor.num_classes == network.head.num_classes == classes
    assert network.agreement is None
    cifar = dict(mean=[125.3, 123.0, 113.9], std=[63.0, 62.1, 66.7], to_rgb=True)
    imagenet = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
    normalised = {key: config.data_preprocessor[key] for key in cifar}
    assert normalised == (imagenet if dataset == 'imagenet' else cifar)
    lighting = [dict(type='agmax_mm.PCALighting', alpha_std=0.1)]
    assert config.data_preprocessor.get('image_augments', []) == (lighting if dataset == 'imagenet' else [])
    kind = {'imagenet': 'ImageNet', 'cifar10': 'CIFAR10', 'cifar100': 'CIFAR100'}[dataset]
    for loader, split in (('train', 'train'), ('val', 'test'), ('test', 'test')):
        options = config[f'{loader}_dataloader'].dataset
        assert options.type == f'agmax_mm.{kind}'
        assert options.split == ('val' if split == 'test' and dataset == 'imagenet' else split)
    assert config.val_evaluator == config.test_evaluator == dict(type='Accuracy', topk=(1, 5))


def test_imagenet_without_lighting_and_jitter():
    """By the switch in configs/README.md."""
    readme = Path('configs/README.md').read_text()
    (line,) = [line for line in readme.splitlines() if 'without lighting and colour jitter' in line]
    options = re.findall(r'`([^`]+)`', line)
    config = copy.deepcopy(config_of('resnet50_cutout_300e'))
    apply_options(config, parse_options(options))
    prepare_config(config, world_size=1)
    assert config.data_preprocessor.image_augments == [dict(type='agmax_mm.CutOut', length=112)]
    types = [step.type for step in config.train_dataloader.dataset.pipeline[1].transforms]
    assert types == ['agmax_mm.RandomResizedCrop', 'agmax_mm.RandomMirror']


def test_networks_are_as_large_as_the_paper_prints():
    """To a tenth of a million; it cuts off some digits and rounds others."""
    printed = [figure for figure in figures('cutmix') if figure.params and not figure.quoted]
    assert len(printed) == 2 * (7 + 6 + 4)
    for figure in printed:
        recipe = Recipe.from_name(figure.recipe)
        assert abs(PARAMETERS[recipe.model, recipe.dataset] / 1e6 - figure.params) < 0.1, figure


# Learning rates at the beginning of an epoch, and images of a step.
SCHEDULES = {
    'cifar': (64, {0: 0.25, 149: 0.25, 150: 0.025, 224: 0.025, 225: 0.0025, 299: 0.0025}),
    'imagenet': (256, {0: 0.1, 74: 0.1, 75: 1e-2, 149: 1e-2, 150: 1e-3, 224: 1e-3, 225: 1e-4, 299: 1e-4}),
}


@pytest.mark.parametrize('name', ['resnet50_cutmix_300e', 'pyramidnet200_cutmix_300e_cifar100'])
def test_optimiser_and_schedule(name):
    """Of one recipe each: the others' schedules are their baselines', and the baselines' are equal."""
    config = config_of(name)
    kind = 'imagenet' if 'resnet50' in name else 'cifar'
    batch_size, expected = SCHEDULES[kind]
    for other in NAMES:
        if '_baseline_' in other and (_parts(other)[2] == 'imagenet') == (kind == 'imagenet'):
            for key in ('optim_wrapper', 'param_scheduler', 'train_cfg', 'total_batch_size', 'auto_scale_lr'):
                assert config_of(other)[key] == config[key], other
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    optimizer = build_optim_wrapper(network, config.optim_wrapper).optimizer
    assert type(optimizer) is torch.optim.SGD
    assert sum(len(group['params']) for group in optimizer.param_groups) == 4
    for group in optimizer.param_groups:  # biases and norms are no exception
        assert (group['weight_decay'], group['momentum'], group['dampening'], group['nesterov']) == (1e-4, 0.9, 0, True)
    assert config.total_batch_size == config.train_dataloader.batch_size == batch_size
    assert config.auto_scale_lr == dict(enable=True, base_batch_size=batch_size)
    assert config.train_cfg == dict(by_epoch=True, max_epochs=300, val_interval=1)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        scheduler = PARAM_SCHEDULERS.build(config.param_scheduler, default_args=dict(optimizer=optimizer))
    rates = []
    for _ in range(300):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        scheduler.step()
    assert {epoch: rates[epoch] for epoch in expected} == pytest.approx(expected, rel=1e-6)
