"""Documentation of an exported backbone: a card to read and a config, in the layout of the hub and timm."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from agmax_mm.fileio import write_json, write_text
from agmax_mm.transfer.backbone import Backbone

# Networks of timm among which an export is looked for, by shapes.
_TIMM_NETWORKS = (
    *('resnet18', 'resnet34', 'resnet50', 'resnet101', 'resnet152', 'resnext50_32x4d', 'resnext101_32x4d'),
    *('regnetx_002', 'regnetx_004', 'regnetx_008', 'regnety_002', 'regnety_004', 'regnety_008'),
    *('efficientnet_b0', 'efficientnet_b1', 'efficientnet_b2', 'vgg16', 'vgg16_bn', 'vgg19'),
)
_NOT_STATED = 'not stated'


@dataclass(frozen=True)
class DataStatement:
    """The user's statements about the data that a backbone was trained on; this package knows none of them.

    Attributes:
        name: The data, in a few words.
        licence: Their licence, in one line, best as an SPDX identifier.
    """

    name: str | None = None
    licence: str | None = None

    def __post_init__(self) -> None:
        for field, value in (('data', self.name), ('licence', self.licence)):
            if value is not None and (not value.strip() or len(value.splitlines()) != 1):
                raise ValueError(f'{field}: expected one line of text, got {value!r}')


def card_paths(out: Path) -> tuple[Path, Path, Path]:
    """Return where weights, config and card of an export are written.

    A name without a suffix is a folder in the hub's layout: ``model.safetensors``, ``config.json``, ``README.md``.
    Beside a file they are called as the file is, with ``.card.json`` and ``.card.md``.

    Raises:
        ValueError: If the folder holds files of these names that belong to something else.
    """
    if out.suffix:
        return out, out.with_suffix('.card.json'), out.with_suffix('.card.md')
    others = [name for name in ('README.md', 'config.json') if (out / name).exists()]
    if others and not (out / 'model.safetensors').exists():
        raise ValueError(
            f'export: expected a new folder or one of an earlier export, got {str(out)!r} with {others[0]}'
        )
    return out / 'model.safetensors', out / 'config.json', out / 'README.md'


def write_card(backbone: Backbone, tensors: Mapping[str, Tensor], out: Path, to: str, data: DataStatement) -> None:
    """Write config and card of an export, each whole or not at all.

    Args:
        backbone: What was exported.
        tensors: Its tensors, as they are called in the file.
        out: The file or folder.
        to: Whose names these are.
        data: What the user says of the data.
    """
    weights, config, card = card_paths(out)
    architecture = timm_name(tensors) if to == 'timm' else None
    write_json(_config(backbone, architecture), config)
    write_text(_card(backbone, weights, to, architecture, data), card)


def timm_name(tensors: Mapping[str, Tensor]) -> str | None:
    """Return the name of timm's network without classifier that has exactly these tensors, None if there is none."""
    if importlib.util.find_spec('timm') is None:
        return None
    import timm

    shapes = {name: value.shape for name, value in tensors.items()}
    for name in _TIMM_NETWORKS:
        with torch.device('meta'):
            network = timm.create_model(name, num_classes=0)
        if {key: value.shape for key, value in network.state_dict().items()} == shapes:
            return name
    return None


def _config(backbone: Backbone, architecture: str | None) -> dict[str, Any]:
    contract = backbone.contract or {}
    facts = contract.get('backbone', {})
    prepared = {name: [value / 255 for value in contract[name]] for name in ('mean', 'std') if contract.get(name)}
    return {
        'architecture': architecture or facts.get('type'),
        'num_classes': 0,
        'pretrained_cfg': {**prepared, 'num_classes': 0, 'custom_load': False},
        'agmax_mm': backbone.info,
    }


def _card(backbone: Backbone, weights: Path, to: str, architecture: str | None, data: DataStatement) -> str:
    info, contract = backbone.info, backbone.contract or {}
    head = ['---', 'tags:', '- image-feature-extraction', f'library_name: {"timm" if to == "timm" else "mmpretrain"}']
    head += [f'license: {json.dumps(data.licence)}'] if data.licence else []
    rows = {
        'Network': backbone.summary(),
        'Recipe': info.get('recipe') or _NOT_STATED,
        'Hash of the config': info.get('config_sha256') or _NOT_STATED,
        'Data': data.name or _NOT_STATED,
        'Licence of the data': data.licence or _NOT_STATED,
        'Classes': info.get('num_classes') or _NOT_STATED,
        'Scores': _scores(info.get('scores')),
        'Weights': info.get('weights') or 'the only ones in the checkpoint',
        'From': f'{info.get("source")}, SHA-256 {info.get("source_sha256")}',
        'Written by': f'agmax_mm {info.get("exported_by", {}).get("agmax_mm") or info.get("package_version")}',
    }
    prepared = {
        'Mean, of values 0 to 255': contract.get('mean'),
        'Standard deviation': contract.get('std'),
        'Channels': contract.get('channel_order'),
        'Place of the stride': contract.get('style'),
    }
    known = 'assumed for files of this kind' if info.get('contract_assumed') else 'stated in the checkpoint'
    lines = [
        *head,
        '---',
        f'# {weights.stem if weights.stem != "model" else weights.parent.name}',
        '',
        'A backbone without its classifier.',
        '',
        *_table(rows),
        '',
        f'## Preprocessing ({known if contract else _NOT_STATED})',
        '',
        *_table({name: _NOT_STATED if value is None else value for name, value in prepared.items()}),
        '',
        '## Use',
        '',
        '```python',
        *_use(weights, to, architecture),
        '```',
        '',
    ]
    return '\n'.join(lines)


def _use(weights: Path, to: str, architecture: str | None) -> list[str]:
    if to == 'timm':
        model = architecture or 'NAME'
        return [
            'import timm',
            f"model = timm.create_model('{model}', num_classes=0, checkpoint_path='{weights.name}')",
        ]
    if to == 'torchvision':
        return [
            'from agmax_mm.transfer.backbone import read_backbone',
            f"tensors = read_backbone('{weights.name}').network",
        ]
    return [
        '# In a config of a detector:',
        f"default_hooks = dict(backbone=dict(type='agmax_mm.LoadBackboneHook', checkpoint='{weights.name}'))",
    ]


def _scores(scores: Any) -> str:
    """One line of metrics, out of the record's last or best ones."""
    if not isinstance(scores, Mapping):
        return _NOT_STATED
    values = scores.get('last', scores)
    found = []
    for name, value in values.items() if isinstance(values, Mapping) else ():
        number = value.get('value') if isinstance(value, Mapping) else value
        if isinstance(number, int | float):
            found.append(f'{name} {number:g}')
    return ', '.join(found) or _NOT_STATED


def _table(rows: Mapping[str, Any]) -> list[str]:
    text = {name: str(value).replace('|', '\\|').replace('\n', ' ') for name, value in rows.items()}
    return ['| | |', '|---|---|', *(f'| {name} | {value} |' for name, value in text.items())]
