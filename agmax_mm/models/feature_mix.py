"""Mixing inside of the network: Feature CutMix and Manifold Mixup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from agmax_mm.batch_augments.coins import SharedCoins
from agmax_mm.batch_augments.mixing import Mixing
from agmax_mm.batch_augments.views import Mix, drawn_mix, mix_views
from agmax_mm.registry import BATCH_AUGMENTS, MODELS

# Number that separates these draws from those of the batch augmentations.
_PURPOSE = 1
_STEMS = ('stem', 'bn1', 'norm1')
_STAGES = ('layer1', 'layer2', 'layer3')


@MODELS.register_module()
class FeatureMix(nn.Module):
    """Mix the images or a feature map of the backbone, at one layer per step, and the labels with the same ratio.

    With CutMix this is the paper's Feature CutMix, with MixUp it is Manifold Mixup. The box is drawn at the map's own
    resolution. :class:`agmax_mm.models.AgMaxClassifier` uses it in training only.

    As in batch mixing, either all views of a step are mixed, at one layer, or none is. Each view draws its own ratio,
    partners and box, unless ``data_preprocessor.share_mix`` is set. All processes mix the same steps at the same layer.

    Args:
        mix: Batch augmentation or its config, such as ``dict(type='agmax_mm.CutMix', alpha=1.0)``.
        layers: Where to mix; one is drawn per step, uniformly. 0 is the image. 1 is the output of the first
            convolution and its norm, before activation and pooling, or of a whole deep stem. 2 to 4 are the outputs of
            the backbone's ``layer1`` to ``layer3``. Other modules are given by name, such as ``'layer4'`` or
            ``'timm_model.blocks.2'``. The CutMix paper has runs with one layer and with a drawn one, and does not say
            which layers these are.

    Raises:
        ValueError: If there are no layers or the mix is not of this package; and, once used, if the backbone lacks a
            layer or it gives no map.

    References:
        S. Yun et al., "CutMix", ICCV 2019, Table 3 and Figure 3. V. Verma et al., "Manifold Mixup", ICML 2019.
    """

    def __init__(self, mix: Any, layers: Sequence[int | str] = (0, 1, 2, 3)) -> None:
        super().__init__()
        if not isinstance(layers, list | tuple) or not layers:
            raise ValueError(f'FeatureMix.layers: expected a list of at least one, got {layers!r}')
        self.mix = BATCH_AUGMENTS.build(mix) if isinstance(mix, dict) else mix
        # The host's augmentations write into their input, and would destroy values that the backward pass needs.
        if not isinstance(self.mix, Mixing):
            raise ValueError(
                f'FeatureMix.mix: expected agmax_mm.CutMix, a variant of it or agmax_mm.MixUp, got {self.mix!r}'
            )
        self.layers = tuple(layers)
        self._coins = SharedCoins(_PURPOSE)

    def set_progress(self, fraction: float) -> None:
        """Tell the mix how much of training is done, within ``[0, 1]``, if it uses that."""
        if hasattr(self.mix, 'set_progress'):
            self.mix.set_progress(fraction)

    def check(self, backbone: nn.Module) -> None:
        """Raise a ``ValueError`` if the backbone lacks one of the layers."""
        for layer in self.layers:
            layer_module(backbone, layer)

    def draw(self, device: Any) -> tuple[int | str, Mix] | None:
        """Draw whether a step is mixed, and at which layer.

        Args:
            device: Device on which the processes exchange tensors. All processes must call this function.

        Returns:
            The layer and the function that mixes, or None if the step stays unmixed.
        """
        generator = self._coins.step_generator(device)
        mix = drawn_mix(self.mix, generator)
        if mix is None:
            return None
        return self.layers[generator.randint(len(self.layers)) if len(self.layers) > 1 else 0], mix

    def features(
        self, model: Any, passes: Sequence[Tensor], data_samples: list[DataSample], num_images: int
    ) -> tuple[list[Any], list[DataSample]]:
        """Run a classifier's backbone and neck on a step's images, and mix at the drawn layer.

        Args:
            model: The classifier.
            passes: Images of each forward pass, ``(N, C, H, W)``, all views of the step one after the other.
            data_samples: One per image of all passes, not changed.
            num_images: Number of images in a whole view; the last view may have less.

        Returns:
            The features of each pass, and data samples with the mixed class probabilities. A step that is not mixed
            returns the given data samples.

        Raises:
            ValueError: If the layer gives no map or does not run once in a pass.
        """
        drawn = self.draw(passes[0].device)
        if drawn is None:
            return [model.extract_feat(images) for images in passes], data_samples
        alike = getattr(model.data_preprocessor, 'share_mix', False)
        scores = _label_scores(data_samples, model.head.num_classes)
        feats, all_scores = [], []
        for images, pass_scores in zip(passes, scores.split([len(images) for images in passes]), strict=True):
            sizes = [len(view) for view in images.split(num_images)]
            with _mixed(model.backbone, *drawn, pass_scores, sizes, alike=alike) as results:
                feats.append(model.extract_feat(images))
            if len(results) != 1:
                raise ValueError(
                    f'FeatureMix: expected layer {drawn[0]} to run once in a pass, got {len(results)} times'
                )
            all_scores += results
        return feats, _with_scores(data_samples, torch.cat(all_scores))


@contextmanager
def _mixed(
    backbone: nn.Module, layer: int | str, mix: Mix, scores: Tensor, sizes: Sequence[int], *, alike: bool
) -> Iterator[list[Tensor]]:
    """Mix the output of a layer within the block; yield a list that gets the class probabilities of each run."""
    results: list[Tensor] = []

    def mixed(maps: Any) -> Tensor:
        if not isinstance(maps, Tensor) or maps.ndim != 4:
            got = tuple(maps.shape) if isinstance(maps, Tensor) else type(maps).__name__
            raise ValueError(f'FeatureMix: expected maps (N, C, H, W) at layer {layer}, got {got}')
        maps, mixed_scores = mix_views(mix, maps, scores, sizes, alike=alike)
        results.append(mixed_scores)
        return maps

    module = layer_module(backbone, layer)
    if module is backbone:
        handle = module.register_forward_pre_hook(lambda _, args: (mixed(args[0]), *args[1:]))
    else:
        handle = module.register_forward_hook(lambda _, args, output: mixed(output))
    try:
        yield results
    finally:
        handle.remove()


def _label_scores(data_samples: Sequence[DataSample], num_classes: int) -> Tensor:
    """Class probabilities ``(N, K)`` of labelled samples, one-hot where they have an index."""
    if 'gt_score' in data_samples[0]:
        return torch.stack([sample.gt_score for sample in data_samples]).float()
    return F.one_hot(torch.cat([sample.gt_label for sample in data_samples]), num_classes).float()


def _with_scores(data_samples: Sequence[DataSample], scores: Tensor) -> list[DataSample]:
    """Make new samples with these class probabilities; the given samples are not changed."""
    return [
        DataSample(metainfo=sample.metainfo).set_gt_score(score)
        for sample, score in zip(data_samples, scores, strict=True)
    ]


def layer_module(backbone: nn.Module, layer: int | str) -> nn.Module:
    """Return the module whose output is the layer, or the backbone itself for layer 0, the image."""
    if layer == 0:
        return backbone
    children = [name for name, _ in backbone.named_children()]
    name: str | None = str(layer)
    if isinstance(layer, int):
        # The name of a ResNet's first norm depends on its kind. The host keeps it in an attribute.
        stems = [stem for stem in (*_STEMS, getattr(backbone, 'norm1_name', None)) if stem in children]
        numbered = [stems[0] if stems else None, *_STAGES]
        name = numbered[layer - 1] if 1 <= layer <= len(numbered) else None
    if name:
        try:
            return backbone.get_submodule(name)
        except AttributeError:
            pass
    raise ValueError(
        f'FeatureMix.layers: expected 0 to 4, or names of modules of {type(backbone).__name__}, which has '
        f'{", ".join(children)}; got {layer!r}'
    )
