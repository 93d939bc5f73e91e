"""The augmentations and regularisers of both papers, each as the settings that it adds to a recipe."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from tools.recipes.recipe import Recipe
from tools.recipes.text import Code

# The candidates from which one layer is drawn at each step.
_RANDOM_LAYERS = (0, 1, 2, 3)
_DRAWN = 'one layer of the image, the stem and the first two stages is drawn at each step'
_SMOOTHING = {'type': 'LabelSmoothLoss', 'mode': 'original', 'label_smooth_val': 0.1}


@dataclass(frozen=True)
class Method:
    """An augmentation or a regulariser.

    Attributes:
        title: What it is called in a sentence.
        label: What the AgMax paper's tables call it.
        cutout: Whether a box of each image is erased.
        mix: Type of the mixing below ``agmax_mm``, if any.
        mix_options: Arguments of the mixing besides ``alpha``.
        alpha: Parameter of the mixing's Beta distribution.
        layers: Layers whose maps are mixed, of which one is drawn at each step; with none, the images are mixed.
        backbone: Arguments of the backbone.
        smoothing: Whether the labels are smoothed.
        progress: Whether it changes while training goes on.
        decided: What the CutMix paper does not say, and what is done here.
    """

    title: str = ''
    label: str = ''
    cutout: bool = False
    mix: str = ''
    mix_options: dict[str, Any] = field(default_factory=dict)
    alpha: float = 1.0
    layers: tuple[int, ...] = ()
    backbone: dict[str, Any] = field(default_factory=dict)
    smoothing: bool = False
    progress: bool = False
    decided: str = ''


_MIXUP = Method('MixUp', 'MixUp', mix='MixUp', decided='every batch is mixed')
_CUTMIX = Method('CutMix', 'CutMix', mix='CutMix')


def _variant(title: str, mix: str = 'CutMix', **changes: Any) -> Method:
    return replace(_CUTMIX, title=title, mix=mix, **changes)


METHODS = {
    'standard': Method('the standard augmentation', 'Standard'),
    'baseline': Method(),
    'aa': Method('AutoAugment', 'AA'),
    'cutout': Method(
        'CutOut', 'CutOut', cutout=True, decided="boxes are filled with the channels' mean, in every image"
    ),
    'ls': Method('label smoothing of 0.1', smoothing=True),
    'stochdepth': Method(
        'Stochastic Depth', backbone={'drop_path_rate': 0.25}, decided='the rate grows linearly with depth, up to 0.25'
    ),
    'dropblock': Method(
        'DropBlock',
        backbone={'drop_block': {'drop_prob': 0.1, 'block_size': 4}},
        progress=True,
        decided='it follows each normalisation of the residual branches in the second and third stage, and the share '
        'that is dropped grows from 0 to 0.1, step by step',
    ),
    'shakedrop': Method(
        'ShakeDrop',
        backbone={'shake_drop': {'final_prob': 0.5}},
        decided="a last block of probability 0.5, as ShakeDrop's own paper has it",
    ),
    'mixup': _MIXUP,
    'mixup-0.5': replace(_MIXUP, title='MixUp of alpha 0.5', alpha=0.5),
    'manifold-mixup': replace(
        _MIXUP, title='Manifold Mixup', layers=_RANDOM_LAYERS, decided=f'{_DRAWN}; every batch is mixed'
    ),
    'cutmix': _CUTMIX,
    'cutmix-center-gaussian': _variant(
        'centre-Gaussian CutMix',
        'CenterGaussianCutMix',
        mix_options={'sigma': 0.25},
        decided="the Gaussian's deviation, a quarter of each side",
    ),
    'cutmix-fixed-size': _variant(
        'fixed-size CutMix',
        'FixedSizeCutMix',
        mix_options={'size': 16, 'inside': False},
        decided='boxes may reach over the border, where they are clipped (inside=True for the other way)',
    ),
    'cutmix-one-hot': _variant(
        'one-hot CutMix', 'OneHotCutMix', decided='a tie goes to the image that was pasted into'
    ),
    'cutmix-scheduled': _variant(
        'scheduled CutMix',
        'ScheduledCutMix',
        progress=True,
        decided='the chance to mix grows from 0 to 1 step by step',
    ),
    'cutmix-complete-label': _variant('complete-label CutMix', 'CompleteLabelCutMix'),
    **{
        f'cutmix-alpha{alpha}': _variant(f'CutMix of alpha {alpha}', alpha=alpha)
        for alpha in (0.1, 0.25, 0.5, 2.0, 4.0)
    },
    'feature-cutmix': _variant('Feature CutMix', layers=_RANDOM_LAYERS, decided=_DRAWN),
    **{
        f'feature-cutmix-layer{layer}': _variant(f'Feature CutMix at layer {layer}', layers=(layer,))
        for layer in range(5)
    },
}


def methods_of(recipe: Recipe) -> list[Method]:
    """The methods of a recipe, in the order of its name; label smoothing as a variant comes last."""
    names = [*recipe.methods, 'ls'] if recipe.variant == 'ls' else recipe.methods
    return [METHODS[name] for name in names]


def settings(recipe: Recipe) -> dict[str, dict[str, Any]]:
    """Return the settings for the methods and the number of classes, by the top-level keys of a config."""
    methods = methods_of(recipe)
    head: dict[str, Any] = {'num_classes': 100} if recipe.dataset == 'cifar100' else {}
    model: dict[str, Any] = {'backbone': {}, 'head': head}
    preprocessor: dict[str, Any] = {}
    for method in methods:
        model['backbone'] |= method.backbone
        if method.smoothing:
            head['loss'] = _SMOOTHING
        if method.cutout:
            preprocessor['image_augments'] = _cutout(recipe)
        if method.layers:
            mix = {**_mixing(method, recipe), 'prob': chance(method, recipe)}
            model['feature_mix'] = {'type': 'agmax_mm.FeatureMix', 'mix': mix, 'layers': list(method.layers)}
        elif method.mix:
            preprocessor['batch_augments'] = {
                'augments': [_mixing(method, recipe)],
                'probs': [chance(method, recipe)],
            }
    found = {
        'model': {key: value for key, value in model.items() if value},
        'data_preprocessor': preprocessor,
        'optim_wrapper': {'optimizer': {'lr': 0.1}} if is_gentle(recipe) else {},
    }
    if any(method.progress for method in methods):
        found['default_hooks'] = {'progress_of_training': {'type': 'agmax_mm.SetProgressHook'}}
    return {key: value for key, value in found.items() if value}


def chance(method: Method, recipe: Recipe) -> float:
    """The chance of a batch to be mixed."""
    always = recipe.dataset == 'imagenet' or method.mix in ('MixUp', 'ScheduledCutMix') or is_gentle(recipe)
    return 1.0 if always else 0.5


def is_gentle(recipe: Recipe) -> bool:
    """Whether it is the one recipe of the CutMix paper for CIFAR with a learning rate and a chance of its own."""
    return (recipe.model, recipe.methods) == ('resnet110', ('cutmix',))


def _cutout(recipe: Recipe) -> list[Any]:
    if recipe.dataset == 'imagenet':
        lighting = Code('*_base_.data_preprocessor.image_augments')
        return [lighting, {'type': 'agmax_mm.CutOut', 'length': 112}]
    return [{'type': 'agmax_mm.CutOut', 'length': 16}]


def _mixing(method: Method, recipe: Recipe) -> dict[str, Any]:
    # The AgMax authors mix ImageNet by MixUp more gently.
    alpha = 0.2 if (recipe.paper, recipe.dataset, method.mix) == ('agmax', 'imagenet', 'MixUp') else method.alpha
    return {'type': f'agmax_mm.{method.mix}', 'alpha': alpha, **method.mix_options}
