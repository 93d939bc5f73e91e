"""From a checkpoint to a backbone file: whose checkpoint, which of its weights, in whose names."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

import torch

from agmax_mm.checkpoints.files import find_checkpoint, read_weights, write_weights
from agmax_mm.checkpoints.formats import FORMATS, WEIGHTS, flat_state, has_average, is_cutmix_authors, run_facts
from agmax_mm.checkpoints.libraries import LIBRARIES, last_layer, ssd_layers, to_library
from agmax_mm.transfer.backbone import Backbone, read_backbone, write_backbone

HOST = 'openmmlab'
TARGETS = (HOST, *LIBRARIES)


@dataclass(frozen=True)
class Source:
    """What to export.

    Attributes:
        path: Checkpoint, exported file, or a run's folder.
        format: A name in :data:`~agmax_mm.checkpoints.formats.FORMATS`, or ``'auto'``.
        weights: A name in :data:`~agmax_mm.checkpoints.formats.WEIGHTS`.
        pick: A name in :data:`~agmax_mm.checkpoints.files.PICKS`, for folders.
    """

    path: str | os.PathLike[str]
    format: str = 'auto'
    weights: str = 'auto'
    pick: str = 'last'


def read_source(source: Source) -> Backbone:
    """Read the backbone of a checkpoint, with what its trainer noted about the run as ``info['run']``.

    Raises:
        ValueError: As :func:`~agmax_mm.transfer.backbone.read_backbone`, or if the chosen weights are not there.
    """
    if source.weights not in WEIGHTS:
        raise ValueError(f'weights: expected one of {", ".join(WEIGHTS)}, got {source.weights!r}')
    path = find_checkpoint(source.path, source.pick)
    checkpoint = read_weights(path)
    backbone = read_backbone(path, source.format)
    tensors, info = backbone.tensors, dict(backbone.info)
    if source.weights != 'auto':
        try:
            state = flat_state(checkpoint, source.weights)
        except ValueError as error:
            raise ValueError(f'checkpoint {path!r}: {error}') from None
        tensors = FORMATS[info['format']].extract(state)
        if tensors.keys() != backbone.tensors.keys():
            raise ValueError(f'checkpoint {path!r}: expected the same tensors in both sets of weights, got others')
        bad = [name for name, value in tensors.items() if not torch.isfinite(value).all()]
        if bad:
            raise ValueError(f'checkpoint {path!r}: expected finite weights, got infinite or NaN values in {bad[0]}')
    if has_average(checkpoint):
        info['weights'] = source.weights if source.weights != 'auto' else _usual(checkpoint)
    if facts := run_facts(checkpoint):
        info['run'] = facts
    if is_cutmix_authors(checkpoint) and info['format'] == 'torchvision':
        info['format'] = 'cutmix'
    return Backbone(tensors, info, path)


def write_export(backbone: Backbone, out: str | os.PathLike[str], to: str = HOST) -> str:
    """Write a backbone in the names of a library, whole or not at all.

    Args:
        backbone: What to write.
        out: File, whose suffix chooses the form, see :func:`~agmax_mm.checkpoints.files.write_weights`.
        to: ``'openmmlab'`` (keys below ``backbone.``), ``'torchvision'`` or ``'timm'`` (no prefix), or ``'ssdvgg'``
            (keys below ``backbone.`` in the names of mmdet's SSDVGG, with its two further layers where the checkpoint
            has the classifier that they come from).

    Returns:
        What there is to know about the file, in one line.

    Raises:
        ValueError: If the library does not have the network, or the suffix is unknown.
    """
    if to not in TARGETS:
        raise ValueError(f'names: expected one of {", ".join(TARGETS)}, got {to!r}')
    if to == HOST:
        write_backbone(backbone, out)
        return backbone.summary()
    tensors = to_library(to, backbone.tensors)
    if to != 'ssdvgg':
        write_weights(tensors, backbone.info, out)
        return f'{backbone.summary()}, in the names of {to}, without classifier'
    further = ssd_layers(flat_state(read_weights(backbone.path)), last_layer(tensors))
    write_backbone(replace(backbone, tensors={**tensors, **further}), out)
    rest = 'with its two further layers from the classifier'
    if not further:
        rest = 'without its two further layers, which init_cfg leaves random and default_hooks.backbone refuses'
    return f'{backbone.summary()}, in the names of SSDVGG, {rest}'


def _usual(checkpoint: dict[str, object]) -> str:
    """Which weights are in the usual place."""
    return 'average' if 'ema_state_dict' in checkpoint else 'plain'
