"""The checkpoint layouts that a backbone can be read from.

A format recognises a flat state dict by its keys and returns the backbone's tensors under the host's names. To add
one, write its two functions and enter it in :data:`FORMATS`; the order matters, because the first match wins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from agmax_mm.checkpoints.renaming import EXTRACTOR_PREFIXES, State, below, family_of, find_extractor, first_names

# Keys under which trainers wrap their state dict.
_WRAPPERS = ('state_dict', 'model_state_dict')
_RESNET_MARKS = ('conv1.weight', 'bn1.running_mean', 'layer1.0.conv1.weight')
_RESNET_PARTS = ('conv1.', 'bn1.', 'layer')

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
# The AgMax authors' networks by the data they were trained on; the rest are for speech.
_CIFAR_FAMILY = 'WideResNet'


@dataclass(frozen=True)
class SourceFormat:
    """One layout of checkpoint.

    Attributes:
        recognises: Tells from the state dict whether this is the layout.
        extract: Returns the backbone's tensors under the host's names, without prefix.
        contract: The preprocessing that files of this layout are known for, or None if only the file can say.
    """

    recognises: Callable[[Mapping[str, Tensor]], bool]
    extract: Callable[[Mapping[str, Tensor]], State]
    contract: dict[str, Any] | None = None


def flat_state(checkpoint: Mapping[str, Any]) -> State:
    """Return the tensors of a checkpoint, out of its wrapper and without DataParallel's ``module.``."""
    wrapped = next((checkpoint[key] for key in _WRAPPERS if isinstance(checkpoint.get(key), Mapping)), checkpoint)
    state = {key: value for key, value in wrapped.items() if isinstance(value, Tensor)}
    if state and all(key.startswith('module.') for key in state):
        state = below(state, 'module.')
    return state


def resnet_depth(state: Mapping[str, Tensor]) -> int | None:
    """Return the depth of the ResNet that these backbone tensors make up, or None if they are no standard one."""
    blocks = tuple(
        len({key.split('.')[1] for key in state if key.startswith(f'layer{stage}.')}) for stage in range(1, 5)
    )
    kind = 'bottleneck' if 'layer1.0.conv3.weight' in state else 'basic'
    return _RESNET_DEPTHS.get((kind, blocks))


def _authors_family(state: Mapping[str, Tensor]) -> str | None:
    """The family of the AgMax authors' networks; of bare extractors their ResNets can't be told from torchvision's."""
    prefix, extractor = find_extractor(state)
    family = family_of(extractor)
    return None if family is None or (family.name == 'ResNet' and not prefix) else family.name


def _authors_backbone(state: Mapping[str, Tensor]) -> State:
    _, extractor = find_extractor(state)
    family = family_of(extractor)
    return {} if family is None else _with_counters(family.backbone(extractor))


def _is_resnet(state: Mapping[str, Tensor]) -> bool:
    return all(mark in state for mark in _RESNET_MARKS)


def _resnet_backbone(state: Mapping[str, Tensor]) -> State:
    """Drop the classifier."""
    return _with_counters({key: value for key, value in state.items() if key.startswith(_RESNET_PARTS)})


def _with_counters(backbone: State) -> State:
    """Add the step counters that BatchNorm had not yet got when old files were written."""
    for key in [key for key in backbone if key.endswith('running_var')]:
        backbone.setdefault(key.replace('running_var', 'num_batches_tracked'), torch.tensor(0))
    return backbone


FORMATS: dict[str, SourceFormat] = {
    # The AgMax authors' checkpoints, and the bare extractors that their code saves.
    'agmax': SourceFormat(
        lambda state: _authors_family(state) not in (None, _CIFAR_FAMILY),
        _authors_backbone,
        _IMAGENET_CONTRACT,
    ),
    'agmax_cifar': SourceFormat(
        lambda state: _authors_family(state) == _CIFAR_FAMILY,
        _authors_backbone,
        _CIFAR_CONTRACT,
    ),
    # Exported backbones, and checkpoints of this package, mmpretrain and mmdet.
    'openmmlab': SourceFormat(
        lambda state: bool(below(state, 'backbone.')) and not below(state, EXTRACTOR_PREFIXES[0]),
        lambda state: below(state, 'backbone.'),
    ),
    # torchvision's ResNets, and the AgMax authors' bare ResNet extractors.
    'torchvision': SourceFormat(
        _is_resnet,
        _resnet_backbone,
        _IMAGENET_CONTRACT,
    ),
}


def detect_format(state: Mapping[str, Tensor], path: str) -> str:
    """Name the format of a state dict.

    Raises:
        ValueError: If none matches; ``path`` and the first keys are in the message.
    """
    for name, source in FORMATS.items():
        if source.recognises(state):
            return name
    raise ValueError(
        f'checkpoint {path!r}: expected one of {", ".join(FORMATS)} (see tools/export_backbone.py --help), '
        f'got the keys {first_names(state)}'
    )
