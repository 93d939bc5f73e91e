"""Named switches of a recipe: what they change in the config, at whatever place the recipe has it."""

from __future__ import annotations

import copy
from typing import Any

from mmengine.config import Config, ConfigDict

import agmax_mm.batch_augments
from agmax_mm.engine.addresses import parts_of_type, resolve_address, value_at
from agmax_mm.engine.options import typed_value
from agmax_mm.models.agreements import AGREEMENTS

_MIXING = 'data_preprocessor.batch_augments'


def apply_named_options(config: Config, options: dict[str, Any]) -> dict[str, Any]:
    """Apply the options that give a name for a part of the recipe, in place, and remove parts that are set to None.

    - ``model.agreement=NAME`` puts a named agreement in the place of the recipe's.
    - ``model.backbone=LIBRARY/MODEL`` puts a named backbone in the place of the recipe's.
    - ``data_preprocessor.batch_augments=NAME`` mixes by one class of :mod:`agmax_mm.batch_augments`, or by one of
      another registry as ``SCOPE.NAME``; ``none`` mixes nothing.
    - ``pipeline.TYPE=None`` removes a part of a list.

    Merged into the recipe's parts, named ones would keep options of another class.

    Returns:
        The other options, with addresses by keys and places. They may change parts of what was put in.

    Raises:
        ValueError: If a name or an address is unknown.
    """
    rest, texts = dict(options), getattr(options, 'texts', {})
    agreement = rest.get('model.agreement')
    if isinstance(agreement, str):
        if agreement not in AGREEMENTS:
            raise ValueError(f'model.agreement: expected one of {", ".join(AGREEMENTS)}, got {agreement!r}')
        named = AGREEMENTS[rest.pop('model.agreement')]
        config.model.agreement = None if named is None else ConfigDict(copy.deepcopy(named))
    backbone = rest.get('model.backbone')
    backbone = {'type': backbone} if isinstance(backbone, str) else backbone
    if isinstance(backbone, dict) and '/' in str(backbone.get('type')):
        del rest['model.backbone']
        config.model.backbone = ConfigDict(backbone)
    if isinstance(rest.get(_MIXING), str) and 'data_preprocessor' in config:
        config.data_preprocessor.batch_augments = _mixing(rest.pop(_MIXING))
    for key in [key for key in rest if key.startswith('train_dataloader.') and key.endswith('.num_views')]:
        # As it was written before model.num_views was the switch.
        rest.setdefault('model.num_views', rest[key])
    resolved = {resolve_address(config, key): (key, value) for key, value in rest.items()}
    # From the last place of a list to the first, so that those before stay where they are.
    for address in sorted(resolved, key=_places, reverse=True):
        if resolved[address][1] is None and _remove(config, address):
            del resolved[address]
    typed = {}
    for key, value in resolved.values():
        address = resolve_address(config, key)
        typed[address] = typed_value(key, value, value_at(config, address), texts.get(key))
    return typed


def complete_switches(config: Config) -> None:
    """Complete a config by what its switches say, in place; twice does no harm.

    - ``model.num_views`` is the number of views that every ``TwoView`` of the training pipeline makes. Without it there
      are two where the model has a key ``agreement``: ``'none'`` and ``None`` are the control without an agreement.
      Elsewhere the pipeline's own number stays, 1 in the recipes. A number above 1 stays in any case, and an agreement
      follows it.
    - ``jitter=False`` removes the colour jitter and the lighting of ImageNet's recipes; ``'float'`` makes the jitter
      one of real numbers without clamping, as in the CutMix authors' code.

    Raises:
        ValueError: If there is no jitter to change.
    """
    _complete_views(config)
    jitter = config.get('jitter', True)
    if not isinstance(jitter, bool | None) and jitter != 'float':
        raise ValueError(f"jitter: expected True, False or 'float', got {jitter!r}")
    if jitter == 'float':
        _make_jitter_float(config)
    elif not jitter:
        _remove_jitter(config)
    config.pop('jitter', None)


def _complete_views(config: Config) -> None:
    model, steps = config.get('model') or {}, _two_view_steps(config)
    for step in steps:
        if 'num_views' in model:
            step['num_views'] = model['num_views']
        elif 'agreement' in model and step.get('num_views') in (None, 1):
            step['num_views'] = 2
    views = {step.get('num_views', 2) for step in steps}
    if model.get('agreement') is not None and len(views) == 1 and views != {model.get('num_views', 2)}:
        config.model.num_views = views.pop()


def _two_view_steps(config: Config) -> list[dict[str, Any]]:
    return [step for _, step in parts_of_type(config.get('train_dataloader'), 'TwoView')]


def _mixing(name: str) -> ConfigDict | None:
    names = {
        known.lower(): known
        for known in agmax_mm.batch_augments.__all__
        if known not in ('CutOut', 'FloatColorJitter', 'Mixing', 'PCALighting')
    }
    if name.lower() == 'none':
        return None
    if '.' in name:  # of another package, by its scope
        return ConfigDict(augments=[dict(type=name)], probs=None)
    if name.lower() not in names:
        raise ValueError(f'{_MIXING}: expected one of {", ".join(names.values())} and none, got {name!r}')
    return ConfigDict(augments=[dict(type=f'agmax_mm.{names[name.lower()]}')], probs=None)


def _make_jitter_float(config: Config) -> None:
    found = list(parts_of_type(config.get('train_dataloader'), 'ColorJitter'))
    if len(found) != 1 or 'data_preprocessor' not in config:
        raise ValueError(f'jitter: expected a recipe with one colour jitter, got one with {len(found)}')
    path, step = found[0]
    _remove(config, f'train_dataloader.{".".join(map(str, path))}')
    options = {key: value for key, value in step.items() if key != 'type'}
    mean = list(config.data_preprocessor.mean)
    augments = [ConfigDict(type='agmax_mm.FloatColorJitter', mean=mean, **options)]
    config.data_preprocessor.image_augments = augments + list(config.data_preprocessor.get('image_augments', []))


def _remove_jitter(config: Config) -> None:
    kinds = {'train_dataloader': 'ColorJitter', 'data_preprocessor': 'PCALighting'}
    found = [
        f'{root}.{".".join(map(str, path))}'
        for root, kind in kinds.items()
        for path, _ in parts_of_type(config.get(root), kind)
    ]
    if not found:
        raise ValueError('jitter: expected a recipe with colour jitter or lighting, got one without either')
    for address in sorted(found, key=_places, reverse=True):
        _remove(config, address)


def _places(address: str) -> list[tuple[int, str]]:
    """A key that sorts places of lists as numbers."""
    return [(int(part), '') if part.isdigit() else (0, part) for part in address.split('.')]


def _remove(config: Config, address: str) -> bool:
    """Take a part out of the list that holds it; whether there is one."""
    *outer, place = address.split('.')
    node: Any = config
    for key in outer:
        node = node[int(key)] if isinstance(node, list | tuple) else (node or {}).get(key)
    if not isinstance(node, list) or not place.isdigit():
        return False
    del node[int(place)]
    return True
