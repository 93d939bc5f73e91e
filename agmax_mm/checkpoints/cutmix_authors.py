"""The CutMix authors' networks and whole classifiers: the same names as here, but for prefixes and the classifier's.

Their names are those of github.com/clovaai/CutMix-PyTorch, ``pyramidnet.py`` and ``resnet.py``. Covered are what the
paper trained: PyramidNets and ResNets for CIFAR with bottleneck blocks, and ResNets for ImageNet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from agmax_mm.checkpoints.renaming import State, tensors_under, with_counters
from agmax_mm.wording import first_names

_CIFAR_NETWORKS = ('PyramidNet', 'CIFARResNet')
_THEIR_CLASSIFIER = 'fc.'
_OUR_BACKBONE, _OUR_CLASSIFIER = 'backbone.', 'head.fc.'
# Every tensor of every one of their networks, but for the classifier's.
_TENSOR = re.compile(
    r'(conv1|bn1|bn_final|layer[1-4]\.\d+\.(conv[1-3]|bn[1-4]|downsample\.[01]))'
    r'\.(weight|bias|running_mean|running_var|num_batches_tracked)'
)
# Last stage, channels and kernel of the stem, and a tensor that only the one network has.
_NETWORKS = {
    'PyramidNet': ('layer3', 16, 3, 'layer1.0.bn4.weight'),
    'CIFARResNet': ('layer3', 16, 3, 'layer1.0.downsample.0.weight'),
    'ResNet': ('layer4', 64, 7, 'layer1.0.conv2.weight'),
}


def network_of(backbone: Mapping[str, Tensor]) -> str | None:
    """The type of their network that these tensors make up: ``'PyramidNet'``, ``'CIFARResNet'``, ``'ResNet'`` or None.

    Args:
        backbone: Name without prefix to tensor, without the classifier's; theirs or ours.
    """
    if 'conv1.weight' not in backbone or not all(_TENSOR.fullmatch(name) for name in backbone):
        return None
    stem = backbone['conv1.weight'].shape
    last = max((name.split('.')[0] for name in backbone if name.startswith('layer')), default='')
    for network, (stage, channels, kernel, mark) in _NETWORKS.items():
        if (last, stem[0], stem[-1]) == (stage, channels, kernel) and mark in backbone:
            # ResNeXts and wide ResNets have a ResNet's names.
            plain = network != 'ResNet' or backbone[mark].shape[:2] == (64, 64)
            return network if plain else None
    return None


def cifar_backbone(state: Mapping[str, Tensor]) -> State:
    """The backbone in a flat state dict of one of their CIFAR networks, with or without classifier; else nothing."""
    backbone = _without_classifier(state)
    return with_counters(backbone) if network_of(backbone) in _CIFAR_NETWORKS else {}


def to_agmax_mm(state: Mapping[str, Tensor]) -> State:
    """Rename one of their classifiers.

    Args:
        state: Its flat state dict, without ``module.``.

    Returns:
        The state dict of an :class:`~agmax_mm.models.AgMaxClassifier` with a linear head.

    Raises:
        ValueError: If it is no classifier of theirs, or has tensors that are none of a known network's.
    """
    backbone, classifier = _without_classifier(state), tensors_under(state, _THEIR_CLASSIFIER)
    if network_of(backbone) is None or set(classifier) != {'weight', 'bias'}:
        raise ValueError(
            "expected a PyramidNet or ResNet classifier of the CutMix authors' (bottleneck blocks for CIFAR), and "
            f'nothing else beside it, got the keys {first_names(state, empty="no tensors")}'
        )
    return {
        **{_OUR_BACKBONE + name: value for name, value in with_counters(backbone).items()},
        **{_OUR_CLASSIFIER + name: value for name, value in classifier.items()},
    }


def checkpoint_of(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """The content of a file that their ``test.py --pretrained`` reads, from a network of this package's.

    Args:
        state: State dict of an :class:`~agmax_mm.models.AgMaxClassifier` with a linear head; a pair head, which they
            don't have, is left out.

    Raises:
        ValueError: If the network is none of theirs or the head is not linear.
    """
    backbone, classifier = tensors_under(state, _OUR_BACKBONE), tensors_under(state, _OUR_CLASSIFIER)
    network = network_of(backbone)
    if network is None or set(classifier) != {'weight', 'bias'}:
        raise ValueError(
            'expected a network that the CutMix authors have (PyramidNet, ResNet, CIFARResNet) with a linear head, '
            f'got the keys {first_names(state, empty="no tensors")}'
        )
    tensors = {**backbone, **{_THEIR_CLASSIFIER + name: value for name, value in classifier.items()}}
    return {
        'epoch': 0,
        'arch': 'pyramidnet' if network == 'PyramidNet' else 'resnet',
        # Their code always trains within DataParallel.
        'state_dict': {f'module.{name}': value for name, value in tensors.items()},
        'best_err1': 100.0,
        'best_err5': 100.0,
    }


def _without_classifier(state: Mapping[str, Tensor]) -> State:
    return {name: value for name, value in state.items() if not name.startswith(_THEIR_CLASSIFIER)}
