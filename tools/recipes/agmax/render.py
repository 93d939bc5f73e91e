"""The text of a recipe's config file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tools.recipes import text
from tools.recipes.agmax.cells import DATASETS, MODELS, Recipe, recipes, reference_options
from tools.recipes.agmax.paper import Figure

_AGREEMENTS = {
    'mi': ('agmax_mm.MutualInfoAgreement', 'mutual information'),
    'mse': ('agmax_mm.MSEAgreement', 'mean squared error'),
    'kl': ('agmax_mm.KLAgreement', 'Kullback-Leibler divergence'),
    'ce': ('agmax_mm.CrossEntropyAgreement', 'cross-entropy'),
}
# The authors tested what comes from timm at 256 px.
_TESTED_AT_256 = ('regnetx-200mf', 'regnety-400mf', 'efficientnet-b0')


def render_all() -> dict[str, str]:
    """The text of every recipe by its path below ``configs/``."""
    known = recipes()
    return {recipe.path: _render(recipe, known) for recipe in known}


def _render(recipe: Recipe, known: Mapping[Recipe, Sequence[Figure]]) -> str:
    if recipe.agreement is None:
        body = _label_smoothing(recipe) if recipe.label_smoothing else _baseline(recipe)
    else:
        body = _agmax(recipe, inherits=recipe.agreement != 'mi' and replace(recipe, agreement='mi') in known)
    bases, *rest = body
    figures = [figure.as_config() for figure in known[recipe]]
    return '\n'.join([_docstring(recipe, known), bases, text.paper(figures), *rest])


def _baseline(recipe: Recipe) -> list[str]:
    autoaugment = '_aa' if recipe.augmentation.endswith('AA') else ''
    data = [f'datasets/{recipe.dataset}{autoaugment}']
    schedule = f'cifar_{recipe.epochs}e'
    if recipe.dataset == 'imagenet':
        data.append(f'datasets/imagenet_val_{256 if recipe.model in _TESTED_AT_256 else 224}')
        schedule = f'imagenet_{recipe.epochs}e'
    body = [text.bases([f'models/{recipe.model}', *data, f'schedules/{schedule}', 'default_runtime'])]
    settings = ''
    if recipe.dataset == 'cifar100':
        settings += 'model = dict(head=dict(num_classes=100))\n'
    settings += _augmentation(recipe)
    return [*body, settings] if settings else body


def _augmentation(recipe: Recipe) -> str:
    """What the preprocessor does besides the standard augmentation."""
    imagenet = recipe.dataset == 'imagenet'
    kind = recipe.augmentation.removesuffix('+AA')
    if kind == 'CutOut' and imagenet:
        return (
            'data_preprocessor = dict(\n'
            "    image_augments=[*_base_.data_preprocessor.image_augments, dict(type='agmax_mm.CutOut', length=112)]\n"
            ')\n'
        )
    if kind == 'CutOut':
        return "data_preprocessor = dict(image_augments=[dict(type='agmax_mm.CutOut', length=16)])\n"
    if kind in ('MixUp', 'CutMix'):
        alpha = 0.2 if kind == 'MixUp' and imagenet else 1.0
        chance = 0.5 if kind == 'CutMix' and not imagenet else 1.0
        mixing = f"dict(type='agmax_mm.{kind}', alpha={alpha})"
        return f'data_preprocessor = dict(batch_augments=dict(augments=[{mixing}], probs=[{chance}]))\n'
    return ''


def _label_smoothing(recipe: Recipe) -> list[str]:
    loss = "dict(type='LabelSmoothLoss', mode='original', label_smooth_val=0.1)"
    return [f"_base_ = './{_name(recipe.plain())}'\n", f'model = dict(head=dict(loss={loss}))\n']


def _agmax(recipe: Recipe, *, inherits: bool) -> list[str]:
    assert recipe.agreement is not None
    kind = _AGREEMENTS[recipe.agreement][0]
    if inherits:
        agreement = f"dict(_delete_=True, type='{kind}', loss_weight=1.0)"
        return [f"_base_ = './{_name(replace(recipe, agreement='mi'))}'\n", f'model = dict(agreement={agreement})\n']
    return [
        f"_base_ = '../{recipe.plain().path}'\n",
        f"model = dict(agreement=dict(type='{kind}', loss_weight=1.0))\n",
    ]


def _docstring(recipe: Recipe, known: Mapping[Recipe, Sequence[Figure]]) -> str:
    notes = {'Paper:': _paper_note(recipe, known), 'Ours:': 'not run.', 'Run:': _command(recipe)}
    if recipe.agreement is not None:
        notes['Control:'] = '--cfg-options model.agreement=none (two views, no agreement)'
        options = ' '.join(f'{key}={value}' for key, value in reference_options(recipe).items())
        if options:
            notes['Reference:'] = f"--cfg-options {options} (as in the authors' code)"
    return text.docstring(_title(recipe, known), notes)


def _title(recipe: Recipe, known: Mapping[Recipe, Sequence[Figure]]) -> str:
    augmentation = recipe.augmentation.replace('AA', 'AutoAugment').replace('+', ' and ')
    if recipe.augmentation == 'Standard':
        augmentation = 'the standard augmentation'
    what = f'{MODELS[recipe.model]} with {augmentation}, {DATASETS[recipe.dataset]}, {recipe.epochs} epochs'
    if recipe.label_smoothing:
        return f'{what}, with smoothed labels.'
    if recipe.agreement == 'mi':
        return f'AgMax on {what}.'
    if recipe.agreement is not None:
        return f'AgMax by {_AGREEMENTS[recipe.agreement][1]} on {what}.'
    if replace(recipe, agreement='mi') in known:
        return f'{what}: the baseline of the AgMax recipe of this name.'
    return f'{what}: a baseline.'


def _paper_note(recipe: Recipe, known: Mapping[Recipe, Sequence[Figure]]) -> str:
    """Where the figures are, what they are, and what they are compared to."""
    own = known[recipe]
    top1, top5 = _values(own, 'accuracy/top1'), _values(own, 'accuracy/top5')
    tables = sorted({figure.table for figure in own if figure.value == top1[0] or figure.metric != 'accuracy/top1'})
    place = f'Table{"s" if len(tables) > 1 else ""} {text.listed(tables)}'
    printed = f'{top1[0]} top-1' + (f', {top5[0]} top-5' if top5 else '')
    compared = _compared(recipe, known)
    note = f'Atienza, WACV 2022, {place}, {recipe.augmentation} {_kind(recipe)}: {printed}'
    note += f' ({compared}).' if compared else '.'
    for figure in own:
        if figure.metric == 'accuracy/top1' and figure.value != top1[0]:
            note += f' Table {figure.table} prints {figure.value}.'
    if recipe.label_smoothing:
        note += ' It does not say how much the labels are smoothed: 0.1 is assumed.'
    return note


def _compared(recipe: Recipe, known: Mapping[Recipe, Sequence[Figure]]) -> str:
    if recipe == recipe.plain():
        return ''
    plain = known[recipe.plain()]
    values = [str(found[0]) for metric in ('accuracy/top1', 'accuracy/top5') if (found := _values(plain, metric))]
    if len(known[recipe]) == 1 or not _values(known[recipe], 'accuracy/top5'):
        values = values[:1]
    without = f'{" and ".join(values)} without'
    mutual = known.get(replace(recipe, agreement='mi'), ())
    if recipe.agreement in (None, 'mi') or not mutual:
        return without
    tables = {figure.table for figure in known[recipe]}
    (value,) = {figure.value for figure in mutual if figure.table in tables}
    return f'{value} with mutual information, {without}'


def _kind(recipe: Recipe) -> str:
    if recipe.label_smoothing:
        return 'with label smoothing'
    if recipe.agreement is None:
        return 'without AgMax'
    return 'with AgMax' if recipe.agreement == 'mi' else f'with AgMax by {recipe.agreement.upper()}'


def _command(recipe: Recipe) -> str:
    if recipe.dataset == 'imagenet':
        return f'tools/dist_train.sh configs/{recipe.path} 8'
    return f'python tools/train.py configs/{recipe.path}'


def _values(of: Sequence[Figure], metric: str) -> list[float]:
    return [figure.value for figure in of if figure.metric == metric]


def _name(recipe: Recipe) -> str:
    return recipe.path.rpartition('/')[2]
