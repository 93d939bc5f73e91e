"""Error under the corruptions of ImageNet-C: its stored images, or made from the test set in the same way."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import torch
from mmengine.dataset import Compose
from torch import Tensor
from torch.utils.data import Dataset

from agmax_mm.datasets.transforms.corrupt import EXTRA, SCORED, SEVERITIES, check_corruptions
from agmax_mm.metrics import Metric, declare
from agmax_mm.registry import TRANSFORMS
from agmax_mm.results.curves import Line, Panel, draw_lines
from agmax_mm.results.page import Figure, Table, Text
from agmax_mm.robustness.alexnet import alexnet_mean, corruption_error, mean_corruption_error
from agmax_mm.robustness.contract import Condition, Entries, Results, Values
from agmax_mm.robustness.data import Batch, Data
from agmax_mm.robustness.network import Network
from agmax_mm.robustness.papers import AGMAX_TABLE_4, AGMAX_TABLE_5

ERROR = declare(Metric('corruption/top1_error', 'top-1 error under corruption', '%', higher_is_better=False))
MEAN_ERROR = declare(Metric('corruption/mean_error', 'mean error', '%', higher_is_better=False))
MCE = declare(Metric('corruption/mCE', 'mCE (AlexNet = 100)', '%', higher_is_better=False))
METRICS = (ERROR,)

CROPS = ('official', 'agmax')
# Images below this many pixels a side are another task than ImageNet-C's, whatever their classes.
_SMALL = 128
_IMAGENET_CLASSES = 1000
_SUFFIXES = {'.jpg', '.jpeg', '.png'}


@dataclass(frozen=True)
class Options:
    """Options of ``corruption``.

    Attributes:
        folder: ImageNet-C as it is distributed, ``folder/<corruption>/<severity>/<wnid>/*.JPEG``. Without it the images
            are made from the test set, behind the recipe's own resizing and cropping.
        corruptions: Their names; by default the 15 that are scored.
        severities: Of 1 to 5; CE needs all.
        jpeg_quality: Of images that are made: 85 writes and reads them as the stored ones were; None leaves them.
        crop: Of images that are 224 pixels wide: ``official`` takes them as they are; ``agmax`` enlarges to 256 and
            takes the middle, as the AgMax authors did.
        seed: Of images that are made; each draws from it and its path.
    """

    folder: str | None = None
    corruptions: tuple[str, ...] = SCORED
    severities: tuple[int, ...] = SEVERITIES
    jpeg_quality: int | None = None
    crop: str = 'official'
    seed: int = 0

    def __post_init__(self) -> None:
        check_corruptions(self.corruptions, self.severities)
        if self.crop not in CROPS:
            raise ValueError(f'crop: expected one of {", ".join(CROPS)}, got {self.crop!r}')
        if self.folder is not None:
            if self.jpeg_quality is not None:
                raise ValueError('jpeg_quality: expected None beside folder, whose images are stored; got both')
            for name in self.corruptions:
                for severity in self.severities:
                    if not (Path(self.folder) / name / str(severity)).is_dir():
                        raise ValueError(f'folder: expected {name}/{severity} in {self.folder!r}, got none')


def conditions(options: Options) -> list[Condition]:
    """The test set as it is, then each corruption at each severity."""
    clean = {'corruption': 'none', 'severity': 0}
    stored = {'kind': 'stored', 'folder': options.folder}
    made = {'kind': 'made', 'jpeg_quality': options.jpeg_quality, 'seed': options.seed}
    return [
        clean,
        *(
            {'corruption': name, 'severity': severity, 'crop': options.crop, **(stored if options.folder else made)}
            for name in options.corruptions
            for severity in sorted(set(options.severities))
        ),
    ]


def measure(model: Network, data: Data, condition: Condition) -> Values:
    """Top-1 error in percent; number of images and classes, shorter side in pixels."""
    corrupted = _corrupted(model, data, condition)
    # Where images are enlarged afterwards, it is the size that they were corrupted at that counts.
    shape = (corrupted if condition.get('kind') == 'stored' else data).image_shape

    def right(batch: Batch) -> Tensor:
        logits = model.logits(batch.images)
        return torch.stack([logits.argmax(1) == batch.labels, torch.full_like(batch.labels, logits.shape[1])], dim=1)

    with torch.no_grad():
        rows = corrupted.each(right)
    return {
        ERROR.name: 100 - 100 * float(rows[:, 0].double().mean()),
        'images': len(rows),
        'classes': int(rows[0, 1]),
        'side': min(shape[1:]),
    }


def _corrupted(model: Network, data: Data, condition: Condition) -> Data:
    if condition['corruption'] == 'none':
        return data
    resize = [
        {'type': 'mmpretrain.ResizeEdge', 'scale': 256, 'edge': 'short', 'backend': 'pillow'},
        {'type': 'mmpretrain.CenterCrop', 'crop_size': 224},
    ]
    crop = resize if condition['crop'] == 'agmax' else []
    if condition['kind'] == 'stored':
        folder = Path(condition['folder']) / condition['corruption'] / str(condition['severity'])
        labels = model.remembered('classes by folder', lambda: _classes_by_folder(data.pictures.dataset))
        return data.of(StoredImages(folder, labels, crop))
    step = {
        'type': 'agmax_mm.Corrupt',
        'corruption': condition['corruption'],
        'severity': condition['severity'],
        'seed': condition['seed'],
        'root': getattr(data.pictures.dataset, 'data_root', None) or None,
        'jpeg_quality': condition['jpeg_quality'],
        'cache': data.cache,
    }
    return data.with_steps(step, *crop)


class StoredImages(Dataset[tuple[Tensor, int]]):
    """Images in folders of classes, with the classes of another data set.

    Args:
        folder: ``folder/<class>/*``.
        labels: Class number by the name of its folder.
        steps: Transforms behind loading.

    Raises:
        ValueError: If there are no images, or a folder has no number.
    """

    def __init__(self, folder: Path, labels: Mapping[str, int], steps: list[dict[str, Any]]) -> None:
        self.items = [
            (path, path.parent.name) for path in sorted(folder.glob('*/*')) if path.suffix.lower() in _SUFFIXES
        ]
        unknown = sorted({name for _, name in self.items} - set(labels))
        if unknown or not self.items:
            raise ValueError(
                f'corruption.folder: expected images in folders of the test set in {str(folder)!r}, got '
                + (f'{len(unknown)} folders that it lacks: {", ".join(unknown[:3])}' if unknown else 'none')
            )
        self.labels = labels
        self.pipeline = Compose(
            [
                TRANSFORMS.build(step)
                for step in ({'type': 'mmcv.LoadImageFromFile'}, *steps, {'type': 'mmpretrain.PackInputs'})
            ]
        )

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        path, name = self.items[index]
        return self.pipeline({'img_path': str(path)})['inputs'], self.labels[name]


