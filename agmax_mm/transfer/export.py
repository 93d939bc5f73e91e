"""A backbone as a file in the names of a library."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from agmax_mm.checkpoints.files import write_weights
from agmax_mm.checkpoints.libraries import LIBRARIES, last_layer, ssd_layers, to_library
from agmax_mm.transfer.backbone import Backbone, write_backbone
from agmax_mm.transfer.model_card import DataStatement, card_paths, write_card

HOST = 'openmmlab'
TARGETS = (HOST, *LIBRARIES)


def write_export(
    backbone: Backbone, out: str | os.PathLike[str], to: str = HOST, data: DataStatement | None = None
) -> str:
    """Write a backbone in the names of a library, with its card; each file whole or not at all.

    Args:
        backbone: What to write.
        out: File, whose suffix chooses the form, see :func:`~agmax_mm.checkpoints.files.write_weights`; the card is
            called as the file is (``.card.md``, ``.card.json``). Or, without a suffix, a folder in the hub's layout.
        to: ``'openmmlab'`` (keys below ``backbone.``), ``'torchvision'`` or ``'timm'`` (no prefix), or ``'ssdvgg'``
            (keys below ``backbone.`` in the names of mmdet's SSDVGG, with its two further layers where the checkpoint
            has the classifier that they come from).
        data: What the user says of the data, for the card.

    Returns:
        What there is to know about the file, in one line.

    Raises:
        ValueError: If the library does not have the network, the suffix is unknown, or the folder is in use.
    """
    if to not in TARGETS:
        raise ValueError(f'names: expected one of {", ".join(TARGETS)}, got {to!r}')
    weights, *_ = card_paths(Path(out))
    tensors = backbone.tensors if to == HOST else to_library(to, backbone.tensors)
    line = backbone.summary()
    if to == 'ssdvgg':
        further = ssd_layers(backbone.network, last_layer(tensors))
        tensors = {**tensors, **further}
        rest = 'with its two further layers from the classifier'
        if not further:
            rest = 'without its two further layers, which init_cfg leaves random and default_hooks.backbone refuses'
        line = f'{line}, in the names of SSDVGG, {rest}'
    elif to != HOST:
        line = f'{line}, in the names of {to}, without classifier'
    if to in (HOST, 'ssdvgg'):
        write_backbone(replace(backbone, tensors=tensors), weights)
    else:
        write_weights(tensors, backbone.info, weights)
    write_card(backbone, tensors, Path(out), to, data or DataStatement())
    return line
