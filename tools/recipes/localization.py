"""The recipes of localisation: the CutMix paper's Table 9, the same with AgMax, and small versions of both.

``tables/cutmix_9.csv`` has the rows that the authors trained: top-1 localisation accuracies in percent, by data set.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tools.recipes import text
from tools.recipes.methods import METHODS

FAMILY = 'localization'
_TABLE = Path(__file__).parent / 'tables' / 'cutmix_9.csv'
# What it is called, its file below ``configs/_base_/models/``, and the name of the weights that it starts from.
_NETWORKS = {
    'resnet50': ('ResNet-50', 'resnet50_stride1', 'resnet50'),
    'vgg16-gap': ('VGG-GAP', 'vgg16-gap', 'vgg16'),
    'efficientnet-lite0': ('EfficientNet-Lite0', 'efficientnet-lite0_stride1', 'efficientnet_lite0'),
}


@dataclass(frozen=True)
class Setting:
    """A data set and how long it is trained on.

    Attributes:
        title: What it is called.
        data: Its file below ``configs/_base_/datasets/``.
        classes: Number of classes; None where the network has them.
        epochs: Number of epochs.
        suffix: End of the recipes' names.
        column: Column of the table, and its name in the paper.
        hole: Side of Cutout's hole, half of the crop.
        prob: Chance of a batch to be mixed.
    """

    title: str
    data: str
    classes: int | None
    epochs: int
    suffix: str
    column: tuple[str, str] | None
    hole: int
    prob: float


_FULL = (
    Setting('CUB-200-2011', 'cub_boxes', 200, 600, '_cub', ('cub', 'CUB200-2011'), 112, 1.0),
    Setting('ImageNet-1k', 'imagenet_boxes', None, 20, '', ('imagenet', 'ImageNet'), 112, 1.0),
)
_SMALL = (
    Setting('five classes of CUB-200-2011', 'cub_boxes_small', 5, 2, '_cub', None, 80, 0.5),
    Setting('ten classes of Tiny ImageNet', 'tinyimagenet_boxes_small', 10, 2, '_tinyimagenet', None, 48, 0.5),
)
_STUDIES = {'_cub': 'localization_birds', '_tinyimagenet': 'localization_tiny'}


@dataclass(frozen=True)
class Recipe:
    """A recipe of this family.

    Attributes:
        model: Key of :data:`_NETWORKS`.
        method: Key of :data:`tools.recipes.methods.METHODS`.
        setting: Data set and length.
        row: Row of the paper's table; empty for a small version.
        value: What the paper prints, and prints for the row without a method.
        agmax: Whether two views agree.
    """

    model: str
    method: str
    setting: Setting
    row: str = ''
    value: tuple[float, float] | None = None
    agmax: bool = False

    @property
    def file(self) -> str:
        """The config file below ``configs/localization/``."""
        end = f'{self.setting.suffix}{"_agmax" if self.agmax else ""}'
        return f'{self.model}_{self.method}_{self.setting.epochs}e{end}.py'


def localization_files() -> dict[str, str]:
    """The text of every recipe of localisation by its path in a checkout."""
    return {f'configs/{FAMILY}/{recipe.file}': render(recipe) for recipe in recipes()}


def recipes() -> list[Recipe]:
    """All recipes, each followed by the one with AgMax."""
    return [one for recipe in _plain() for one in (recipe, replace(recipe, value=None, agmax=True))]


def _plain() -> Iterator[Recipe]:
    with open(_TABLE, encoding='utf-8', newline='') as file:
        lines = list(csv.DictReader(file))
    for setting in _FULL:
        assert setting.column is not None
        key = setting.column[0]
        without = {line['model']: float(line[key]) for line in lines if line['method'] == 'baseline'}
        for line in lines:
            value = (float(line[key]), without[line['model']])
            yield Recipe(line['model'], line['method'], setting, line['row'], value)
    for setting in _SMALL:
        for method in ('baseline', 'mixup', 'cutout', 'cutmix'):
            yield Recipe('efficientnet-lite0', method, setting)


def render(recipe: Recipe) -> str:
    """The text of a recipe's config file."""
    if recipe.agmax:
        base = f"_base_ = './{replace(recipe, agmax=False).file}'\n"
        agreement = {'agreement': {'type': 'agmax_mm.MutualInfoAgreement', 'loss_weight': 1.0}}
        parts = [_docstring(recipe), base, text.paper([]), text.assignment('model', agreement)]
        return '\n'.join(parts)
    _, model, weights = _NETWORKS[recipe.model]
    bases = text.bases(
        [
            f'models/{model}',
            f'datasets/{recipe.setting.data}',
            f'schedules/localization_{recipe.setting.epochs}e',
            'default_runtime',
        ]
    )
    figures = []
    if recipe.value is not None and recipe.setting.column is not None:
        column = recipe.setting.column[1]
        figures = [dict(table=9, row=recipe.row, column=column, metric='localization/top1', value=recipe.value[0])]
    lines = ''.join(text.assignment(name, value) for name, value in _settings(recipe, weights).items())
    return '\n'.join([_docstring(recipe), bases, text.paper(figures), lines])


