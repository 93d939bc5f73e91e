"""The preprocessing contract: which input and which structure a backbone was trained with.

A state dict does not hold the pixel mean, the standard deviation, the channel order and the place of the stride.
Weights load without an error into a model that differs in them, and that model computes something else. So these facts
are stored beside the weights, as a *contract*, and are compared before training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from agmax_mm.host import unwrap

# Attributes that describe the host's backbones. The detector may use another class for the same backbone.
_BACKBONE_FACTS = ('depth', 'base_channels', 'stem_channels', 'strides', 'dilations', 'deep_stem', 'avg_down', 'groups')
# Strides and dilations are absent here: detectors change them deliberately, around the same weights.
_COMPARED_FACTS = ('depth', 'base_channels', 'deep_stem', 'avg_down', 'groups')
_TOLERANCE = 0.01


def preprocessing_contract(model: nn.Module) -> dict[str, Any]:
    """Describe how ``model`` prepares an image and what its backbone is.

    Args:
        model: A classifier of mmpretrain or a detector of mmdet. It may be wrapped for data parallelism. Its pipeline
            must load images as BGR (the host's default).

    Returns:
        JSON-able mapping: ``mean`` and ``std`` (lists, one value per channel or one for all, on the 0-255 scale; no
        normalisation is mean 0, std 1), ``channel_order`` (``'rgb'`` or ``'bgr'``, what the backbone sees), ``style``
        (``'pytorch'``, ``'caffe'`` or None where the backbone has no such notion) and ``backbone`` (its type and the
        sizes it declares).

    Raises:
        ValueError: If the model has no ``backbone`` or no ``data_preprocessor``.
    """
    model = unwrap(model)
    preprocessor = _part(model, 'data_preprocessor')
    backbone = _part(model, 'backbone')
    # mmpretrain calls the switch `to_rgb`; mmengine's preprocessor (and so mmdet's) keeps `_channel_conversion`.
    swaps_channels = getattr(preprocessor, 'to_rgb', getattr(preprocessor, '_channel_conversion', False))
    facts = {name: _plain(getattr(backbone, name)) for name in _BACKBONE_FACTS if hasattr(backbone, name)}
    return {
        'mean': _channel_values(preprocessor, 'mean', 0.0),
        'std': _channel_values(preprocessor, 'std', 1.0),
        'channel_order': 'rgb' if swaps_channels else 'bgr',
        'style': getattr(backbone, 'style', None),
        'backbone': {'type': type(backbone).__name__, **facts},
    }


def contract_mismatches(stored: Mapping[str, Any], model: nn.Module) -> list[str]:
    """Compare a stored contract with ``model``.

    A fact is compared if both sides state it. Strides and dilations are not compared.

    Args:
        stored: Result of :func:`preprocessing_contract` for the pre-trained model.
        model: Model that will use the backbone.

    Returns:
        One line per difference, with the values that the backbone expects and the model has; empty if compatible.
    """
    actual = preprocessing_contract(model)
    lines = []
    for name in ('mean', 'std'):
        expected = stored.get(name)
        if expected is not None and not _same_values(expected, actual[name]):
            lines.append(f'{name}: the backbone expects {list(expected)}, the model has {actual[name]}')
    for name in ('channel_order', 'style'):
        expected = stored.get(name)
        if None not in (expected, actual[name]) and expected != actual[name]:
            lines.append(f'{name}: the backbone expects {expected!r}, the model has {actual[name]!r}')
    facts = stored.get('backbone', {})
    for name in _COMPARED_FACTS:
        expected, found = facts.get(name), actual['backbone'].get(name)
        if None not in (expected, found) and expected != found:
            lines.append(f'backbone {name}: the file has {expected}, the model has {found}')
    return lines


def _part(model: nn.Module, name: str) -> nn.Module:
    part = getattr(model, name, None)
    if not isinstance(part, nn.Module):
        raise ValueError(f'expected a model with a {name}, got {type(model).__name__}, which has none')
    return part


def _channel_values(preprocessor: nn.Module, name: str, default: float) -> list[float]:
    values = getattr(preprocessor, name, None)
    # Rounded, because the buffers are float32 and 123.675 would come back as 123.67500305.
    return [default] if values is None else [round(float(value), 4) for value in values.flatten()]


def _same_values(expected: Sequence[float], actual: Sequence[float]) -> bool:
    size = max(len(expected), len(actual))
    if {len(expected), len(actual)} - {1, size}:
        return False
    pairs = zip(*(list(values) * (size // len(values)) for values in (expected, actual)), strict=True)
    return all(abs(one - other) <= _TOLERANCE for one, other in pairs)


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
