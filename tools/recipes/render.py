"""The text of a recipe's config file: docstring, bases, the paper's figures, and what differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tools.recipes import text
from tools.recipes.methods import Method, chance, is_gentle, methods_of, settings
from tools.recipes.papers import Figure, places
from tools.recipes.recipe import DATASETS, MODELS, Recipe, recipes, reference_options

_SOURCES = {'agmax': 'Atienza, WACV 2022', 'cutmix': 'Yun et al., ICCV 2019'}
_AGREEMENTS = {
    'mi': ('agmax_mm.MutualInfoAgreement', 'mutual information'),
    'mse': ('agmax_mm.MSEAgreement', 'mean squared error'),
    'kl': ('agmax_mm.KLAgreement', 'Kullback-Leibler divergence'),
    'ce': ('agmax_mm.CrossEntropyAgreement', 'cross-entropy'),
}
# The AgMax authors tested what comes from timm at 256 px.
_TESTED_AT_256 = ('regnetx-200mf', 'regnety-400mf', 'efficientnet-b0')
# The CutMix paper's networks for ImageNet share names with the AgMax paper's, which start otherwise.
_HE_INITIALISED = ('resnet50', 'resnet101', 'resnet152')
# Where the paper contradicts itself, or the release page of the authors' code the paper.
_CONTRADICTIONS = {
    'cutmix/resnet50_feature-cutmix_300e': 'The text says 21.78.',
    'cutmix/resnet101_cutmix_300e': 'By the table 1.70 better than the baseline; the text once says 1.60.',
    'cutmix/pyramidnet200_cutmix_300e_cifar100': (
        "The release page of the authors' code has 14.23, the best single run."
    ),
}


def render(recipe: Recipe) -> str:
    """The text of a recipe's config file."""
    figures = [figure.as_config() for figure in recipes(recipe.paper)[recipe] if figure.value is not None]
    bases, assignments = _body(recipe)
    lines = ''.join(text.assignment(name, value) for name, value in assignments.items())
    parts = [_docstring(recipe), bases, text.paper(figures), lines]
    return '\n'.join(part for part in parts if part)


def _body(recipe: Recipe) -> tuple[str, dict[str, Any]]:
    """``_base_``, and what the recipe sets besides."""
    if recipe.variant == 'ls':
        head = {'loss': settings(recipe)['model']['head']['loss']}
        return f"_base_ = './{_file(recipe.plain())}'\n", {'model': {'head': head}}
    if recipe.agreement is not None:
        agreement = {'type': _AGREEMENTS[recipe.agreement][0], 'loss_weight': 1.0}
        other = replace(recipe, variant='')
        if recipe.variant and other in recipes('agmax'):
            return f"_base_ = './{_file(other)}'\n", {'model': {'agreement': {'_delete_': True, **agreement}}}
        return f"_base_ = '../{recipe.plain().path}'\n", {'model': {'agreement': agreement}}
    return text.bases(_parts(recipe)), settings(recipe)


def _parts(recipe: Recipe) -> list[str]:
    """The files below ``configs/_base_/`` that a recipe is put together from."""
    model = f'{recipe.model}_he' if recipe.family == 'cutmix' and recipe.model in _HE_INITIALISED else recipe.model
    if recipe.dataset == 'imagenet':
        data = ['imagenet_aa' if 'aa' in recipe.methods else 'imagenet']
        data += ['imagenet_val_256' if recipe.model in _TESTED_AT_256 else 'imagenet_val_224']
    elif recipe.family == 'cutmix':
        data = [f'cutmix_{recipe.dataset}']
    else:
        data = [f'{recipe.dataset}_aa' if 'aa' in recipe.methods else recipe.dataset]
    schedule = f'{"imagenet" if recipe.dataset == "imagenet" else "cifar"}_{recipe.epochs}e'
    return [f'models/{model}', *(f'datasets/{name}' for name in data), f'schedules/{schedule}', 'default_runtime']


def _file(recipe: Recipe) -> str:
    return recipe.path.rpartition('/')[2]


def _docstring(recipe: Recipe) -> str:
    notes = {
        'Paper:': _paper_note(recipe),
        'Authors:': _authors_note(recipe),
        'Decided:': _decided_note(recipe),
        'Ours:': 'not run.',
        'Run:': _command(recipe),
    }
    if recipe.agreement is not None:
        notes['Control:'] = '--cfg-options model.agreement=none (two views, no agreement)'
    elif recipe.family == 'cutmix':
        notes['AgMax:'] = '--cfg-options model.agreement=mi (two views that agree)'
    if options := reference_options(recipe):
        notes['Reference:'] = f"--cfg-options {' '.join(map(_option, options.items()))} (as in the authors' code)"
    return text.docstring(_title(recipe), {label: note for label, note in notes.items() if note})


def _option(item: tuple[str, Any]) -> str:
    """``key=value``, in quotes where the shell would take it apart."""
    option = f'{item[0]}={item[1]}'
    return f'"{option}"' if ' ' in option else option


def _title(recipe: Recipe) -> str:
    methods = text.listed([method.title for method in methods_of(recipe) if method.title])
    network = f'{MODELS[recipe.model]} with {methods}' if methods else f'{MODELS[recipe.model]} alone'
    what = f'{network}, {DATASETS[recipe.dataset]}, {recipe.epochs} epochs'
    if recipe.agreement is not None:
        by = f' by {_AGREEMENTS[recipe.agreement][1]}' if recipe.variant else ''
        return f'AgMax{by} on {what}.'
    if recipe.family == 'baseline' and recipe == recipe.plain():
        has_twin = replace(recipe, family='agmax') in recipes('agmax')
        return f'{what}: the baseline of the AgMax recipe of this name.' if has_twin else f'{what}: a baseline.'
    return f'{what}: the baseline.' if recipe == recipe.plain() else f'{what}.'


