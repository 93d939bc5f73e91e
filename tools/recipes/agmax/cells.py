"""Which recipe stands behind a figure of the paper."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tools.recipes.agmax.paper import WITH_AGMAX, Figure, figures

MODELS = {
    'wrn40-2': 'WRN-40-2',
    'wrn28-10': 'WRN-28-10',
    'resnet50': 'ResNet-50',
    'resnet101': 'ResNet-101',
    'regnetx-200mf': 'RegNetX-200MF',
    'regnety-400mf': 'RegNetY-400MF',
    'efficientnet-b0': 'EfficientNet-B0',
}
DATASETS = {'imagenet': 'ImageNet-1k', 'cifar10': 'CIFAR-10', 'cifar100': 'CIFAR-100'}

_CIFAR_EPOCHS = 200
_TABLE_9_EPOCHS = {'resnet101': 270, 'regnetx-200mf': 100, 'regnety-400mf': 100, 'efficientnet-b0': 100}


@dataclass(frozen=True)
class Recipe:
    """What tells one recipe from another.

    Attributes:
        model: Key of :data:`MODELS`.
        augmentation: One of :data:`tools.recipes.agmax.paper.AUGMENTATIONS`.
        epochs: Number of epochs.
        dataset: Key of :data:`DATASETS`.
        agreement: ``'mi'``, ``'mse'``, ``'kl'`` or ``'ce'``; ``None`` is the baseline, which sees one view.
        label_smoothing: Whether the labels are smoothed.
    """

    model: str
    augmentation: str
    epochs: int
    dataset: str = 'imagenet'
    agreement: str | None = None
    label_smoothing: bool = False

    @property
    def path(self) -> str:
        """Config file below ``configs/``."""
        folder = 'baseline' if self.agreement is None else 'agmax'
        parts = [self.model, self.augmentation.lower().replace('+', '_'), f'{self.epochs}e']
        if self.dataset != 'imagenet':
            parts.append(self.dataset)
        if self.label_smoothing:
            parts.append('ls')
        if self.agreement not in (None, 'mi'):
            parts.append(str(self.agreement))
        return f'{folder}/{"_".join(parts)}.py'

    def plain(self) -> Recipe:
        """The same without agreement and label smoothing: what the paper compares it to."""
        return replace(self, agreement=None, label_smoothing=False)


def recipe_of(figure: Figure) -> Recipe:
    """The recipe whose training would measure a figure."""
    return {1: _table_1, 2: _table_2, 7: _table_7, 8: _table_8, 9: _table_9}[figure.table](figure)


def recipes() -> dict[Recipe, list[Figure]]:
    """All recipes with the figures that each stands for, both in the order of the tables."""
    found: dict[Recipe, list[Figure]] = {}
    for figure in figures():
        found.setdefault(recipe_of(figure), []).append(figure)
    return found


def reference_options(recipe: Recipe) -> dict[str, Any]:
    """The ``--cfg-options`` that make an AgMax recipe the authors' run, where their code differs from their paper.

    Their mutual information is a learned surrogate, and with AgMax their ImageNet networks start from another
    initialisation. On CIFAR, with another agreement than mutual information, there is nothing to change.
    """
    options: dict[str, Any] = {'model.agreement': 'mi_qnet'} if recipe.agreement == 'mi' else {}
    if recipe.dataset == 'imagenet':
        options['model.init_std'] = 0.2
        if recipe.model.startswith('resnet') and recipe.agreement != 'mi':
            # Without a pair head their initialisation leaves out the zeros of the residual branches.
            options['model.backbone.zero_init_residual'] = False
    return options


def _table_1(figure: Figure) -> Recipe:
    return Recipe(
        'resnet50',
        figure.row,
        90,
        agreement='mi' if figure.column == 'AgMax' else None,
        label_smoothing=figure.column == 'Label smoothing',
    )


def _table_2(figure: Figure) -> Recipe:
    augmentation = figure.row.removesuffix(WITH_AGMAX)
    agreement = None if augmentation == figure.row else 'mi'
    first, second = figure.column.split(', ')
    if second.endswith(' epochs'):
        return Recipe(_key(MODELS, first), augmentation, int(second.removesuffix(' epochs')), agreement=agreement)
    return Recipe(_key(MODELS, second), augmentation, _CIFAR_EPOCHS, _key(DATASETS, first), agreement)


def _table_7(figure: Figure) -> Recipe:
    return Recipe('wrn40-2', figure.row, _CIFAR_EPOCHS, 'cifar100', figure.column.lower())


def _table_8(figure: Figure) -> Recipe:
    return Recipe('resnet50', figure.row, 90, agreement=figure.column.lower())


def _table_9(figure: Figure) -> Recipe:
    model = _key(MODELS, figure.row)
    augmentation = figure.column.removesuffix('AgMax').removesuffix('+') or 'Standard'
    agreement = None
    if figure.column.endswith('AgMax'):
        # The paper marks this column's EfficientNet; the released scripts train the other one with a pair head.
        agreement = 'mse' if (model, augmentation) == ('efficientnet-b0', 'Standard') else 'mi'
    return Recipe(model, augmentation, _TABLE_9_EPOCHS[model], agreement=agreement)


def _key(names: dict[str, str], name: str) -> str:
    return next(key for key, value in names.items() if value == name)
