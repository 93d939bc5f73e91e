"""``python -m agmax_mm doctor --transfer CONFIG``: what would go wrong in a fine-tuning, before hours are spent."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict
from mmengine.registry import DATASETS, MODELS, DefaultScope
from torch import nn

from agmax_mm.detection.complete import complete_config
from agmax_mm.engine.config import load_config
from agmax_mm.engine.tasks import task_name
from agmax_mm.findings import Finding
from agmax_mm.transfer.backbone import Backbone
from agmax_mm.transfer.check_backbone import check_frozen, check_weights, given_weights

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
# What building parts of a wrong config raises in the host.
_BUILD_ERRORS = (AssertionError, AttributeError, ImportError, KeyError, RuntimeError, TypeError, ValueError)


@dataclass
class TransferReport:
    """The checks that were made and their findings, errors first."""

    findings: list[Finding] = field(default_factory=list)
    backbone: Backbone | None = None
    images: dict[str, int] = field(default_factory=dict)
    classes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """1 if there is an error, else 0."""
        return int(any(finding.level == 'error' for finding in self.findings))

    def lines(self) -> list[str]:
        """One line for each finding and one for what was looked at."""
        sums = {level: sum(finding.level == level for finding in self.findings) for level in ('error', 'warning')}
        weights = 'random weights' if self.backbone is None else self.backbone.summary()
        images = ', '.join(f'{count} images in {name}' for name, count in self.images.items()) or 'no data'
        found = ', '.join(f'{count} {level}(s)' for level, count in sums.items() if count) or 'nothing wrong'
        summary = f'{found}: {weights}; {images}; {len(self.classes)} classes'
        return [*(f'{entry.level}: {entry.problem}; fix: {entry.fix}' for entry in self.findings), summary]


def check_transfer(config_path: str, options: dict[str, Any] | None = None) -> TransferReport:
    """Look at a detection config, its data and the backbone it names, without training.

    Args:
        config_path: The config file.
        options: Dotted config keys and their values.

    Raises:
        ValueError: If the config cannot be read, or is none of a detector.
    """
    config = load_config(config_path, options)
    if 'backbone' not in config.model or task_name(config) != 'detection':
        raise ValueError(f'config {config_path!r}: expected a detector with a backbone, got {config.model.type}')
    report = TransferReport()
    with DefaultScope.overwrite_default_scope(config.default_scope):
        datasets = _check_data(config, report)
        detector = _build_detector(config, report)
    weights = given_weights(config, report.findings)
    if detector is not None:
        report.backbone = check_weights(config, detector, weights, report.findings)
    report.findings += check_frozen(config, report.backbone, scratch=weights is None)
    report.findings += [*_check_classes(config, datasets), *_check_evaluators(config), *_check_fill(config)]
    report.findings.sort(key=lambda finding: ('error', 'warning', 'note').index(finding.level))
    return report


def main(config_path: str, options: dict[str, Any] | None = None) -> int:
    """Print the report and return the exit code."""
    report = check_transfer(config_path, options)
    print('\n'.join(report.lines()))
    return report.exit_code


def _build_detector(config: Config, report: TransferReport) -> nn.Module | None:
    try:
        # A copy: the host writes into the configs of a detector's parts.
        detector: nn.Module = MODELS.build(copy.deepcopy(config.model))
        return detector
    except _BUILD_ERRORS as error:
        problem = f'the detector cannot be built: {_one_line(error)}'
        report.findings.append(Finding('error', problem, 'correct model in the config'))
        return None


def _check_data(config: Config, report: TransferReport) -> dict[str, Any]:
    """Build the data sets, which check their annotations and images."""
    checked = copy.deepcopy(config)
    complete_config(checked)
    datasets: dict[str, Any] = {}
    seen: list[Any] = []
    for name in LOADERS:
        dataset = (checked.get(name) or {}).get('dataset')
        # The test set is often the validation set.
        if dataset is None or dataset in seen:
            continue
        seen.append(dataset)
        try:
            built = DATASETS.build(copy.deepcopy(dataset))
        except _BUILD_ERRORS as error:
            fix = f'--cfg-options {_root_key(name, dataset)}=FOLDER, or correct the files'
            report.findings.append(Finding('error', f'{name} would stop: {_one_line(error)}', fix))
            continue
        datasets[name] = built
        report.images[name.removesuffix('_dataloader')] = len(built)
        report.classes = report.classes or tuple(built.metainfo['classes'])
    return datasets


def _root_key(loader: str, dataset: Any) -> str:
    """The option that names the folder of a data set's first part."""
    key = f'{loader}.dataset'
    while 'data_root' not in dataset and ('dataset' in dataset or dataset.get('datasets')):
        part = 'dataset' if 'dataset' in dataset else 'datasets.0'
        key, dataset = f'{key}.{part}', dataset['dataset'] if part == 'dataset' else dataset['datasets'][0]
    return f'{key}.data_root'