def _classes_by_folder(dataset: Any) -> dict[str, int]:
    labels: dict[str, int] = {}
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        name = PurePath(info.get('img_path', '')).parent.name
        if labels.setdefault(name, int(info['gt_label'])) != int(info['gt_label']):
            raise ValueError(
                'corruption.folder: expected a test set with one folder for each class, whose names stored images go '
                f'by, got images of classes {labels[name]} and {info["gt_label"]} in {name!r}'
            )
    return labels


def data_kind(entries: Entries) -> str:
    """Name the data behind the figures in words: stored ImageNet-C, images made like it, or something else."""
    condition, values = entries[-1]
    if condition.get('kind') == 'stored':
        return 'ImageNet-C, or a part of it, as stored'
    if values['side'] < _SMALL:
        return f'small images ({values["side"]} px) under the corruptions of ImageNet-C: neither CIFAR-C nor ImageNet-C'
    if values['classes'] != _IMAGENET_CLASSES:
        return f'images of {values["classes"]} classes under the corruptions of ImageNet-C'
    quality = condition.get('jpeg_quality')
    stored = f'through JPEG of quality {quality}' if quality else 'in memory, without the JPEG of the stored set'
    return f'ImageNet-C-like, made {stored}'


def _is_imagenet(entries: Entries) -> bool:
    """Whether AlexNet's errors on ImageNet-C are a measure."""
    _, values = entries[-1]
    return bool(values['side'] >= _SMALL and values['classes'] == _IMAGENET_CLASSES)


def _errors(entries: Entries) -> dict[str, dict[int, float]]:
    errors: dict[str, dict[int, float]] = {}
    for condition, values in entries:
        errors.setdefault(condition['corruption'], {})[condition['severity']] = values[ERROR.name]
    errors.pop('none', None)
    return errors


