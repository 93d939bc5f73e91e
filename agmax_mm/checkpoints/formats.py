"""The checkpoint layouts that a backbone can be read from.

A format recognises a flat state dict by its keys and returns the backbone's tensors under the host's names. To add
one, write its two functions and enter it in :data:`FORMATS`; the order matters, because the first match wins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from agmax_mm.checkpoints import authors, cutmix_authors
from agmax_mm.checkpoints.libraries import classifier_of, family_in
from agmax_mm.checkpoints.renaming import (
    EXTRACTOR_PREFIXES,
    SPEECH_FAMILIES,
    State,
    family_of,
    find_extractor,
    tensors_under,
    with_counters,
)

# Blocks per stage and the tensors' kind of block, for every ResNet depth of the host.
_RESNET_DEPTHS: dict[tuple[str, tuple[int, ...]], int] = {
    ('basic', (2, 2, 2, 2)): 18,
    ('basic', (3, 4, 6, 3)): 34,
    ('bottleneck', (3, 4, 6, 3)): 50,
    ('bottleneck', (3, 4, 23, 3)): 101,
    ('bottleneck', (3, 8, 36, 3)): 152,
}

# What torchvision's ImageNet weights, and the AgMax authors' ImageNet and CIFAR runs, were fed (0-255 scale).
_IMAGENET_CONTRACT = {
    'mean': [123.675, 116.28, 103.53],
    'std': [58.395, 57.12, 57.375],
    'channel_order': 'rgb',
    'style': 'pytorch',
}
_CIFAR_CONTRACT = {
    'mean': [125.307, 122.961, 113.8575],
    'std': [51.5865, 50.847, 51.255],
    'channel_order': 'rgb',
    'style': None,
}
# The same of the CutMix authors, for CIFAR-10 as for CIFAR-100.
_CUTMIX_CIFAR_CONTRACT = {
    'mean': [125.3, 123.0, 113.9],
    'std': [63.0, 62.1, 66.7],
    'channel_order': 'rgb',
    'style': None,
}
# Spectrograms in decibels, as they are.
_SPEECH_CONTRACT = {'mean': [0.0], 'std': [1.0], 'channel_order': 'bgr', 'style': None}
_CIFAR_FAMILY = 'WideResNet'


@dataclass(frozen=True)
class SourceFormat:
    """One layout of checkpoint.

    Attributes:
        recognises: Tells from the state dict whether this is the layout.
        extract: Returns the backbone's tensors under the host's names, without prefix.
        contract: The preprocessing that files of this layout are known for, or None if only the file can say.
        owner: Whose layout it is, for messages; None for this package's and the host's.
        classifier: Returns the whole classifier, or the backbone alone where that is all, under the names of this
            package's classifiers; None for those that have these names.
    """

    recognises: Callable[[Mapping[str, Tensor]], bool]
    extract: Callable[[Mapping[str, Tensor]], State]
    contract: dict[str, Any] | None = None
    owner: str | None = None
    classifier: Callable[[Mapping[str, Tensor]], State] | None = None


def is_cutmix_authors(checkpoint: Mapping[str, Any]) -> bool:
    """Whether the CutMix authors' code wrote the file; their ResNet's tensors are named as torchvision's are."""
    return 'best_err1' in checkpoint and 'best_err5' in checkpoint


def resnet_depth(state: Mapping[str, Tensor]) -> int | None:
    """Return the depth of the ResNet that these backbone tensors make up, or None if they are no standard one."""
    blocks = tuple(
        len({key.split('.')[1] for key in state if key.startswith(f'layer{stage}.')}) for stage in range(1, 5)
    )
    kind = 'bottleneck' if 'layer1.0.conv3.weight' in state else 'basic'
    return _RESNET_DEPTHS.get((kind, blocks))


def _authors_family(state: Mapping[str, Tensor]) -> str | None:
    """The family of the AgMax authors' networks; of bare ones, ResNet and VGG11 can't be told from torchvision's."""
    prefix, extractor = find_extractor(state)
    family = family_of(extractor)
    return None if family is None or (family.name in ('ResNet', 'VGG11') and not prefix) else family.name


def _library(name: str, owner: str) -> SourceFormat:
    """The layout of a library's own state dicts."""

    def extract(state: Mapping[str, Tensor]) -> State:
        family = family_in(name, state)
        return {} if family is None else with_counters(family.backbone(state))

    return SourceFormat(
        lambda state: family_in(name, state) is not None,
        extract,
        _IMAGENET_CONTRACT,
        owner,
        lambda state: {**_below_backbone(extract(state)), **classifier_of(name, state)},
    )


def _below_backbone(state: Mapping[str, Tensor]) -> State:
    return {f'backbone.{name}': value for name, value in state.items()}


FORMATS: dict[str, SourceFormat] = {
    # The AgMax authors' checkpoints, and the bare extractors that their code saves.
    'agmax': SourceFormat(
        lambda state: _authors_family(state) not in (None, _CIFAR_FAMILY, *SPEECH_FAMILIES),
        authors.backbone_of,
        _IMAGENET_CONTRACT,
        "the AgMax authors'",
        authors.to_agmax_mm,
    ),
    'agmax_cifar': SourceFormat(
        lambda state: _authors_family(state) == _CIFAR_FAMILY,
        authors.backbone_of,
        _CIFAR_CONTRACT,
        "the AgMax authors'",
        authors.to_agmax_mm,
    ),
    'agmax_speech': SourceFormat(
        lambda state: _authors_family(state) in SPEECH_FAMILIES,
        authors.backbone_of,
        _SPEECH_CONTRACT,
        "the AgMax authors'",
        authors.to_agmax_mm,
    ),
    # Exported backbones, and checkpoints of this package, mmpretrain and mmdet.
    'openmmlab': SourceFormat(
        lambda state: bool(tensors_under(state, 'backbone.')) and not tensors_under(state, EXTRACTOR_PREFIXES[0]),
        lambda state: tensors_under(state, 'backbone.'),
    ),
    # Also the AgMax authors' bare ResNet extractors, and timm's ResNets and VGGs.
    'torchvision': _library('torchvision', "torchvision's"),
    'timm': _library('timm', "timm's"),
    # By the names alone torchvision's; see is_cutmix_authors.
    'cutmix': _library('torchvision', "the CutMix authors'"),
    'cutmix_cifar': SourceFormat(
        lambda state: bool(cutmix_authors.cifar_backbone(state)),
        cutmix_authors.cifar_backbone,
        _CUTMIX_CIFAR_CONTRACT,
        "the CutMix authors'",
        cutmix_authors.to_agmax_mm,
    ),
}


def detect_format(state: Mapping[str, Tensor], names: Iterable[str] = FORMATS) -> str | None:
    """Name the format of a state dict: the first of ``names`` that recognises it, or None."""
    return next((name for name in names if FORMATS[name].recognises(state)), None)
