"""The text of a CutMix recipe's config file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tools.recipes import text
from tools.recipes.cutmix.cells import DATASETS, MODELS, Recipe, agreement_options, recipes
from tools.recipes.cutmix.methods import Method
from tools.recipes.cutmix.paper import METRICS, Row

# Their networks for ImageNet share names with the AgMax paper's, which start otherwise.
_MODEL_FILES = {model: f'{model}_he' for model in ('resnet50', 'resnet101', 'resnet152')}
_CLASSES = {'cifar10': 10, 'cifar100': 100}
_SMOOTHING = {'type': 'LabelSmoothLoss', 'mode': 'original', 'label_smooth_val': 0.1}

# Where the paper contradicts itself, or the release page of the authors' code the paper, by model, method and data set.
_CONTRADICTIONS = {
    ('resnet50', 'feature-cutmix', 'imagenet'): 'The text says 21.78.',
    ('resnet101', 'cutmix', 'imagenet'): 'By the table 1.70 better than the baseline; the text once says 1.60.',
    ('pyramidnet200', 'cutmix', 'cifar100'): "The release page of the authors' code has 14.23, the best single run.",
}


def render_all() -> dict[str, str]:
    """The text of every recipe by its path below ``configs/``."""
    known = recipes()
    return {recipe.path: _render(recipe, known) for recipe in known}


def _render(recipe: Recipe, known: Mapping[Recipe, Sequence[Row]]) -> str:
    imagenet = recipe.dataset == 'imagenet'
    data = ['imagenet', 'imagenet_val_224'] if imagenet else [f'cutmix_{recipe.dataset}']
    bases = [
        f'models/{_MODEL_FILES.get(recipe.model, recipe.model)}',
        *(f'datasets/{name}' for name in data),
        f'schedules/{"imagenet" if imagenet else "cifar"}_300e',
        'default_runtime',
    ]
    settings = {
        'model': _model(recipe),
        'data_preprocessor': _preprocessor(recipe),
        'optim_wrapper': {'optimizer': {'lr': 0.1}} if _is_gentle(recipe) else {},
        'default_hooks': {'progress_of_training': {'type': 'agmax_mm.SetProgressHook'}}
        if recipe.settings.progress
        else {},
    }
    lines = ''.join(text.assignment(name, value) for name, value in settings.items() if value)
    figures = [entry for row in known[recipe] for entry in row.as_config()]
    parts = [_docstring(recipe, known), text.bases(bases), text.paper(figures), lines]
    return '\n'.join(part for part in parts if part)


def _model(recipe: Recipe) -> dict[str, Any]:
    method = recipe.settings
    head: dict[str, Any] = {}
    if recipe.dataset == 'cifar100':
        head['num_classes'] = 100
    if method.smoothing:
        head['loss'] = _SMOOTHING
    model: dict[str, Any] = {'backbone': method.backbone, 'head': head}
    if method.layers:
        mix = {**_mixing(recipe), 'prob': _chance(recipe)}
        model['feature_mix'] = {'type': 'agmax_mm.FeatureMix', 'mix': mix, 'layers': list(method.layers)}
    return {key: value for key, value in model.items() if value}


def _preprocessor(recipe: Recipe) -> dict[str, Any]:
    method = recipe.settings
    settings: dict[str, Any] = {}
    if method.cutout and recipe.dataset == 'imagenet':
        lighting = text.Code('*_base_.data_preprocessor.image_augments')
        settings['image_augments'] = [lighting, {'type': 'agmax_mm.CutOut', 'length': 112}]
    elif method.cutout:
        settings['image_augments'] = [{'type': 'agmax_mm.CutOut', 'length': 16}]
    if method.mix and not method.layers:
        settings['batch_augments'] = {'augments': [_mixing(recipe)], 'probs': [_chance(recipe)]}
    return settings


def _mixing(recipe: Recipe) -> dict[str, Any]:
    method = recipe.settings
    return {'type': f'agmax_mm.{method.mix}', 'alpha': method.alpha, **method.mix_options}


def _chance(recipe: Recipe) -> float:
    """The chance of a batch to be mixed, of which the paper says nothing; for plain CutMix by the authors' word."""
    method = recipe.settings
    always = recipe.dataset == 'imagenet' or method.mix in ('MixUp', 'ScheduledCutMix') or _is_gentle(recipe)
    return 1.0 if always else 0.5


