"""Images of no known class: whether the greatest softmax probability tells them from the test set's."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from agmax_mm import functional as AF
from agmax_mm.metrics import Metric, declare
from agmax_mm.results.curves import Line, Panel, draw_lines
from agmax_mm.results.page import Figure, Table, Text
from agmax_mm.robustness.contract import Condition, Entries, Results, Values
from agmax_mm.robustness.data import Batch, Data
from agmax_mm.robustness.network import Network
from agmax_mm.robustness.papers import CUTMIX_TABLE_12, CUTMIX_TABLE_A2

TNR = declare(Metric('ood/tnr_at_tpr95', 'TNR at 95 % TPR', '%', higher_is_better=True))
AUROC = declare(Metric('ood/auroc', 'AUROC', '%', higher_is_better=True))
ACCURACY = declare(Metric('ood/detection_accuracy', 'detection accuracy', '%', higher_is_better=True))
METRICS = (TNR, AUROC, ACCURACY)

FORMS = ('crop', 'resize')
NOISES = ('uniform', 'gaussian')
_SUFFIXES = {'.jpg', '.jpeg', '.png', '.bmp', '.ppm', '.webp'}
_ROC_POINTS = 200


@dataclass(frozen=True)
class Options:
    """Options of ``ood``.

    Attributes:
        folders: Folders of other images by the name of their set: ``{'LSUN': '/data/lsun'}``. Images are found in all
            subfolders.
        forms: What is made of a folder's images where they are larger than the network's: ``crop``, a random part, and
            ``resize``.
        noises: ``uniform``, U(0, 1) for each value, and ``gaussian``, N(0.5, 1) within 0 to 1.
        noise_images: Number of noise images of each kind.
        seed: Of crops and noise.
    """

    folders: Mapping[str, str] = field(default_factory=dict)
    forms: tuple[str, ...] = FORMS
    noises: tuple[str, ...] = NOISES
    noise_images: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        for name, known in (('forms', FORMS), ('noises', NOISES)):
            unknown = [value for value in getattr(self, name) if value not in known]
            if unknown:
                raise ValueError(f'{name}: expected some of {", ".join(known)}, got {unknown}')
        if self.noise_images < 1:
            raise ValueError(f'noise_images: expected at least 1, got {self.noise_images}')
        for name, folder in self.folders.items():
            if not _images(Path(folder)):
                raise ValueError(f'folders: expected images for {name} in {folder!r}, got none')


def conditions(options: Options) -> list[Condition]:
    """Each folder in each form, then each kind of noise."""
    pictures = [
        {'set': name, 'folder': str(folder), 'form': form, 'seed': options.seed}
        for name, folder in options.folders.items()
        for form in options.forms
    ]
    noise = [{'set': kind, 'images': options.noise_images, 'seed': options.seed} for kind in options.noises]
    return [*pictures, *noise]


def measure(model: Network, data: Data, condition: Condition) -> Values:
    """The three figures in percent, the number of images on both sides, and the ROC curve."""

    def scores(batch: Batch) -> Tensor:
        return model.logits(batch.images).double().softmax(1).max(1).values

    others = FolderImages(condition, data.image_shape) if 'folder' in condition else Noise(condition, data.image_shape)
    with torch.no_grad():
        inside = model.remembered(f'ood {len(data)}', lambda: data.each(scores))
        outside = data.of(others).each(scores)
    false, true = AF.roc_curve(inside, outside)
    shown = torch.linspace(0, len(false) - 1, min(_ROC_POINTS, len(false))).long()
    return {
        TNR.name: 100 * AF.tnr_at_tpr(inside, outside),
        AUROC.name: 100 * AF.auroc(inside, outside),
        ACCURACY.name: 100 * AF.detection_accuracy(inside, outside),
        'images_in': len(inside),
        'images_out': len(outside),
        'roc/false_positive_rate': false[shown].tolist(),
        'roc/true_positive_rate': true[shown].tolist(),
    }


class FolderImages(Dataset[tuple[Tensor, int]]):
    """Images of a folder, in BGR as the host loads them, brought to the size of the network's.

    Args:
        condition: ``folder``, ``form`` and ``seed``.
        shape: ``(C, H, W)`` to bring them to.
    """

    def __init__(self, condition: Condition, shape: tuple[int, ...]) -> None:
        self.folder = Path(condition['folder'])
        self.files = _images(self.folder)
        self.form = condition['form']
        self.seed = condition['seed']
        self.size = shape[1:]

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        path = self.files[index]
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None:
            raise ValueError(f'ood: expected an image in {str(path)!r}, got none that can be read')
        if self.form == 'crop':
            name = path.relative_to(self.folder).as_posix()
            image = random_crop(image, self.size, zlib.crc32(f'{self.seed} {name}'.encode()))
        else:
            image = _resized(image, self.size)
        return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))), 0


class Noise(Dataset[tuple[Tensor, int]]):
    """Images of noise, 0 to 255, each from the seed and its number.

    Args:
        condition: ``set``, ``images`` and ``seed``.
        shape: ``(C, H, W)``.
    """

    def __init__(self, condition: Condition, shape: tuple[int, ...]) -> None:
        self.kind = condition['set']
        self.number = condition['images']
        self.seed = condition['seed']
        self.shape = shape

    def __len__(self) -> int:
        return self.number

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        generator = torch.Generator().manual_seed(index + 1_000_003 * self.seed)
        if self.kind == 'uniform':
            return 255 * torch.rand(self.shape, generator=generator), 0
        return 255 * (0.5 + torch.randn(self.shape, generator=generator)).clamp(0, 1), 0


def random_crop(image: np.ndarray, size: tuple[int, ...], seed: int) -> np.ndarray:
    """A random part of an image, which is enlarged first where it is smaller."""
    height, width = size
    scale = max(height / image.shape[0], width / image.shape[1])
    if scale > 1:
        image = _resized(
            image, tuple(max(round(scale * side), least) for side, least in zip(image.shape, size, strict=False))
        )
    draw = np.random.default_rng(seed)
    top = int(draw.integers(image.shape[0] - height + 1))
    left = int(draw.integers(image.shape[1] - width + 1))
    return image[top : top + height, left : left + width]


def summary(entries: Entries) -> dict[str, float | None]:
    """Means over the sets, each counting alike, as in the CutMix paper's Table 12."""
    return {
        f'mean/{metric.name}': sum(values[metric.name] for _, values in entries) / len(entries) for metric in METRICS
    }


