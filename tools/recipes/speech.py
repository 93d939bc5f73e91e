"""The recipes of the AgMax paper's Table 3, configs/speech/: LeNet5 and VGG11 on Speech Commands.

``tables/agmax_3.csv`` has two figures for each recipe, of the test and of the validation: accuracies in percent, with
the gain by AgMax in parentheses. Rows that the paper quotes from others are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tools.recipes import text
from tools.recipes.methods import METHODS
from tools.recipes.papers import parsed_cell, table_lines

_NETWORKS = {'lenet5': 'LeNet5', 'vgg11': 'VGG11'}
_SPLITS = {'test': 'test', 'validation': 'valid'}
_AUTHORS = {
    'mixup': "the authors' script has an alpha of 0.1 for LeNet5 and of 0.2 for VGG11, the paper one of 1.",
    'cutout': "the authors' code leaves it out for speech. Boxes are filled with the mean of the clip, in every clip.",
}
_AGREEMENT = {'type': 'agmax_mm.MutualInfoAgreement', 'loss_weight': 1.0}


@dataclass(frozen=True)
class SpeechRecipe:
    """A recipe of Table 3.

    Attributes:
        model: ``'lenet5'`` or ``'vgg11'``.
        method: A name of :data:`tools.recipes.methods.METHODS`.
        agmax: Whether there are two views that agree.
        row: Row of the table.
    """

    model: str
    method: str
    agmax: bool
    row: str

    @property
    def path(self) -> str:
        """The config file below ``configs/``."""
        return f'speech/{self.model}_{self.method}_30e{"_agmax" if self.agmax else ""}.py'


def speech_recipes() -> list[SpeechRecipe]:
    """The recipes, network by network in the order of the table."""
    rows = [line['row'] for line in table_lines('agmax_3')]
    return [
        SpeechRecipe(model, row.partition(' ')[0].lower(), row.endswith('AgMax'), row)
        for model in _NETWORKS
        for row in rows
    ]


def speech_files() -> dict[str, str]:
    """The text of every recipe of speech by its path in a checkout."""
    return {f'configs/{recipe.path}': render(recipe) for recipe in speech_recipes()}


def render(recipe: SpeechRecipe) -> str:
    """The text of a recipe's config file."""
    figures = _figures(recipe)
    if recipe.agmax:
        bases = f"_base_ = './{recipe.path.rpartition('/')[2].replace('_agmax', '')}'\n"
        settings: dict[str, Any] = {'model': {'agreement': _AGREEMENT}}
    else:
        schedule = f'schedules/speech_{recipe.model}_30e'
        bases = text.bases([f'models/{recipe.model}', 'datasets/speech_commands', schedule, 'speech_runtime'])
        settings = _settings(recipe)
    lines = ''.join(text.assignment(name, value) for name, value in settings.items())
    return '\n'.join(part for part in (_docstring(recipe, figures), bases, text.paper(figures), lines) if part)


def _figures(recipe: SpeechRecipe) -> list[dict[str, Any]]:
    line = next(line for line in table_lines('agmax_3') if line['row'] == recipe.row)
    found = []
    for title, split in _SPLITS.items():
        column = f'{_NETWORKS[recipe.model]}, {title}'
        value = parsed_cell(line[column])[0]
        found.append(dict(table=3, row=recipe.row, column=column, metric=f'accuracy/{split}', value=value))
    return found


def _settings(recipe: SpeechRecipe) -> dict[str, Any]:
    method = METHODS[recipe.method]
    if method.cutout:
        # In decibels 0 is the loudest, not the mean.
        cutout = {'type': 'agmax_mm.CutOut', 'length': 16, 'own_mean': True}
        return {'data_preprocessor': {'image_augments': [cutout]}}
    if not method.mix:
        return {}
    augment = {'type': f'agmax_mm.{method.mix}', 'alpha': method.alpha}
    mixing = {'augments': [augment], 'probs': [1.0 if method.mix == 'MixUp' else 0.5]}
    return {'data_preprocessor': {'batch_augments': mixing}}


def _docstring(recipe: SpeechRecipe, figures: list[dict[str, Any]]) -> str:
    test, valid = (figure['value'] for figure in figures)
    method = METHODS[recipe.method].title
    what = f'{_NETWORKS[recipe.model]} with {method}, Speech Commands, 30 epochs'
    own = '' if recipe.agmax else ' without AgMax'
    notes = {
        'Paper:': f'Atienza, WACV 2022, Table 3, {recipe.row}{own}: top-1 {test} (test), {valid} (validation).',
        'Authors:': _AUTHORS.get(recipe.method, ''),
        'Decided:': 'here, not in the paper: 128 clips a step'
        + ('; batch normalisation.' if recipe.model == 'vgg11' else '.'),
        'Ours:': 'not run.',
        'Run:': f'python tools/train.py configs/{recipe.path}',
    }
    if recipe.agmax:
        notes['Control:'] = '--cfg-options model.agreement=none (two views, no agreement)'
        notes['Reference:'] = "--cfg-options model.agreement=mi_qnet (as in the authors' code)"
    title = f'AgMax on {what}.' if recipe.agmax else f'{what}: the baseline of the AgMax recipe beside it.'
    return text.docstring(title, {label: note for label, note in notes.items() if note})