def summary(entries: Entries) -> dict[str, float | None]:
    """Clean error, mean error of the scored corruptions, and where AlexNet's errors are a measure CE and mCE.

    They are for ImageNet's 1000 classes at its size, with all five severities; mCE needs all 15 corruptions. Elsewhere
    both are None.
    """
    errors = _errors(entries)
    clean = [values[ERROR.name] for condition, values in entries if condition['corruption'] == 'none']
    means = {name: math.fsum(by_severity.values()) / len(by_severity) for name, by_severity in errors.items()}
    scored = [means[name] for name in SCORED if name in means]
    found: dict[str, float | None] = {
        'clean_error': clean[0] if clean else None,
        MEAN_ERROR.name: math.fsum(scored) / len(scored) if scored else None,
        **{f'mean_error/{name}': mean for name, mean in means.items()},
    }
    comparable = bool(errors) and _is_imagenet(entries)
    whole = {name: list(by.values()) for name, by in errors.items() if name in SCORED and len(by) == len(SEVERITIES)}
    for name in errors:
        if name in SCORED:
            found[f'CE/{name}'] = corruption_error(name, whole[name]) if comparable and name in whole else None
    found[MCE.name] = mean_corruption_error(whole) if comparable and set(whole) == set(SCORED) else None
    return found


def blocks(results: Results, folder: Path | None) -> Iterator[Text | Table | Figure]:
    """Mean error and mCE, CE in the form of the AgMax paper's Table 4 with its rows, errors by severity, a plot."""
    summaries = {model: summary(entries) for model, entries in results.items()}
    for kind in dict.fromkeys(data_kind(entries) for entries in results.values()):
        yield Text(f'Data: {kind}.')
    yield Text("Mean error: the mean top-1 error. mCE: the mean of errors by AlexNet's; the two are different figures.")
    rows = [
        (model, *(_printed(found.get(name)) for name in ('clean_error', MEAN_ERROR.name, MCE.name)))
        for model, found in summaries.items()
    ]
    yield Table(('model', 'clean error (%)', MEAN_ERROR.label, MCE.label), rows)
    names = [name for name in (*SCORED, *EXTRA) if any(f'mean_error/{name}' in found for found in summaries.values())]
    if not names:
        return
    normalised = any(found.get(f'CE/{name}') is not None for found in summaries.values() for name in names)
    if normalised:
        scored = [name for name in names if name in SCORED]
        ours = [
            (model, _printed(found[MCE.name]), *(_printed(found.get(f'CE/{name}')) for name in scored))
            for model, found in summaries.items()
        ]
        places = [SCORED.index(name) for name in scored]
        paper = [
            (f'paper: {row}', f'{figures[0]:.1f}', *(f'{figures[1 + place]:.1f}' for place in places))
            for row, figures in AGMAX_TABLE_4.items()
        ]
        yield Text('CE by corruption. Rows of the paper: AgMax, Table 4; ImageNet-C as stored, ResNet-50, 270 epochs.')
        yield Table(('model', 'mCE', *scored), [*ours, *paper])
        yield Text('AgMax, Table 5: mCE and clean error of other works, as printed there.')
        yield Table(('paper', 'mCE', 'clean error'), [(row, *map(str, pair)) for row, pair in AGMAX_TABLE_5.items()])
    yield Text('Top-1 error (%) by corruption and severity; AlexNet: its mean error on the stored ImageNet-C.')
    panels = []
    for name in names:
        lines = {model: _errors(entries).get(name, {}) for model, entries in results.items()}
        series = [Line(model, list(points), list(points.values())) for model, points in lines.items() if points]
        panels.append(Panel(name, 'severity', 'top-1 error (%)', series))
    for model, entries in results.items():
        errors = _errors(entries)
        severities = sorted({severity for by_severity in errors.values() for severity in by_severity})
        body = [
            (
                name,
                *(_printed(errors[name].get(severity)) for severity in severities),
                _printed(summaries[model][f'mean_error/{name}']),
                _printed(alexnet_mean(name)) if normalised and name in SCORED else '–',
            )
            for name in names
            if name in errors
        ]
        yield Table((model, *(f'severity {severity}' for severity in severities), 'mean', 'AlexNet'), body)
    if folder is not None:
        draw_lines(panels, folder / 'corruption.png')
        yield Figure('corruption.png', 'Top-1 error by corruption and severity.')


def _printed(value: float | None) -> str:
    return '–' if value is None else f'{value:.2f}'