def blocks(results: Results, folder: Path | None) -> Iterator[Text | Table | Figure]:
    """One table for each model, the means, the paper's tables and the ROC curves."""
    yield Text(
        'Score: the greatest softmax probability. The test set is the positive class; an image is accepted where its '
        'score is at least the threshold; ties count one half in the AUROC.'
    )
    header = ('set', 'images', *(metric.label for metric in METRICS))
    panels = []
    for model, entries in results.items():
        rows = [
            (_name(condition), str(values['images_out']), *(f'{values[metric.name]:.1f}' for metric in METRICS))
            for condition, values in entries
        ]
        means = summary(entries)
        rows.append(('mean of the sets', '', *(f'{means[f"mean/{metric.name}"]:.1f}' for metric in METRICS)))
        yield Text(f'{model}: {entries[0][1]["images_in"]} images of the test set.')
        yield Table(header, rows)
        lines = [
            Line(_name(condition), values['roc/false_positive_rate'], values['roc/true_positive_rate'], marker='')
            for condition, values in entries
        ]
        panels.append(Panel(model, 'false positive rate', 'true positive rate', lines))
    yield Text('CutMix paper, Tables 12 and A2: CIFAR-100, PyramidNet-200; other sets and networks are not comparable.')
    means_rows = [
        ('mean of 7', name, *(f'{value:.1f}' for value in values)) for name, values in CUTMIX_TABLE_12.items()
    ]
    rows = [(name, method, *(f'{value:.1f}' for value in values)) for name, method, *values in CUTMIX_TABLE_A2]
    yield Table(('paper: set', 'method', *(metric.label for metric in METRICS)), [*means_rows, *rows])
    if folder is not None:
        draw_lines(panels, folder / 'ood.png')
        yield Figure('ood.png', 'ROC curves; the test set is the positive class.')


def _name(condition: Mapping[str, Any]) -> str:
    return f'{condition["set"]}, {condition["form"]}' if 'form' in condition else f'{condition["set"]} noise'


def _images(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob('*') if path.suffix.lower() in _SUFFIXES and path.is_file())


def _resized(image: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """By Pillow, which smooths when it makes images smaller."""
    height, width = size
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))
