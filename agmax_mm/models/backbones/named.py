"""Backbones by name: any timm model, and the backbone of any classifier in mmpretrain's model zoo."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from mmengine.logging import print_log

from agmax_mm.models.backbones.timm_backbone import create_timm_model

# Heads with one vector per image as input. A linear classifier can replace them.
_VECTOR_HEADS = (
    'EfficientFormerClsHead',
    'LeViTClsHead',
    'LinearClsHead',
    'StackedLinearClsHead',
    'VisionTransformerClsHead',
)
_LISTINGS = {
    'timm': 'import timm; print(*timm.list_models())',
    'mmpretrain': 'import mmpretrain; print(*mmpretrain.list_models())',
}


@dataclass(frozen=True)
class NamedBackbone:
    """A backbone, and the parts that a classifier needs to put a head on it.

    Attributes:
        backbone: Config of the backbone.
        neck: Config of the neck, a list of them, or None if the backbone gives vectors.
        in_channels: Width of the features, ``in_channels`` of the head.
    """

    backbone: dict[str, Any]
    neck: Any
    in_channels: int


def named_backbone(name: str, **options: Any) -> NamedBackbone:
    """Look up a backbone by name. It starts untrained: no weights are loaded, nothing is downloaded.

    Args:
        name: ``timm/<model>`` with a name of ``timm.list_models()``, or ``mmpretrain/<model>`` with one of
            ``mmpretrain.list_models()`` that is a classifier with a linear head.
        options: Further arguments of the backbone, such as ``img_size=32``.

    Raises:
        ValueError: If the name is unknown; the nearest known ones are in the message. If the model is no classifier
            with a linear head.
    """
    library, slash, model = name.partition('/')
    if not slash or library not in _LISTINGS:
        near = [f'{known}/{match}' for known in _LISTINGS for match in _nearest(model or name, _known(known), 2)]
        raise ValueError(f'backbone: expected timm/<model> or mmpretrain/<model>, got {name!r}{_did_you_mean(near)}')
    return _timm(model, options) if library == 'timm' else _mmpretrain(model, options)


def _timm(model: str, options: dict[str, Any]) -> NamedBackbone:
    import timm

    architecture, dot, tag = model.partition('.')
    if not timm.is_model(model):
        raise _unknown('timm', architecture)
    if dot:
        print_log(
            f'backbone timm/{model}: the tag {tag!r} names weights, which are not loaded: it starts untrained',
            logger='current',
            level=30,
        )
    with torch.device('meta'):  # building the model tells the width of the features; here it takes no memory
        width = create_timm_model(architecture, **options).head_hidden_size
    backbone = dict(type='agmax_mm.TimmBackbone', model_name=architecture, **options)
    return NamedBackbone(backbone, dict(type='mmpretrain.GlobalAveragePooling'), width)


def _mmpretrain(model: str, options: dict[str, Any]) -> NamedBackbone:
    from mmpretrain.apis.model import ModelHub

    if model not in _known('mmpretrain'):
        raise _unknown('mmpretrain', model)
    try:
        config = ModelHub.get(model).config.model.to_dict()
    except (RuntimeError, KeyError) as error:  # some entries of the host's list have no usable config
        raise ValueError(f"backbone mmpretrain/{model}: mmpretrain can't read its own config of it: {error}") from None
    head = config.get('head') or {}
    if config['type'] != 'ImageClassifier' or head.get('type') not in _VECTOR_HEADS:
        got = config['type'] if config['type'] != 'ImageClassifier' else f'the head {head.get("type")}'
        raise ValueError(f'backbone mmpretrain/{model}: expected a classifier with a linear head, got {got}')
    backbone = {**config['backbone'], **options}
    # Pretrained weights would be downloaded. Frozen stages would then stay at random values.
    backbone.pop('frozen_stages', None)
    if 'Pretrained' in str(backbone.get('init_cfg')):
        del backbone['init_cfg']
    neck = config.get('neck')
    if neck is not None:
        neck = [_scoped(part) for part in neck] if isinstance(neck, list) else _scoped(neck)
    return NamedBackbone(_scoped(backbone), neck, head['in_channels'])


def _scoped(config: dict[str, Any]) -> dict[str, Any]:
    return {**config, '_scope_': 'mmpretrain'}


def _known(library: str) -> Sequence[str]:
    if library == 'timm':
        import timm

        return timm.list_models()
    from mmpretrain import list_models

    return list_models()


def _unknown(library: str, model: str) -> ValueError:
    near = [f'{library}/{match}' for match in _nearest(model, _known(library), 3)]
    return ValueError(
        f'backbone: {library} knows no model {model!r}{_did_you_mean(near)}; '
        f"python -c '{_LISTINGS[library]}' lists all {len(_known(library))}"
    )


def _nearest(model: str, known: Sequence[str], count: int) -> list[str]:
    return difflib.get_close_matches(model.lower(), known, n=count, cutoff=0.5)


def _did_you_mean(names: Sequence[str]) -> str:
    return f'; the nearest known: {", ".join(names)}' if names else ''
