"""The checkpoint layouts that a backbone can be read from.

A format recognises a flat state dict by its keys and returns the backbone's tensors under the host's names. To add
one, write its two functions and enter it in :data:`FORMATS`; the order matters, because the first match wins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from agmax_mm.checkpoints.cutmix_authors import cifar_backbone
from agmax_mm.checkpoints.libraries import family_in
from agmax_mm.checkpoints.renaming import (
    EXTRACTOR_PREFIXES,
    State,
    below,
    family_of,
    find_extractor,
    first_names,
    with_counters,
)

# Where two trainers put the other set of weights.
_MMENGINE_EMA, _TIMM_EMA = 'ema_state_dict', 'state_dict_ema'
# Which weights of a run that also kept a moving average of them: what the file has in the usual place, or a named one.
WEIGHTS = ('auto', 'average', 'plain')

# Keys under which trainers wrap their state dict.
_WRAPPERS = ('state_dict', 'model_state_dict')
# Facts about a run beside its weights, in the files of the AgMax authors, the CutMix authors and timm.
_RUN_FACTS = (
    'epoch',
    'best_top1',
    'best_top5',
    'best_epoch',
    'best_model',
    'arch',
    'best_err1',
    'best_err5',
    'metric',
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


def flat_state(checkpoint: Mapping[str, Any], weights: str = 'auto') -> State:
    """Return the tensors of a checkpoint, out of its wrapper and without DataParallel's ``module.``.

    Args:
        checkpoint: What the file holds.
        weights: A name in :data:`WEIGHTS`. mmengine's hook for moving averages saves the average in the usual place,
            timm the plain weights.

    Raises:
        ValueError: If the average is asked for and there is none.
    """
    if weights == 'average' and not has_average(checkpoint):
        raise ValueError('expected a checkpoint with a moving average of the weights (EMA), got one without')
    wrapped = next((checkpoint[key] for key in _WRAPPERS if isinstance(checkpoint.get(key), Mapping)), checkpoint)
    if weights == 'plain' and _MMENGINE_EMA in checkpoint:
        # Beside the weights it counts its steps.
        wrapped = below(checkpoint[_MMENGINE_EMA], 'module.')
    elif weights == 'average' and _TIMM_EMA in checkpoint:
        wrapped = checkpoint[_TIMM_EMA]
    state = {key: value for key, value in wrapped.items() if isinstance(value, Tensor)}
    if state and all(key.startswith('module.') for key in state):
        state = below(state, 'module.')
    return state


def has_average(checkpoint: Mapping[str, Any]) -> bool:
    """Whether a checkpoint has a moving average of the weights beside them."""
    return _MMENGINE_EMA in checkpoint or _TIMM_EMA in checkpoint


def run_facts(checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """What other trainers note beside the weights: epoch, scores, name of the network."""
    return {name: checkpoint[name] for name in _RUN_FACTS if isinstance(checkpoint.get(name), int | float | str)}


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
    """The family of the AgMax authors' networks; of bare extractors their ResNets can't be told from torchvision's."""
    prefix, extractor = find_extractor(state)
    family = family_of(extractor)
    return None if family is None or (family.name == 'ResNet' and not prefix) else family.name


def _authors_backbone(state: Mapping[str, Tensor]) -> State:
    _, extractor = find_extractor(state)
    family = family_of(extractor)
    return {} if family is None else with_counters(family.backbone(extractor))


def _from_library(library: str) -> Callable[[Mapping[str, Tensor]], State]:
    def extract(state: Mapping[str, Tensor]) -> State:
        family = family_in(library, state)
        return {} if family is None else with_counters(family.backbone(state))

    return extract


def _in_library(library: str) -> Callable[[Mapping[str, Tensor]], bool]:
    return lambda state: family_in(library, state) is not None


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
    # Also the AgMax authors' bare ResNet extractors, and timm's ResNets and VGGs.
    'torchvision': SourceFormat(_in_library('torchvision'), _from_library('torchvision'), _IMAGENET_CONTRACT),
    'timm': SourceFormat(_in_library('timm'), _from_library('timm'), _IMAGENET_CONTRACT),
    # By the names alone torchvision's; see is_cutmix_authors.
    'cutmix': SourceFormat(_in_library('torchvision'), _from_library('torchvision'), _IMAGENET_CONTRACT),
    'cutmix_cifar': SourceFormat(
        lambda state: bool(cifar_backbone(state)),
        cifar_backbone,
        _CUTMIX_CIFAR_CONTRACT,
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
