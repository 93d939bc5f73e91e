"""Every recipe builds, says what it is, and differs from its baseline in the agreement alone."""

from pathlib import Path

import pytest
from mmengine.registry import DefaultScope

from agmax_mm.engine.config import load_config, prepare_config
from agmax_mm.registry import MODELS

AGMAX = sorted(Path('configs/agmax').glob('*.py'))
RECIPES = sorted(Path('configs/baseline').glob('*.py')) + AGMAX


def _flat(value, prefix=''):
    if isinstance(value, dict):
        return {k: v for key, item in value.items() for k, v in _flat(item, f'{prefix}.{key}').items()}
    if isinstance(value, list | tuple):
        return {k: v for key, item in enumerate(value) for k, v in _flat(item, f'{prefix}.{key}').items()}
    return {prefix[1:]: value}


@pytest.mark.parametrize('path', AGMAX, ids=lambda path: path.stem)
def test_twins_differ_in_views_and_agreement_alone(path):
    agmax = _flat(load_config(str(path)).to_dict())
    baseline = _flat(load_config(str(Path('configs/baseline') / path.name)).to_dict())
    differing = {key for key in agmax.keys() | baseline.keys() if agmax.get(key) != baseline.get(key)}
    views = {key for key in agmax if key.startswith('train_dataloader.') and key.endswith('.num_views')}
    assert len(views) == 1
    assert {(baseline[key], agmax[key]) for key in views} == {(1, 2)}
    rest = differing - views
    assert {key for key in rest if not key.startswith(('model.agreement.', 'paper.'))} == set()
    assert any(key.startswith('model.agreement.') for key in rest)


@pytest.mark.parametrize('path', RECIPES, ids=lambda path: f'{path.parent.name}/{path.stem}')
def test_recipe_builds_and_is_labelled(path):
    config = load_config(str(path))
    prepare_config(config, world_size=1)
    text = path.read_text()
    assert text.startswith('"""')
    assert str(config.paper['value']) in text
    assert 'Ours:' in text
    assert f'configs/{path.parent.name}/{path.name}' in text
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build({**config.model, 'data_preprocessor': config.data_preprocessor})
    assert model.data_preprocessor.num_classes == model.head.num_classes
    # Agreement needs two views, and the other way round a second view costs time for nothing.
    views = next(step.num_views for step in config.train_dataloader.dataset.pipeline if 'num_views' in step)
    assert (views == 2) == (model.agreement is not None)


def test_imagenet_recipe_is_the_paper_s():
    config = load_config('configs/agmax/resnet50_cutmix_aa_270e.py')
    optimizer = config.optim_wrapper.optimizer
    assert optimizer == dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=1e-4, nesterov=True)
    assert config.total_batch_size == 256
    assert config.train_cfg.max_epochs == 270
    assert config.param_scheduler.milestones == [75, 150, 225]
    assert config.data_preprocessor.batch_augments == dict(
        augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[1.0]
    )
    view = next(step for step in config.train_dataloader.dataset.pipeline if step.type == 'agmax_mm.TwoView')
    assert [step.type.split('/')[-1] for step in view.transforms] == [
        'RandomResizedCrop',
        'RandomHorizontalFlip',
        'agmax_mm.AutoAugment',
        'ColorJitter',
        'PILToNumpy',
    ]


@pytest.mark.parametrize('classes', [10, 100])
def test_cifar_recipe_is_the_paper_s(classes):
    config = load_config(f'configs/agmax/wrn40-2_cutmix_aa_200e_cifar{classes}.py')
    optimizer = config.optim_wrapper.optimizer
    assert optimizer == dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True)
    assert (config.total_batch_size, config.train_cfg.max_epochs, config.param_scheduler.T_max) == (128, 200, 200)
    assert config.data_preprocessor.batch_augments.probs == [0.5]
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        assert loader.dataset.type == f'agmax_mm.CIFAR{classes}'
    mean = [value / 255 for value in config.data_preprocessor.mean]
    assert mean == pytest.approx([0.4914, 0.4822, 0.4465], abs=1e-6)
    assert [value / 255 for value in config.data_preprocessor['std']] == pytest.approx(
        [0.2023, 0.1994, 0.2010], abs=1e-6
    )
