"""Which recipe stands behind a row of the CutMix paper."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tools.recipes.cutmix.methods import METHODS, Method
from tools.recipes.cutmix.paper import FIGURE_3_ALPHAS, FIGURE_3_LAYERS, Row, rows

MODELS = {
    'resnet50': 'ResNet-50',
    'resnet101': 'ResNet-101',
    'resnet152': 'ResNet-152',
    'resnext101': 'ResNeXt-101',
    'pyramidnet200': 'PyramidNet-200',
    'pyramidnet110': 'PyramidNet-110',
    'resnet110': 'ResNet-110',
}
DATASETS = {'imagenet': 'ImageNet-1k', 'cifar10': 'CIFAR-10', 'cifar100': 'CIFAR-100'}

# What the rows call the methods.
_METHODS = {
    'Baseline': 'baseline',
    'StochDepth': 'stochdepth',
    'Cutout': 'cutout',
    'Label smoothing (0.1)': 'ls',
    'Cutout + Label smoothing (0.1)': 'cutout_ls',
    'DropBlock': 'dropblock',
    'DropBlock + Label smoothing (0.1)': 'dropblock_ls',
    'Mixup': 'mixup',
    'Mixup (0.5)': 'mixup-0.5',
    'Mixup (1.0)': 'mixup',
    'Manifold Mixup': 'manifold-mixup',
    'Manifold Mixup (1.0)': 'manifold-mixup',
    'Cutout + Mixup (1.0)': 'cutout_mixup',
    'Cutout + Manifold Mixup (1.0)': 'cutout_manifold-mixup',
    'ShakeDrop': 'shakedrop',
    'CutMix': 'cutmix',
    'CutMix + ShakeDrop': 'cutmix_shakedrop',
    'Feature CutMix': 'feature-cutmix',
    'Center Gaussian CutMix': 'cutmix-center-gaussian',
    'Fixed-size CutMix': 'cutmix-fixed-size',
    'One-hot CutMix': 'cutmix-one-hot',
    'Scheduled CutMix': 'cutmix-scheduled',
    'Complete-label CutMix': 'cutmix-complete-label',
    **{
        f'CutMix, alpha {alpha}': 'cutmix' if alpha == METHODS['cutmix'].alpha else f'cutmix-alpha{alpha}'
        for alpha in FIGURE_3_ALPHAS
    },
    **{f'Feature CutMix, layer {layer}': f'feature-cutmix-layer{layer}' for layer in FIGURE_3_LAYERS},
}


@dataclass(frozen=True)
class Recipe:
    """What tells one recipe from another.

    Attributes:
        model: Key of :data:`MODELS`.
        method: Key of :data:`tools.recipes.cutmix.methods.METHODS`.
        dataset: Key of :data:`DATASETS`.
    """

    model: str
    method: str
    dataset: str = 'imagenet'

    @property
    def path(self) -> str:
        """Config file below ``configs/``."""
        dataset = '' if self.dataset == 'imagenet' else f'_{self.dataset}'
        return f'cutmix/{self.model}_{self.method}_300e{dataset}.py'

    @property
    def settings(self) -> Method:
        """What the method adds to the baseline."""
        return METHODS[self.method]

    def baseline(self) -> Recipe:
        """The same without any method."""
        return replace(self, method='baseline')


def recipe_of(row: Row) -> Recipe | None:
    """The recipe whose training would measure a row; None for what the paper quotes from others."""
    if row.quoted:
        return None
    if row.place in ('Table 5', 'Table 7', 'Table 8', 'Figure 3'):
        return Recipe('pyramidnet200', _METHODS[row.name], 'cifar10' if row.place == 'Table 7' else 'cifar100')
    network, _, method = row.name.partition(' + ')
    model = next(key for key, name in MODELS.items() if name == network)
    return Recipe(model, _METHODS[method or 'Baseline'], 'cifar100' if row.place == 'Table 6' else 'imagenet')


def recipes() -> dict[Recipe, list[Row]]:
    """All recipes with the rows that each stands for, both in the order of the paper."""
    found: dict[Recipe, list[Row]] = {}
    for row in rows():
        recipe = recipe_of(row)
        if recipe is not None:
            found.setdefault(recipe, []).append(row)
    # What a row is compared to; the paper quotes this one from others.
    found[Recipe('resnet152', 'baseline')] = [row for row in rows() if row.quoted and row.name == 'ResNet-152']
    return found


def agreement_options(recipe: Recipe) -> dict[str, object]:
    """The ``--cfg-options`` that train a recipe on two views with AgMax's agreement, which neither paper did."""
    return {'model.agreement': 'mi'}
