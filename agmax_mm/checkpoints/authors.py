"""Whole classifiers in the AgMax and CutMix authors' checkpoint files, and back: the same logits, under other names.

The AgMax authors' networks for images are covered: wide ResNets, ResNets, RegNets and EfficientNets, with and without
the pair head, which they call ``qnet``. Their networks for speech, LeNet and VGG11, have no counterpart here. Of the
CutMix authors' see :mod:`agmax_mm.checkpoints.cutmix_authors`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import agmax_mm
from agmax_mm.checkpoints import cutmix_authors
from agmax_mm.checkpoints.formats import FORMATS, detect_format, flat_state, is_cutmix_authors, run_facts
from agmax_mm.checkpoints.renaming import (
    EXTRACTOR_PREFIXES,
    State,
    below,
    family_here,
    family_of,
    find_extractor,
    first_names,
)
from agmax_mm.fileio import atomic_path, load_checkpoint_file

_FORMATS = ('agmax', 'agmax_cifar')
_OUR_CLASSIFIER, _OUR_PAIR_HEAD = 'head.fc.', 'agreement.pair_head.layers.'
_THEIR_CLASSIFIER, _THEIR_PAIR_HEAD = 'classifier.', 'qnet.model.'
# The classes of the classifier that timm builds into a network of theirs.
_TIMM_CLASSES = 1000


def authors_of(checkpoint: Mapping[str, Any]) -> str | None:
    """Whose code saved this whole classifier: ``'AgMax'``, ``'CutMix'``, or None for neither's."""
    state = flat_state(checkpoint)
    if any(name.startswith(EXTRACTOR_PREFIXES) for name in state):
        return 'AgMax'
    if is_cutmix_authors(checkpoint) or cutmix_authors.is_cifar_classifier(state):
        return 'CutMix'
    return None


def to_agmax_mm(checkpoint: Mapping[str, Any]) -> State:
    """Rename one of the AgMax authors' classifiers.

    Args:
        checkpoint: What their file holds, or its state dict; written by ``DataParallel`` or not.

    Returns:
        The state dict of an :class:`~agmax_mm.models.AgMaxClassifier` with a linear head: ``backbone.``, ``head.fc.``
        and, where the file has a ``qnet``, ``agreement.pair_head.``. timm's own classifier, which their networks carry
        along unused, is dropped.

    Raises:
        ValueError: If it is no classifier of theirs, or has tensors that are none of a known network's.
    """
    state = flat_state(checkpoint)
    prefix, extractor = find_extractor(state)
    family = family_of(extractor)
    classifier = below(state, prefix.removesuffix('feature_extractor.') + _THEIR_CLASSIFIER)
    if family is None or not prefix or set(classifier) != {'weight', 'bias'}:
        raise ValueError(
            "expected a wide ResNet, ResNet, RegNet or EfficientNet classifier of the AgMax authors' (keys below "
            'feature_extractor. and classifier.; their networks for speech are not known here, their extractors alone '
            f'are read by tools/export_backbone.py), got the keys {first_names(state)}'
        )
    pair_head = below(state, _THEIR_PAIR_HEAD)
    if (extra := len(state) - len(extractor) - len(classifier) - len(pair_head)) > 0:
        raise ValueError(
            f"the AgMax authors' {family.name}: expected its tensors alone, got {extra} others beside them"
        )
    return {
        **_prefixed(FORMATS[detect_format(state, 'checkpoint')].extract(state), 'backbone.'),
        **_prefixed(classifier, _OUR_CLASSIFIER),
        **_prefixed(pair_head, _OUR_PAIR_HEAD),
    }


def to_authors(state: Mapping[str, Tensor]) -> State:
    """Rename a classifier of this package as the AgMax authors' code would have saved it.

    Args:
        state: State dict of an :class:`~agmax_mm.models.AgMaxClassifier` with a linear head.

    Returns:
        Their names below ``module.``, since their code always trains within ``DataParallel`` on GPUs; the layout of two
        views if there is a pair head, else that of their baseline. timm's unused classifier is filled with zeros.

    Raises:
        ValueError: If the network is none of theirs or the head is not linear.
    """
    state = flat_state(state)
    backbone, head = below(state, 'backbone.'), below(state, _OUR_CLASSIFIER)
    family = family_here(backbone)
    if family is None or set(head) != {'weight', 'bias'}:
        raise ValueError(
            'expected a network that the AgMax authors have (wide ResNet, ResNet, RegNet, EfficientNet) with a linear '
            f'head, got the keys {first_names(state)}'
        )
    pair_head = below(state, _OUR_PAIR_HEAD)
    inner = 'module.backbone.' if pair_head else 'module.'
    extractor = family.extractor(backbone)
    if family.unused:
        idle = torch.zeros(_TIMM_CLASSES, head['weight'].shape[1])
        extractor |= {f'{family.unused}weight': idle, f'{family.unused}bias': idle[:, 0].clone()}
    return {
        **_prefixed(extractor, f'{inner}feature_extractor.'),
        **_prefixed(head, inner + _THEIR_CLASSIFIER),
        **_prefixed(pair_head, f'module.{_THEIR_PAIR_HEAD}'),
    }


