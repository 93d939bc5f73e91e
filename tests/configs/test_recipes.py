"""Every recipe builds, says what it is, and differs from its twin in what its name says alone."""

import ast
from pathlib import Path

from mmengine.registry import DefaultScope

from agmax_mm.registry import MODELS
from tests.configs.catalogue import AGREEMENTS, NAMES, config_of, promise_of, twin_of
from tests.loops import for_all

AGMAX = [name for name in NAMES if name.startswith('agmax/')]
SMOOTHED = [name for name in NAMES if name.endswith('_ls')]
# Small, and with any width the head asks for: the recipes' own are built in test_models.
SMALL_BACKBONE = dict(type='agmax_mm.WideResNet', depth=10, widen_factor=1)


def _flat(value, prefix=''):
    if isinstance(value, dict):
        return {k: v for key, item in value.items() for k, v in _flat(item, f'{prefix}.{key}').items()}
    if isinstance(value, list | tuple):
        return {k: v for key, item in enumerate(value) for k, v in _flat(item, f'{prefix}.{key}').items()}
    return {prefix[1:]: value}


def _differing(name, other):
    """Keys with different values, but for the paper's figures, which must differ."""
    first, second = _flat(config_of(name).to_dict()), _flat(config_of(other).to_dict())
    assert config_of(name).paper != config_of(other).paper
    differing = {key for key in first.keys() | second.keys() if first.get(key) != second.get(key)}
    return {key: (second.get(key), first.get(key)) for key in differing if not key.startswith('paper.')}


def test_there_are_as_many_twins_as_cells_ask_for():
    assert (len(AGMAX), len(SMOOTHED), len(NAMES)) == (88, 8, 156)


@for_all(AGMAX)
def test_twins_differ_in_views_and_agreement_alone(name):
    differing = _differing(name, twin_of(name))
    (views,) = [key for key in differing if key.endswith('.num_views')]
    assert views.startswith('train_dataloader.dataset.pipeline.')
    assert differing.pop(views) == (1, 2)
    kind = AGREEMENTS[promise_of(name).agreement]
    assert differing == {
        'model.agreement.type': (None, f'agmax_mm.{kind}'),
        'model.agreement.loss_weight': (None, 1.0),
    }


@for_all(SMOOTHED)
def test_label_smoothing_changes_the_loss_alone(name):
    assert _differing(name, twin_of(name)) == {
        'model.head.loss.type': ('CrossEntropyLoss', 'LabelSmoothLoss'),
        'model.head.loss.mode': (None, 'original'),
        'model.head.loss.label_smooth_val': (None, 0.1),
    }


@for_all(NAMES)
def test_recipe_is_labelled(name):
    config, promise = config_of(name), promise_of(name)
    text = Path('configs', f'{name}.py').read_text()
    docstring = ast.get_docstring(ast.parse(text))
    (value, *others) = [figure['value'] for figure in config.paper if figure['metric'] == 'accuracy/top1']
    assert f': {value} top-1' in docstring
    assert all(str(other) in docstring for other in others)
    assert f'{promise.epochs} epochs' in docstring.splitlines()[0]
    assert 'Ours:' in docstring
    assert f'configs/{name}.py' in docstring
    assert ('--cfg-options model.agreement=none' in docstring) == promise.agmax
    assert ('model.agreement=mi_qnet' in docstring) == (promise.agreement == 'mi')
    assert ('model.init_std=0.2' in docstring) == (promise.agmax and promise.dataset == 'imagenet')


@for_all(NAMES)
def test_recipe_builds_with_its_agreement(name):
    config, promise = config_of(name), promise_of(name)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(
            {**config.model, 'backbone': SMALL_BACKBONE, 'data_preprocessor': config.data_preprocessor}
        )
    classes = {'cifar10': 10, 'cifar100': 100, 'imagenet': 1000}[promise.dataset]
    assert model.data_preprocessor.num_classes == model.head.num_classes == classes
    # Agreement needs two views, and the other way round a second view costs time for nothing.
    views = next(step.num_views for step in config.train_dataloader.dataset.pipeline if 'num_views' in step)
    assert views == (2 if promise.agmax else 1)
    agreement = model.agreement
    if promise.agmax:
        assert type(agreement).__name__ == AGREEMENTS[promise.agreement]
        assert (agreement.loss_weight, model.num_views) == (1.0, 2)
    else:
        assert agreement is None
    loss = model.head.loss_module
    assert type(loss).__name__ == ('LabelSmoothLoss' if promise.smoothing else 'CrossEntropyLoss')
    assert loss.loss_weight == 1.0
    assert getattr(loss, 'label_smooth_val', None) == (0.1 if promise.smoothing else None)
    assert model.init_std is None


@for_all(NAMES)
def test_figures_of_a_recipe_are_those_of_its_name(name):
    """An independent look at the rows and columns that the generator chose."""
    promise = promise_of(name)
    augmentation = promise.augmentation.replace('_', '+')
    for figure in config_of(name).paper:
        row, column = figure['row'].lower(), figure['column'].lower()
        if figure['table'] == 9:
            assert row.replace('-', '') == promise.model.replace('-', '')
            assert column.removesuffix('agmax').rstrip('+') in (
                augmentation,
                '' if augmentation == 'standard' else None,
            )
            assert column.endswith('agmax') == promise.agmax
            continue
        assert row.removesuffix(' with agmax') == augmentation
        if figure['table'] == 1:
            assert column == ('label smoothing' if promise.smoothing else 'agmax' if promise.agmax else 'baseline')
        elif figure['table'] == 2:
            assert row.endswith(' with agmax') == promise.agmax
            place = {'imagenet': f'resnet-50, {promise.epochs} epochs'}.get(promise.dataset)
            place = place or f'{promise.dataset[:5]}-{promise.dataset[5:]}, {promise.model.replace("wrn", "wrn-")}'
            assert column == place
        else:
            assert column == promise.agreement
