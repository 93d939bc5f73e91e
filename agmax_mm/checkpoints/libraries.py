"""Names of backbones' tensors in torchvision, timm and mmdet's SSD, and those of the same backbones here.

Names here are the host's, those of mmpretrain's and mmdet's backbones, which agree but for VGG.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor

from agmax_mm.checkpoints.renaming import (
    REGNETX_FROM_TIMM,
    REGNETX_TO_TIMM,
    RESNET_NAMES,
    Family,
    State,
    tensors_under,
)
from agmax_mm.wording import first_names

# One name of every PyramidNet, whose other names begin like a ResNet's.
_PYRAMID = 'bn_final.weight'
_TIMM = 'timm_model.'
# The first two layers of VGG's classifier: torchvision's are linear, timm's convolutions.
_VGG_CLASSIFIERS = (('classifier.0', 'classifier.3'), ('pre_logits.fc1', 'pre_logits.fc2'))
_VGG_LINEAR = re.compile(r'classifier\.[036]\.(weight|bias)')


@dataclass(frozen=True)
class _ResNet(Family):
    """ResNets and ResNeXts of four stages, named alike by everyone."""

    def is_theirs(self, state: Mapping[str, Tensor]) -> bool:
        # Squeeze-and-excitation is in the same places under names of its own.
        plain = _PYRAMID not in state and not any('.se.' in name for name in state)
        return super().is_theirs(state) and plain and super().is_ours(state)


@dataclass(frozen=True)
class _RegNetX(Family):
    """RegNets without squeeze-and-excitation, which the host's have not."""

    def is_theirs(self, state: Mapping[str, Tensor]) -> bool:
        return super().is_theirs(state) and not any('.se.' in name for name in state)


@dataclass(frozen=True)
class _Vgg(Family):
    """VGG, whose layers are counted one by one there; here a convolution is one with its normalisation and ReLU."""

    def is_theirs(self, state: Mapping[str, Tensor]) -> bool:
        # Other networks number their layers likewise, but begin or go on otherwise.
        layers = [name for name in state if name.startswith('features.')]
        named_alike = all(len(name.split('.')) == 3 for name in layers)
        return super().is_theirs(state) and named_alike and state[self.theirs[0]].shape == (64, 3, 3, 3)

    def backbone(self, extractor: Mapping[str, Tensor]) -> State:
        layers = {name: value for name, value in extractor.items() if name.startswith('features.')}
        steps = 2 if any(name.endswith('running_mean') for name in layers) else 1
        places = _numbers(name for name, value in layers.items() if value.ndim == 4)
        # The k-th convolution has k others before it, each of which counts `steps` more there than here.
        names = {}
        for before, place in enumerate(places):
            names[place] = f'features.{place - before * steps}.conv.'
            names[place + 1] = f'features.{place - before * steps}.bn.'
        return _replaced(layers, lambda name: (names[_number(name)], name.split('.', 2)[2]))

    def extractor(self, backbone: Mapping[str, Tensor]) -> State:
        steps = 2 if any('.bn.' in name for name in backbone) else 1
        places = {place: place + before * steps for before, place in enumerate(_numbers(backbone))}

        def name_there(name: str) -> tuple[str, str]:
            _, _, part, rest = name.split('.', 3)
            return f'features.{places[_number(name)] + (part == "bn")}.', rest

        return _replaced(backbone, name_there)


_RESNET = _ResNet('ResNet', RESNET_NAMES, RESNET_NAMES, unused='fc.', stem=(64, 7))
_VGG = _Vgg('VGG', ('features.0.weight',), ('features.0.conv.weight',))

# torchvision's RegNetX; `f` is the block's path, `proj` its shortcut.
_REGNETX = _RegNetX(
    'RegNetX',
    theirs=('stem.0.weight', 'trunk_output.block1.block1-0.f.a.0.weight'),
    ours=RESNET_NAMES,
    to_ours=(
        (r'^stem\.0\.', 'conv1.'),
        (r'^stem\.1\.', 'bn1.'),
        (r'^trunk_output\.block(\d)\.block\d-(\d+)\.', r'layer\1.\2.'),
        (r'\.proj\.', '.downsample.'),
        (r'\.f\.([abc])\.0\.', lambda found: f'.conv{"abc".index(found[1]) + 1}.'),
        (r'\.f\.([abc])\.1\.', lambda found: f'.bn{"abc".index(found[1]) + 1}.'),
    ),
    to_theirs=(
        (r'^conv1\.', 'stem.0.'),
        (r'^bn1\.', 'stem.1.'),
        (r'^layer(\d)\.(\d+)\.', r'trunk_output.block\1.block\1-\2.'),
        (r'\.downsample\.', '.proj.'),
        (r'\.conv(\d)\.', lambda found: f'.f.{"abc"[int(found[1]) - 1]}.0.'),
        (r'\.bn(\d)\.', lambda found: f'.f.{"abc"[int(found[1]) - 1]}.1.'),
    ),
    unused='fc.',
    stem=(32, 3),
)


