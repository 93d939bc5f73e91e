"""Completion of mmdet's detection configs: data sets that check their annotations, and hooks."""

from __future__ import annotations

import importlib
from typing import Any

from mmengine.config import Config

from agmax_mm.host_imports import import_left_out, without_collections, without_notices

# Full names, found without a registry: nobody imports mmdet before a config asks for it.
_CHECKED = {
    'CocoDataset': 'agmax_mm.detection.datasets.CheckedCocoDataset',
    'CocoMetric': 'agmax_mm.detection.datasets.CheckedCocoMetric',
    'VOCDataset': 'agmax_mm.detection.datasets.CheckedVOCDataset',
    'XMLDataset': 'agmax_mm.detection.datasets.CheckedXMLDataset',
}
_METRICS = {'VOCMetric': ('mAP', 'recall'), 'CocoMetric': ('bbox', 'segm', 'proposal', 'proposal_fast')}
# Hooks of every run of a detector.
HOOKS = {'detections': {'type': 'agmax_mm.detection.record.DetectionRecordHook'}}

_PARTS = tuple(f'{split}_{part}' for split in ('train', 'val', 'test') for part in ('dataloader', 'evaluator'))


def import_host() -> None:
    """Import the part of mmpretrain that only detectors need, and mmdet's data and metrics."""
    with without_notices(), without_collections():
        import_left_out()
        importlib.import_module('mmdet.datasets')
        importlib.import_module('mmdet.evaluation')


def check_config(config: Config) -> None:
    """Check the names of metrics; the data sets check their annotations when they are built.

    Raises:
        ValueError: If an evaluator of mmdet's does not know a metric.
    """
    for place in ('val_evaluator', 'test_evaluator'):
        evaluators = config.get(place) or []
        for evaluator in [evaluators] if isinstance(evaluators, dict) else evaluators:
            known = _METRICS.get(str(evaluator.get('type')).rpartition('.')[2].removeprefix('Checked'))
            names = evaluator.get('metric')
            for name in [names] if isinstance(names, str | int | float) else names or []:
                if known and name not in known:
                    raise ValueError(f'{place}.metric: expected one of {", ".join(known)}, got {name!r}')


def complete_config(config: Config) -> None:
    """Put data sets that check their annotations in the place of mmdet's, wherever they are nested, in place."""
    prefixes = ('mmdet.', '') if config.get('default_scope') == 'mmdet' else ('mmdet.',)
    names = {f'{prefix}{name}': checked for name, checked in _CHECKED.items() for prefix in prefixes}
    for part in _PARTS:
        _rename(config.get(part), names)


def _rename(node: Any, names: dict[str, str]) -> None:
    if isinstance(node, dict):
        kind = node.get('type')
        if isinstance(kind, str) and kind in names:
            node['type'] = names[kind]
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list | tuple) else ():
        _rename(child, names)