def own_checkpoint(checkpoint: dict[str, Any], source: str) -> dict[str, Any]:
    """Return a checkpoint that the rest of the package can load: as it is, or renamed if it is one of the authors'.

    Args:
        checkpoint: What the file holds.
        source: Name of the file, for the provenance and for messages.

    Returns:
        ``checkpoint`` itself, or ``state_dict`` and ``meta``, where ``meta['agmax_mm']`` says where it comes from and
        which preprocessing the authors are known to have trained with.

    Raises:
        ValueError: If it is one of the authors', but of a network that is not known here.
    """
    whose = authors_of(checkpoint)
    if whose is None:
        return checkpoint
    plain = flat_state(checkpoint)
    try:
        state = to_agmax_mm(checkpoint) if whose == 'AgMax' else cutmix_authors.to_agmax_mm(plain)
    except ValueError as error:
        raise ValueError(f'checkpoint {source!r}: {error}') from None
    facts = run_facts(checkpoint)
    note = {
        'recipe': f"the {whose} authors' {facts.get('best_model', source)}",
        'contract': FORMATS[detect_format(plain, source)].contract,
        'num_classes': len(state[f'{_OUR_CLASSIFIER}bias']),
        'package_version': agmax_mm.__version__,
        'converted': {'from': source, **facts},
    }
    return {'state_dict': state, 'meta': {'agmax_mm': note}}


def authors_checkpoint(checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the AgMax authors' ``--resume`` reads, with an optimiser that has not begun.

    Raises:
        ValueError: If the network is none of theirs, see :func:`to_authors`.
    """
    state = to_authors(flat_state(checkpoint))
    buffers = ('running_mean', 'running_var', 'num_batches_tracked')
    count = sum(not name.endswith(buffers) for name in state)
    group = {
        'lr': 0.1,
        'momentum': 0.9,
        'dampening': 0,
        'weight_decay': 0.0,
        'nesterov': True,
        'params': list(range(count)),
    }
    return {
        'epoch': 0,
        'best_top1': 0,
        'best_top5': 0,
        'best_epoch': 0,
        'best_model': '',
        'model_state_dict': state,
        'optimizer_state_dict': {'state': {}, 'param_groups': [group]},
        'scheduler_state_dict': {},
    }


def convert_file(path: str | os.PathLike[str], out: str | os.PathLike[str], to: str = 'agmax_mm') -> str:
    """Convert a checkpoint file; the result is written whole or not at all.

    Args:
        path: The file to read, as weights only.
        out: The ``.pth`` file to write.
        to: ``'agmax_mm'``, ``'authors'`` for the AgMax authors', or ``'cutmix_authors'``.

    Returns:
        A description of what was written, in one line.

    Raises:
        ValueError: If the file is missing, damaged, or no checkpoint of the other side, or ``out`` has another suffix.
    """
    source = Path(path)
    if Path(out).suffix != '.pth':
        raise ValueError(f'converted checkpoint: expected a name ending in .pth, got {str(out)!r}')
    checkpoint = load_checkpoint_file(source)
    whose = authors_of(checkpoint)
    if (whose is None) == (to == 'agmax_mm'):
        expected, got = 'one of this package', f"the {whose} authors'"
        if whose is None:
            expected, got = "one of the AgMax or CutMix authors'", 'another'
        raise ValueError(f'checkpoint {str(source)!r}: expected {expected}, got {got}')
    if to != 'agmax_mm':
        write = authors_checkpoint if to == 'authors' else cutmix_authors.checkpoint_of
        try:
            converted = write(flat_state(checkpoint))
        except ValueError as error:
            raise ValueError(f'checkpoint {str(source)!r}: {error}') from None
    else:
        converted = own_checkpoint(checkpoint, source.name)
        sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
        converted['meta']['agmax_mm']['converted']['sha256'] = sha256
    with atomic_path(out) as temporary:
        torch.save(converted, temporary)
    state = flat_state(converted)
    paired = any(name.startswith((_OUR_PAIR_HEAD, _THEIR_PAIR_HEAD)) for name in state)
    return f'{len(state)} tensors, {"with" if paired else "without"} pair head'


def _prefixed(state: Mapping[str, Tensor], prefix: str) -> State:
    return {prefix + name: value for name, value in state.items()}