def _paper_note(recipe: Recipe) -> str:
    """Return the lines on the paper's figures: their place, their values, and their reference."""
    own = recipes(recipe.paper)[recipe]
    top1, top5 = _values(own, 'top1'), _values(own, 'top5')
    # A table with another top-1 than the first one's has a sentence of its own.
    named = [figure for figure in own if figure.metric.endswith('top5') or figure.value in (None, *top1[:1])]
    quoted = ', quoted from others' if own[0].quoted else ''
    note = f'{_SOURCES[recipe.paper]}, {places(named)}, {_label(recipe)}{quoted}: {_printed(recipe, top1, top5)}'
    compared = _compared(recipe)
    note += f' ({compared}).' if compared else '.'
    others = [figure for figure in own if figure not in named]
    sentences = [f'Table {figure.table} prints {figure.value}.' for figure in others]
    if recipe.variant == 'ls':
        sentences.append('It does not say how much the labels are smoothed: 0.1 is assumed.')
    if recipe.name in _CONTRADICTIONS:
        sentences.append(_CONTRADICTIONS[recipe.name])
    return ' '.join([note, *sentences])


def _label(recipe: Recipe) -> str:
    """Return the name of a recipe in the tables."""
    if recipe.paper == 'cutmix':
        return recipes('cutmix')[recipe][0].row
    label = '+'.join(method.label for method in methods_of(recipe) if method.label)
    if recipe.variant == 'ls':
        return f'{label} with label smoothing'
    by = f' by {recipe.variant.upper()}' if recipe.variant else ''
    return f'{label} {"without" if recipe.agreement is None else "with"} AgMax{by}'


def _printed(recipe: Recipe, top1: Sequence[float], top5: Sequence[float]) -> str:
    if not top1:
        return 'a point of a plot, without its figure'
    unit = ' error' if recipe.paper == 'cutmix' else ''
    return ', '.join(f'{_number(recipe, of[0])} {kind}{unit}' for kind, of in (('top-1', top1), ('top-5', top5)) if of)


def _compared(recipe: Recipe) -> str:
    """The figures of the recipe's baseline, and for another agreement those of mutual information."""
    plain = recipe.plain()
    if recipe == plain:
        return ''
    known = recipes(recipe.paper)
    metrics = {figure.metric for figure in known[recipe] if figure.value is not None}
    theirs: dict[str, float] = {}
    for figure in known[plain]:
        if figure.value is not None and (not metrics or figure.metric in metrics):
            theirs.setdefault(figure.metric, figure.value)
    values = text.listed([_number(recipe, value) for value in theirs.values()])
    if recipe.paper == 'cutmix':
        return f'{values} for the baseline'
    tables = {figure.table for figure in known[recipe]}
    mutual = [figure.value for figure in known.get(replace(recipe, variant=''), ()) if figure.table in tables]
    with_mutual = f'{mutual[0]} with mutual information, ' if recipe.agreement and recipe.variant and mutual else ''
    return f'{with_mutual}{values} without'


def _number(recipe: Recipe, value: float) -> str:
    return f'{value:.2f}' if recipe.paper == 'cutmix' else str(value)


def _values(figures: Sequence[Figure], kind: str) -> list[float]:
    return [figure.value for figure in figures if figure.metric.endswith(kind) and figure.value is not None]


def _authors_note(recipe: Recipe) -> str:
    """Return the values that the CutMix authors gave outside of their paper, such as the probability of CutMix."""
    if recipe.family != 'cutmix':
        return ''
    notes = [_chance_note(method, recipe) for method in methods_of(recipe) if _is_plain_cutmix(method)]
    if is_gentle(recipe):
        notes.append('learning rate 0.1')
    if recipe.model == 'pyramidnet110':
        notes.append('trained as PyramidNet-200, as far as they remember')
    return f'{"; ".join(notes)}. Not in the paper.' if notes else ''


def _decided_note(recipe: Recipe) -> str:
    """Return the values that neither the CutMix paper nor its authors give."""
    if recipe.family != 'cutmix':
        return ''
    notes = []
    for method in methods_of(recipe):
        notes += [method.decided] if method.decided else []
        # For Mixup and the schedule the chance is among what was decided for the method.
        if method.mix not in ('', 'MixUp', 'ScheduledCutMix') and not _is_plain_cutmix(method):
            notes.append(_chance_note(method, recipe))
    return f'here, not in the paper: {"; ".join(notes)}.' if notes else ''


def _is_plain_cutmix(method: Method) -> bool:
    return method.mix == 'CutMix' and not method.layers


def _chance_note(method: Method, recipe: Recipe) -> str:
    return f'a batch is mixed with a chance of {chance(method, recipe)}'


def _command(recipe: Recipe) -> str:
    if recipe.paper == 'cutmix':  # their statistics are of so many processes
        return f'tools/dist_train.sh configs/{recipe.path} {4 if recipe.dataset == "imagenet" else 2}'
    if recipe.dataset == 'imagenet':
        return f'tools/dist_train.sh configs/{recipe.path} 8'
    return f'python tools/train.py configs/{recipe.path}'