def _is_plain(method: Method) -> bool:
    """Whether it is CutMix of images in its own form, for which alone the authors told their chance."""
    return method.mix == 'CutMix' and not method.layers


def _is_gentle(recipe: Recipe) -> bool:
    """Whether it is the one recipe for CIFAR with a learning rate and a chance of its own."""
    return (recipe.model, recipe.method) == ('resnet110', 'cutmix')


def _docstring(recipe: Recipe, known: Mapping[Recipe, Sequence[Row]]) -> str:
    processes = 4 if recipe.dataset == 'imagenet' else 2
    options = ' '.join(f'{key}={value}' for key, value in agreement_options(recipe).items())
    notes = {
        'Paper:': _paper_note(recipe, known),
        'Authors:': _authors_note(recipe),
        'Decided:': _decided_note(recipe),
        'Ours:': 'not run.',
        'Run:': f'tools/dist_train.sh configs/{recipe.path} {processes}',
        'AgMax:': f'--cfg-options {options} (two views that agree)',
    }
    return text.docstring(_title(recipe), {label: note for label, note in notes.items() if note})


def _title(recipe: Recipe) -> str:
    place = f'{DATASETS[recipe.dataset]}, 300 epochs'
    if recipe == recipe.baseline():
        return f'{MODELS[recipe.model]} alone, {place}: the baseline.'
    return f'{MODELS[recipe.model]} with {recipe.settings.title}, {place}.'


def _paper_note(recipe: Recipe, known: Mapping[Recipe, Sequence[Row]]) -> str:
    """Where the errors are, what they are, and what they are compared to."""
    stands_for = known[recipe]
    errors = dict(stands_for[0].errors)
    places = [row.place for row in stands_for]
    tables = [place.removeprefix('Table ') for place in places if place.startswith('Table ')]
    where = [f'Table{"s" if len(tables) > 1 else ""} {text.listed(tables)}'] if tables else []
    where += [place for place in places if not place.startswith('Table ')]
    quoted = ', quoted from others' if stands_for[0].quoted else ''
    printed = _printed(errors) or 'a point of a plot, without its figure'
    note = f'Yun et al., ICCV 2019, {text.listed(where)}, {stands_for[0].name}{quoted}: {printed}'
    if recipe != recipe.baseline():
        values = [value for metric, value in known[recipe.baseline()][0].errors if metric in errors or not errors]
        note += f' ({text.listed([f"{value:.2f}" for value in values])} for the baseline)'
    return ' '.join(filter(None, (f'{note}.', _CONTRADICTIONS.get((recipe.model, recipe.method, recipe.dataset)))))


def _printed(errors: Mapping[str, float]) -> str:
    return ', '.join(
        f'{errors[metric]:.2f} top-{name[3:]} error' for name, metric in METRICS.items() if metric in errors
    )


def _authors_note(recipe: Recipe) -> str:
    """What the authors told besides their paper."""
    notes = []
    if _is_plain(recipe.settings):
        notes.append(_chance_note(recipe))
    if _is_gentle(recipe):
        notes.append('learning rate 0.1')
    if recipe.model == 'pyramidnet110':
        notes.append('trained as PyramidNet-200, as far as they remember')
    return f'{"; ".join(notes)}. Not in the paper.' if notes else ''


def _decided_note(recipe: Recipe) -> str:
    """What neither the paper nor its authors told."""
    method = recipe.settings
    notes = [method.decided] if method.decided else []
    # Mixup's chance and the schedule are among what was decided for the method.
    if method.mix not in ('', 'MixUp', 'ScheduledCutMix') and not _is_plain(method):
        notes.append(_chance_note(recipe))
    return f'here, not in the paper: {"; ".join(notes)}.' if notes else ''


def _chance_note(recipe: Recipe) -> str:
    return f'a batch is mixed with a chance of {_chance(recipe)}'
