"""The regularisers of the CutMix paper, each as the settings that it adds to a baseline."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from tools.recipes.cutmix.paper import FIGURE_3_ALPHAS, FIGURE_3_LAYERS

# The candidates from which one layer is drawn at each step.
_RANDOM_LAYERS = (0, 1, 2, 3)


@dataclass(frozen=True)
class Method:
    """A regulariser, or several.

    Attributes:
        title: What it is called in a sentence.
        cutout: Whether a box of each image is erased.
        mix: Type of the mixing below ``agmax_mm``, if any.
        mix_options: Arguments of the mixing besides ``alpha``.
        alpha: Parameter of the mixing's Beta distribution.
        layers: Layers whose maps are mixed, of which one is drawn at each step; of none the images are mixed.
        backbone: Arguments of the backbone.
        smoothing: Whether the labels are smoothed.
        progress: Whether it changes while training goes on.
        decided: What the paper does not say, and what is done here.
    """

    title: str
    cutout: bool = False
    mix: str = ''
    mix_options: dict[str, Any] = field(default_factory=dict)
    alpha: float = 1.0
    layers: tuple[int, ...] = ()
    backbone: dict[str, Any] = field(default_factory=dict)
    smoothing: bool = False
    progress: bool = False
    decided: str = ''


_CUTOUT = Method('Cutout', cutout=True, decided="boxes are filled with the channels' mean, in every image")
_MIXUP = Method('Mixup of alpha 1.0', mix='MixUp', decided='every batch is mixed')
_MANIFOLD = Method(
    'Manifold Mixup',
    mix='MixUp',
    layers=_RANDOM_LAYERS,
    decided='one layer of the image, the stem and the first two stages is drawn at each step; every batch is mixed',
)
_CUTMIX = Method('CutMix', mix='CutMix')
_SHAKEDROP = Method(
    'ShakeDrop',
    backbone={'shake_drop': {'final_prob': 0.5}},
    decided="a last block of probability 0.5, as ShakeDrop's own paper has it",
)
_DROPBLOCK = Method(
    'DropBlock',
    backbone={'drop_block': {'drop_prob': 0.1, 'block_size': 4}},
    progress=True,
    decided='it follows each normalisation of the residual branches in the second and third stage, and the share that '
    'is dropped grows from 0 to 0.1, step by step',
)


def _together(first: Method, second: Method) -> Method:
    """Cutout, DropBlock or CutMix with a second regulariser, which has no setting in common with it."""
    return replace(
        second,
        title=f'{first.title} and {second.title}',
        cutout=first.cutout or second.cutout,
        mix=first.mix or second.mix,
        backbone={**first.backbone, **second.backbone},
        progress=first.progress or second.progress,
        decided='; '.join(filter(None, (first.decided, second.decided))),
    )


_SMOOTHING = Method('label smoothing of 0.1', smoothing=True)

# By their name in the recipes' files.
METHODS = {
    'baseline': Method(''),
    'cutout': _CUTOUT,
    'stochdepth': Method(
        'Stochastic Depth', backbone={'drop_path_rate': 0.25}, decided='the rate grows linearly with depth, up to 0.25'
    ),
    'dropblock': _DROPBLOCK,
    'shakedrop': _SHAKEDROP,
    'ls': _SMOOTHING,
    'cutout_ls': _together(_CUTOUT, _SMOOTHING),
    'dropblock_ls': _together(_DROPBLOCK, _SMOOTHING),
    'mixup-0.5': replace(_MIXUP, title='Mixup of alpha 0.5', alpha=0.5),
    'mixup': _MIXUP,
    'manifold-mixup': _MANIFOLD,
    'cutout_mixup': _together(_CUTOUT, _MIXUP),
    'cutout_manifold-mixup': _together(_CUTOUT, _MANIFOLD),
    'cutmix': _CUTMIX,
    'cutmix_shakedrop': _together(_CUTMIX, _SHAKEDROP),
    'feature-cutmix': replace(
        _CUTMIX,
        title='Feature CutMix',
        layers=_RANDOM_LAYERS,
        decided='one layer of the image, the stem and the first two stages is drawn at each step',
    ),
    'cutmix-center-gaussian': replace(
        _CUTMIX,
        title='centre-Gaussian CutMix',
        mix='CenterGaussianCutMix',
        mix_options={'sigma': 0.25},
        decided="the Gaussian's deviation, a quarter of each side",
    ),
    'cutmix-fixed-size': replace(
        _CUTMIX,
        title='fixed-size CutMix',
        mix='FixedSizeCutMix',
        mix_options={'size': 16, 'inside': False},
        decided='boxes may reach over the border, where they are clipped (inside=True for the other way)',
    ),
    'cutmix-one-hot': replace(
        _CUTMIX, title='one-hot CutMix', mix='OneHotCutMix', decided='a tie goes to the image that was pasted into'
    ),
    'cutmix-scheduled': replace(
        _CUTMIX,
        title='scheduled CutMix',
        mix='ScheduledCutMix',
        progress=True,
        decided='the chance to mix grows from 0 to 1 step by step',
    ),
    'cutmix-complete-label': replace(_CUTMIX, title='complete-label CutMix', mix='CompleteLabelCutMix'),
    **{
        f'cutmix-alpha{alpha}': replace(_CUTMIX, title=f'CutMix of alpha {alpha}', alpha=alpha)
        for alpha in FIGURE_3_ALPHAS
        if alpha != _CUTMIX.alpha
    },
    **{
        f'feature-cutmix-layer{layer}': replace(_CUTMIX, title=f'Feature CutMix at layer {layer}', layers=(layer,))
        for layer in FIGURE_3_LAYERS
    },
}