def _settings(recipe: Recipe, weights: str) -> dict[str, dict[str, Any]]:
    """What the recipe sets besides its bases."""
    setting, method = recipe.setting, METHODS[recipe.method]
    preprocessor: dict[str, Any] = {}
    if method.cutout:
        preprocessor['image_augments'] = [{'type': 'agmax_mm.CutOut', 'length': setting.hole}]
    elif method.mix:
        augment = {'type': f'agmax_mm.{method.mix}', 'alpha': method.alpha}
        preprocessor['batch_augments'] = {'augments': [augment], 'probs': [setting.prob]}
    # The paper's one exception: a tenth of the rates for VGG-GAP on CUB.
    gentle = recipe.model == 'vgg16-gap' and setting.epochs == 600
    hooks: dict[str, Any] = {
        'backbone': {'type': 'agmax_mm.LoadBackboneHook', 'checkpoint': f'work_dirs/backbones/{weights}.pth'},
        'checkpoint': {'interval': _interval(setting)},
    }
    hooks['checkpoint']['save_best'] = 'localization/top1' if setting.column else None
    return {
        name: value
        for name, value in {
            'model': {} if setting.classes is None else {'head': {'num_classes': setting.classes}},
            'data_preprocessor': preprocessor,
            'optim_wrapper': {'optimizer': {'lr': 0.0001}} if gentle else {},
            'default_hooks': hooks,
        }.items()
        if value
    }


def _interval(setting: Setting) -> int:
    """Epochs between two checkpoints: those of the validations."""
    return {600: 10, 20: 1}.get(setting.epochs, setting.epochs)


def _docstring(recipe: Recipe) -> str:
    setting, method = recipe.setting, METHODS[recipe.method]
    network = _NETWORKS[recipe.model][0]
    with_method = f'{network} with {method.title}' if method.title else f'{network} alone'
    what = f'localisation by {with_method}, {setting.title}, {setting.epochs} epochs'
    command = f'python tools/train.py configs/{FAMILY}/{recipe.file}'
    if setting.epochs == 20:
        command = f'tools/dist_train.sh configs/{FAMILY}/{recipe.file} 4'
    notes = {
        'Paper:': _paper_note(recipe),
        'Decided:': _decided_note(recipe),
        'Ours:': f'benchmarks/studies/{_STUDIES[setting.suffix]}.md.' if setting in _SMALL else 'not run.',
        'Run:': command,
        'Start:': '--cfg-options default_hooks.backbone.checkpoint=FILE, of this package, torchvision, timm or the '
        'CutMix authors',
    }
    if recipe.agmax:
        notes['Control:'] = '--cfg-options model.agreement=none (two views, no agreement)'
    title = f'AgMax for {what}.' if recipe.agmax else f'{what[0].upper()}{what[1:]}.'
    return text.docstring(title, {label: note for label, note in notes.items() if note})


def _paper_note(recipe: Recipe) -> str:
    if recipe.setting in _SMALL:
        return 'none; a small version of Yun et al., ICCV 2019, Table 9' + (', with AgMax.' if recipe.agmax else '.')
    if recipe.value is None:
        return 'neither paper has this row.'
    value, without = recipe.value
    compared = '' if recipe.method == 'baseline' else f' ({without:.2f} without)'
    return f'Yun et al., ICCV 2019, Table 9, {recipe.row}: {value:.2f} top-1 localisation accuracy{compared}.'


def _decided_note(recipe: Recipe) -> str:
    """What the paper does not say."""
    if recipe.agmax or recipe.setting in _SMALL:
        return ''
    notes = ['the weights to start from are those of a plain ImageNet classifier', 'images are mirrored']
    if METHODS[recipe.method].mix:
        notes.append('every batch is mixed')
    if recipe.model == 'vgg16-gap':
        notes.append(
            'the new convolution learns as the backbone does (optim_wrapper.paramwise_cfg.custom_keys.neck.lr_mult=10 '
            'for the other way)'
        )
    return f'here, not in the paper: {"; ".join(notes)}.'
