"""Whole classifiers in the AgMax and CutMix authors' checkpoint files, and back: the same logits, under other names.

The AgMax authors' networks are wide ResNets, ResNets, RegNets and EfficientNets for images, LeNet5 and VGG11 for
speech, all with and without the pair head, which they call ``qnet``. Of the CutMix authors' see
:mod:`agmax_mm.checkpoints.cutmix_authors`.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from agmax_mm.checkpoints.renaming import (
    SPEECH_FAMILIES,
    State,
    family_here,
    family_of,
    find_extractor,
    tensors_under,
    with_counters,
)
from agmax_mm.wording import first_names

LAYOUTS = ('auto', 'two-views', 'baseline')
OUR_CLASSIFIER, OUR_PAIR_HEAD = 'head.fc.', 'agreement.pair_head.layers.'
_THEIR_CLASSIFIER, THEIR_PAIR_HEAD = 'classifier.', 'qnet.model.'
# The classes of the classifier that timm builds into a network of theirs.
_TIMM_CLASSES = 1000
_WEIGHT_DECAY = {'WideResNet': 5e-4, 'ResNet': 1e-4, 'LeNet5': 5e-4, 'VGG11': 1e-4}


def backbone_of(state: Mapping[str, Tensor]) -> State:
    """The backbone in a flat state dict of theirs, under the host's names; empty for networks that are not known."""
    _, extractor = find_extractor(state)
    family = family_of(extractor)
    return {} if family is None else with_counters(family.backbone(extractor))


def to_agmax_mm(state: Mapping[str, Tensor]) -> State:
    """Rename one of the AgMax authors' classifiers.

    Args:
        state: Its flat state dict, without ``module.``.

    Returns:
        The state dict of an :class:`~agmax_mm.models.AgMaxClassifier` with a linear head: ``backbone.``, ``head.fc.``
        and, where the file has a ``qnet``, ``agreement.pair_head.``. timm's own classifier, which their networks carry
        along unused, is dropped.

    Raises:
        ValueError: If it is no classifier of theirs, or has tensors that are none of a known network's.
    """
    prefix, extractor = find_extractor(state)
    family = family_of(extractor)
    output = _THEIR_CLASSIFIER + (family.output if family else '')
    classifier = tensors_under(state, prefix.removesuffix('feature_extractor.') + output)
    if family is None or not prefix or set(classifier) != {'weight', 'bias'}:
        raise ValueError(
            "expected a wide ResNet, ResNet, RegNet, EfficientNet, LeNet5 or VGG11 classifier of the AgMax authors' "
            '(keys below feature_extractor. and classifier.; their extractors alone are read by '
            f'tools/export_backbone.py), got the keys {first_names(state, empty="no tensors")}'
        )
    pair_head = tensors_under(state, THEIR_PAIR_HEAD)
    if (extra := len(state) - len(extractor) - len(classifier) - len(pair_head)) > 0:
        raise ValueError(
            f"the AgMax authors' {family.name}: expected its tensors alone, got {extra} others beside them"
        )
    return {
        **_prefixed(backbone_of(state), 'backbone.'),
        **_prefixed(classifier, OUR_CLASSIFIER),
        **_prefixed(pair_head, OUR_PAIR_HEAD),
    }


def weight_decay_of(state: Mapping[str, Tensor]) -> float:
    """The weight decay that the authors train a network of theirs with, given its state dict under our names.

    Source: their ``constant.py`` and ``features/*.py``: 5e-4 on CIFAR, 1e-4 for ResNets and 5e-5 for RegNets and
    EfficientNets on ImageNet; for speech the paper's section 4.3.
    """
    return _WEIGHT_DECAY.get(_family_name(state), 5e-5)


def trains_by_adam(state: Mapping[str, Tensor]) -> bool:
    """Whether the authors train a network of theirs, given by its state dict under our names, by Adam."""
    return _family_name(state) in SPEECH_FAMILIES


def _family_name(state: Mapping[str, Tensor]) -> str:
    family = family_here(tensors_under(state, 'backbone.'))
    return family.name if family else ''


def to_authors(state: Mapping[str, Tensor], layout: str = 'auto') -> State:
    """Rename a classifier of this package as the AgMax authors' code would have saved it.

    Args:
        state: State dict of an :class:`~agmax_mm.models.AgMaxClassifier` with a linear head.
        layout: A name in :data:`LAYOUTS`: ``'two-views'``, which their agreements without a pair head have, too;
            ``'baseline'``, which leaves a pair head out; ``'auto'`` for two views if there is a pair head.

    Returns:
        Their names below ``module.``, since their code always trains within ``DataParallel`` on GPUs. timm's unused
        classifier is filled with zeros.

    Raises:
        ValueError: If the network is none of theirs, the head is not linear, or the layout is unknown.
    """
    if layout not in LAYOUTS:
        raise ValueError(f'layout: expected one of {", ".join(LAYOUTS)}, got {layout!r}')
    backbone, head = tensors_under(state, 'backbone.'), tensors_under(state, OUR_CLASSIFIER)
    family = family_here(backbone)
    if family is None or set(head) != {'weight', 'bias'}:
        raise ValueError(
            'expected a network that the AgMax authors have (wide ResNet, ResNet, RegNet, EfficientNet, LeNet5, VGG11) '
            f'with a linear head, got the keys {first_names(state, empty="no tensors")}'
        )
    pair_head = tensors_under(state, OUR_PAIR_HEAD) if layout != 'baseline' else {}
    inner = 'module.backbone.' if pair_head or layout == 'two-views' else 'module.'
    extractor = family.extractor(backbone)
    if family.unused:
        idle = torch.zeros(_TIMM_CLASSES, head['weight'].shape[1])
        extractor |= {f'{family.unused}weight': idle, f'{family.unused}bias': idle[:, 0].clone()}
    hidden = {name: value for name, value in extractor.items() if family.output and name.startswith(_THEIR_CLASSIFIER)}
    extractor = {name: value for name, value in extractor.items() if name not in hidden}
    return {
        **_prefixed(extractor, f'{inner}feature_extractor.'),
        **_prefixed(hidden, inner),
        **_prefixed(head, inner + _THEIR_CLASSIFIER + family.output),
        **_prefixed(pair_head, f'module.{THEIR_PAIR_HEAD}'),
    }


def _prefixed(state: Mapping[str, Tensor], prefix: str) -> State:
    return {prefix + name: value for name, value in state.items()}