def _check_classes(config: Config, datasets: dict[str, Any]) -> Iterator[Finding]:
    """As many classes in the heads as in the data, and the same ones in training and evaluation."""
    classes = {name: tuple(dataset.metainfo['classes']) for name, dataset in datasets.items()}
    if not classes:
        return
    (first, names), *others = classes.items()
    for other, found in others:
        if found != names:
            problem = f'{other} counts other classes ({len(found)}) than {first} ({len(names)}): scores would be wrong'
            listed = str(list(names)).replace(' ', '')
            yield Finding('error', problem, f'--cfg-options "{other}.dataset.metainfo.classes={listed}"')
    for key, head in _heads(config.model):
        if head.get('num_classes') not in (None, len(names)):
            problem = (
                f'{key} has {head.num_classes} classes, the data {len(names)}: labels would be out of range or idle'
            )
            yield Finding('error', problem, f'--cfg-options {key}.num_classes={len(names)}')


def _heads(model: ConfigDict) -> Iterator[tuple[str, ConfigDict]]:
    for parent, part in (('model', model), ('model.roi_head', model.get('roi_head', {}))):
        for name in ('bbox_head', 'mask_head'):
            head = part.get(name)
            if isinstance(head, list):  # cascades
                yield from ((f'{parent}.{name}.{index}', one) for index, one in enumerate(head))
            elif head is not None:
                yield f'{parent}.{name}', head


def _check_evaluators(config: Config) -> Iterator[Finding]:
    """COCO's evaluator reads the annotations of the images that are evaluated."""
    for split in ('val', 'test'):
        evaluator: Any = config.get(f'{split}_evaluator') or {}
        for one in evaluator if isinstance(evaluator, list) else [evaluator]:
            dataset = (config.get(f'{split}_dataloader') or {}).get('dataset', {})
            if one.get('ann_file') is None or 'ann_file' not in dataset:
                continue
            path = Path(dataset.get('data_root') or '') / dataset.ann_file
            if Path(one.ann_file) != path:
                problem = f'{split}_evaluator reads {one.ann_file}, its images are of {path}: scores would be wrong'
                yield Finding('error', problem, f'--cfg-options {split}_evaluator.ann_file={path}')


def _check_fill(config: Config) -> Iterator[Finding]:
    """Check that padding has the colour that normalisation makes zero."""
    preprocessor = config.model.get('data_preprocessor', {})
    mean, swaps = list(preprocessor.get('mean') or []), preprocessor.get('bgr_to_rgb', False)
    for step in _steps((config.get('train_dataloader') or {}).get('dataset', {})):
        if str(step.get('type')).split('.')[-1] != 'Expand' or not mean:
            continue
        if list(step.get('mean', [])) != mean or step.get('to_rgb', True) != swaps:
            problem = (
                f'Expand fills with {list(step.get("mean", []))}, the mean of the images is {mean}: '
                'borders would not be zero after normalisation'
            )
            yield Finding('warning', problem, f'give Expand mean={mean} and to_rgb={swaps} in the pipeline')


def _steps(dataset: Any) -> Iterator[ConfigDict]:
    """The transforms of a data set and of those nested in it."""
    yield from dataset.get('pipeline') or []
    for part in [dataset['dataset']] if 'dataset' in dataset else dataset.get('datasets', []):
        yield from _steps(part)


def _one_line(error: Exception) -> str:
    return ' '.join(str(error).split()) or type(error).__name__
