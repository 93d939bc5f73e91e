"""A recipe is told by its name: family, network, methods, epochs, data set and variant."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tools.recipes.papers import Figure, figures

MODELS = {
    'wrn40-2': 'WRN-40-2',
    'wrn28-10': 'WRN-28-10',
    'resnet50': 'ResNet-50',
    'resnet101': 'ResNet-101',
    'resnet152': 'ResNet-152',
    'resnext101': 'ResNeXt-101',
    'regnetx-200mf': 'RegNetX-200MF',
    'regnety-400mf': 'RegNetY-400MF',
    'efficientnet-b0': 'EfficientNet-B0',
    'pyramidnet200': 'PyramidNet-200',
    'pyramidnet110': 'PyramidNet-110',
    'resnet110': 'ResNet-110',
}
DATASETS = {'imagenet': 'ImageNet-1k', 'cifar10': 'CIFAR-10', 'cifar100': 'CIFAR-100'}

_NAME = re.compile(
    r'(?P<family>agmax|baseline|cutmix)/(?P<model>[^_]+)_(?P<methods>.+)_(?P<epochs>\d+)e'
    r'(?:_(?P<dataset>cifar\d+))?(?:_(?P<variant>ls|mse|kl|ce))?'
)


@dataclass(frozen=True)
class Recipe:
    """The properties of a recipe.

    Attributes:
        family: Folder below ``configs/``: ``'baseline'``, ``'agmax'`` or ``'cutmix'``.
        model: Key of :data:`MODELS`.
        methods: Names of :data:`tools.recipes.methods.METHODS`; ``'standard'`` and ``'baseline'`` stand for none.
        epochs: Number of epochs.
        dataset: Key of :data:`DATASETS`.
        variant: ``'ls'`` for label smoothing, or an agreement other than mutual information.
    """

    family: str
    model: str
    methods: tuple[str, ...]
    epochs: int
    dataset: str = 'imagenet'
    variant: str = ''

    @property
    def name(self) -> str:
        """The config below ``configs/``, without ``.py``."""
        dataset = '' if self.dataset == 'imagenet' else self.dataset
        parts = [self.model, *self.methods, f'{self.epochs}e', dataset, self.variant]
        return f'{self.family}/{"_".join(filter(None, parts))}'

    @property
    def path(self) -> str:
        """The config file below ``configs/``."""
        return f'{self.name}.py'

    @property
    def paper(self) -> str:
        """The paper that it is from."""
        return 'cutmix' if self.family == 'cutmix' else 'agmax'

    @property
    def agreement(self) -> str | None:
        """``'mi'``, ``'mse'``, ``'kl'`` or ``'ce'``; None where there is no agreement."""
        return (self.variant or 'mi') if self.family == 'agmax' else None

    def plain(self) -> Recipe:
        """The paper's reference: no method for the CutMix paper, no agreement or label smoothing for AgMax."""
        if self.family == 'cutmix':
            return replace(self, methods=('baseline',))
        return replace(self, family='baseline', variant='')

    @classmethod
    def from_name(cls, name: str) -> Recipe:
        """The recipe of a name as ``'agmax/wrn40-2_cutmix_aa_200e_cifar10_kl'``.

        Raises:
            ValueError: If it is no such name.
        """
        match = _NAME.fullmatch(name)
        if match is None:
            raise ValueError(f'expected the name of a recipe such as agmax/resnet50_cutmix_90e, got {name!r}')
        parts = match.groupdict(default='')
        methods = tuple(parts.pop('methods').split('_'))
        return cls(
            methods=methods, epochs=int(parts.pop('epochs')), dataset=parts.pop('dataset') or 'imagenet', **parts
        )


@functools.cache
def recipes(paper: str) -> Mapping[Recipe, tuple[Figure, ...]]:
    """The recipes of a paper with the figures that each stands for, both in the order of the tables.

    A recipe for a quoted row, to which another is compared, comes last.
    """
    found: dict[Recipe, tuple[Figure, ...]] = {}
    for figure in sorted(figures(paper), key=lambda figure: figure.quoted):
        if figure.recipe is not None:
            recipe = Recipe.from_name(figure.recipe)
            found[recipe] = (*found.get(recipe, ()), figure)
    return found


def reference_options(recipe: Recipe) -> dict[str, Any]:
    """The ``--cfg-options`` that make a recipe of the AgMax paper the authors' run, where their code differs from it.

    Their mutual information is a learned surrogate, and with AgMax their ImageNet networks start from another
    initialisation. On CIFAR, with another agreement than mutual information, there is nothing to change. Without AgMax
    their RegNetY starts as its timm had it, which did not divide the fan-out by the groups.
    """
    if recipe.family == 'cutmix':
        return {}
    options: dict[str, Any] = {}
    if recipe.agreement == 'mi':
        options['model.agreement'] = 'mi_qnet'
        if _has_narrow_pair_head(recipe):
            options['model.agreement.pair_head.hid_channels'] = 2048
    if recipe.agreement is None and recipe.model == 'regnety-400mf':
        options['model.backbone.init_cfg'] = dict(type='Kaiming', layer='Conv2d', mode='fan_out', nonlinearity='relu')
    if recipe.agreement is not None and recipe.dataset == 'imagenet':
        options['model.init_std'] = 0.2
        if recipe.model.startswith('resnet') and recipe.agreement != 'mi':
            # Without a pair head their initialisation leaves out the zeros of the residual branches.
            options['model.backbone.zero_init_residual'] = False
    return options


def _has_narrow_pair_head(recipe: Recipe) -> bool:
    """Whether the authors' scripts give a width of 2048, where their code's default is 4096 for 1000 classes."""
    small = ('regnetx-200mf', 'regnety-400mf', 'efficientnet-b0')
    return (recipe.model, recipe.epochs) == ('resnet50', 270) or (
        recipe.model in small and recipe.methods == ('cutmix', 'aa')
    )
