"""Whole classifiers from others' files into this package's names, and into the files that the authors' code reads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from agmax_mm.checkpoints.authors import (
    OUR_PAIR_HEAD,
    THEIR_PAIR_HEAD,
    to_authors,
    trains_by_adam,
    weight_decay_of,
)
from agmax_mm.checkpoints.checkpoint import Checkpoint, read_checkpoint
from agmax_mm.checkpoints.cutmix_authors import checkpoint_of
from agmax_mm.fileio import atomic_path

TARGETS = ('agmax_mm', 'authors', 'cutmix_authors')
_BUFFERS = ('running_mean', 'running_var', 'num_batches_tracked')


def convert_file(
    path: str | os.PathLike[str], out: str | os.PathLike[str], to: str = 'agmax_mm', layout: str = 'auto'
) -> str:
    """Convert a checkpoint file; the result is written whole or not at all.

    Args:
        path: The file to read, as weights only.
        out: The ``.pth`` file to write.
        to: ``'agmax_mm'``, ``'authors'`` for the AgMax authors', or ``'cutmix_authors'``.
        layout: For the AgMax authors', a name in :data:`~agmax_mm.checkpoints.authors.LAYOUTS`.

    Returns:
        A description of what was written, in one line.

    Raises:
        ValueError: If the file is missing, damaged, or no whole classifier of the other side, or ``out`` has another
            suffix.
    """
    if Path(out).suffix != '.pth':
        raise ValueError(f'converted checkpoint: expected a name ending in .pth, got {str(out)!r}')
    checkpoint = read_checkpoint(path)
    if (checkpoint.owner is None) == (to == 'agmax_mm'):
        others = "one of the AgMax or CutMix authors', torchvision's or timm's"
        expected, got = (others, 'another') if to == 'agmax_mm' else ('one of this package', str(checkpoint.owner))
        raise ValueError(f'checkpoint {checkpoint.path!r}: expected {expected}, got {got}')
    content, tensors = _own(checkpoint) if to == 'agmax_mm' else _theirs(checkpoint, to, layout)
    with atomic_path(out) as temporary:
        torch.save(content, temporary)
    paired = any(name.startswith((OUR_PAIR_HEAD, f'module.{THEIR_PAIR_HEAD}')) for name in tensors)
    return f'{len(tensors)} tensors, {"with" if paired else "without"} pair head'


def authors_checkpoint(state: Mapping[str, Tensor], layout: str = 'auto') -> dict[str, Any]:
    """Return what the AgMax authors' ``--resume`` reads, with an optimiser that has not begun.

    Args:
        state: State dict of an :class:`~agmax_mm.models.AgMaxClassifier` with a linear head.
        layout: A name in :data:`~agmax_mm.checkpoints.authors.LAYOUTS`.

    Raises:
        ValueError: If the network is none of theirs, see :func:`~agmax_mm.checkpoints.authors.to_authors`.
    """
    theirs = to_authors(state, layout)
    adam = {'lr': 0.003, 'betas': (0.9, 0.999), 'eps': 1e-8, 'amsgrad': False}
    sgd = {'lr': 0.1, 'momentum': 0.9, 'dampening': 0, 'nesterov': True}
    group = {
        **(adam if trains_by_adam(state) else sgd),
        # Torch takes it from here, whatever their command says.
        'weight_decay': weight_decay_of(state),
        'params': list(range(sum(not name.endswith(_BUFFERS) for name in theirs))),
    }
    return {
        'epoch': 0,
        'best_top1': 0,
        'best_top5': 0,
        'best_epoch': 0,
        'best_model': '',
        'model_state_dict': theirs,
        'optimizer_state_dict': {'state': {}, 'param_groups': [group]},
        'scheduler_state_dict': {},
    }


def _own(checkpoint: Checkpoint) -> tuple[dict[str, Any], Mapping[str, Tensor]]:
    own = checkpoint.own()
    if not any(name.startswith(('head.', 'backbone.classifier.')) for name in own.tensors):
        raise ValueError(
            f'checkpoint {checkpoint.path!r}: expected a whole classifier, got a backbone alone, which '
            'tools/export_backbone.py takes'
        )
    return own.content, own.tensors


def _theirs(checkpoint: Checkpoint, to: str, layout: str) -> tuple[dict[str, Any], Mapping[str, Tensor]]:
    try:
        content = (
            authors_checkpoint(checkpoint.tensors, layout) if to == 'authors' else checkpoint_of(checkpoint.tensors)
        )
    except ValueError as error:
        raise ValueError(f'checkpoint {checkpoint.path!r}: {error}') from None
    return content, content['model_state_dict' if to == 'authors' else 'state_dict']