def _within_timm(name: str, mark: str, unused: str) -> Family:
    """A network that is here timm's own in a wrapper."""
    rules = ((r'^', _TIMM),), ((rf'^{_TIMM}', ''),)
    return Family(name, (mark,), (_TIMM + mark,), *rules, unused=unused)


# Families of each library; the first that recognises a state dict has it.
LIBRARIES: dict[str, tuple[Family, ...]] = {
    'torchvision': (_RESNET, _REGNETX, _VGG),
    'timm': (
        _within_timm('RegNetY', 's1.b1.se.fc1.weight', 'head.fc.'),
        _within_timm('EfficientNet', 'conv_stem.weight', 'classifier.'),
        Family(
            'RegNetX',
            theirs=('s1.b1.conv1.conv.weight',),
            ours=RESNET_NAMES,
            to_ours=REGNETX_FROM_TIMM,
            to_theirs=REGNETX_TO_TIMM,
            unused='head.fc.',
            stem=(32, 3),
        ),
        _RESNET,
        _VGG,
    ),
    # mmdet's SSDVGG, whose backbone continues into two layers of its own.
    'ssdvgg': (_VGG,),
}


def family_in(library: str, state: Mapping[str, Tensor]) -> Family | None:
    """The family of a state dict in a library's names, or None."""
    return next((family for family in LIBRARIES[library] if family.is_theirs(state)), None)


def classifier_of(library: str, state: Mapping[str, Tensor]) -> State:
    """The classifier in a state dict in a library's names, under the names that it has here; empty without one.

    It is the linear layer ``head.fc.`` of this package's and the host's classifiers. Of a VGG, which has three layers
    there and as the host's backbone, it is torchvision's, below ``backbone.``.
    """
    family = family_in(library, state)
    if family is None:
        return {}
    if family is _VGG:
        return {f'backbone.{name}': value for name, value in state.items() if _VGG_LINEAR.fullmatch(name)}
    layer = tensors_under(state, family.unused)
    return {f'head.fc.{name}': value for name, value in layer.items()} if layer.keys() == {'weight', 'bias'} else {}


def to_library(library: str, backbone: Mapping[str, Tensor]) -> State:
    """Rename a backbone of the host's as a library does.

    Args:
        library: A name in :data:`LIBRARIES`.
        backbone: Name in the host's backbone, without prefix, to tensor.

    Returns:
        The library's state dict, without the classifier.

    Raises:
        ValueError: If the library has no such network here.
    """
    family = next((family for family in LIBRARIES[library] if family.is_ours(backbone)), None)
    with_norm = any('.bn.' in name for name in backbone)
    if family is None or (library == 'ssdvgg' and with_norm):
        known = 'VGG without batch normalisation' if library == 'ssdvgg' else ''
        known = known or ', '.join(family.name for family in LIBRARIES[library])
        raise ValueError(
            f'names of {library}: expected one of {known}, got the keys {first_names(backbone, empty="no tensors")}'
        )
    return family.extractor(backbone)


def ssd_layers(classifier: Mapping[str, Tensor], last: int) -> State:
    """The two layers that continue mmdet's SSDVGG, thinned out of the first two of VGG's classifier.

    Every fourth channel of both, and every third row and column of the first, whose 7 x 7 fields become 3 x 3 at a
    dilation of 6 (Liu et al., "SSD", section 3; Chen et al., "DeepLab", section 3.1).

    Args:
        classifier: torchvision's or timm's state dict of a VGG, or any without classifier.
        last: Number of the last convolution.

    Returns:
        Their names in the detector to tensors of shapes ``(1024, 512, 3, 3)``, ``(1024,)``, ``(1024, 1024, 1, 1)`` and
        ``(1024,)``; nothing where there is no such classifier.
    """
    layers = next((pair for pair in _VGG_CLASSIFIERS if f'{pair[1]}.bias' in classifier), None)
    if layers is None:
        return {}
    sixth, seventh = (classifier[f'{layer}.weight'] for layer in layers)
    return {
        f'features.{last + 3}.weight': sixth.view(len(sixth), -1, 7, 7)[::4, :, ::3, ::3],
        f'features.{last + 3}.bias': classifier[f'{layers[0]}.bias'][::4],
        f'features.{last + 5}.weight': seventh.flatten(1)[::4, ::4, None, None],
        f'features.{last + 5}.bias': classifier[f'{layers[1]}.bias'][::4],
    }


def last_layer(state: Mapping[str, Tensor]) -> int:
    """Number of the last convolution in torchvision's names of a VGG."""
    return max(_numbers(state))


def _number(name: str) -> int:
    return int(name.split('.')[1])


def _numbers(names: Iterable[str]) -> list[int]:
    return sorted({_number(name) for name in names})


def _replaced(state: Mapping[str, Tensor], rename: Callable[[str], tuple[str, str]]) -> State:
    return {''.join(rename(name)): value for name, value in state.items()}
