"""A backbone as a file in the names of a library."""

from __future__ import annotations

import os
from dataclasses import replace

from agmax_mm.checkpoints.files import write_weights
from agmax_mm.checkpoints.libraries import LIBRARIES, last_layer, ssd_layers, to_library
from agmax_mm.transfer.backbone import Backbone, write_backbone

HOST = 'openmmlab'
TARGETS = (HOST, *LIBRARIES)


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
    further = ssd_layers(backbone.network, last_layer(tensors))
    write_backbone(replace(backbone, tensors={**tensors, **further}), out)
    rest = 'with its two further layers from the classifier'
    if not further:
        rest = 'without its two further layers, which init_cfg leaves random and default_hooks.backbone refuses'
    return f'{backbone.summary()}, in the names of SSDVGG, {rest}'
