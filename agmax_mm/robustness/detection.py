"""Average precision of detectors under the corruptions of ImageNet-C."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.dataset import Compose
from torch import nn

from agmax_mm.datasets.transforms.corrupt import SCORED, SEVERITIES, check_corruptions
from agmax_mm.models.contract import unwrap
from agmax_mm.registry import TRANSFORMS
from agmax_mm.results.curves import Line, Panel, draw_lines
from agmax_mm.results.page import Figure, Table, Text
from agmax_mm.robustness.contract import Condition, Entries, Results, Values

METRICS = ()
# The host's names of average precision, the first of which a model has is plotted.
_PRECISIONS = ('coco/bbox_mAP', 'coco/segm_mAP', 'pascal_voc/mAP')


@dataclass(frozen=True)
class Options:
    """Options of ``corruption`` for detectors.

    Attributes:
        corruptions: Their names; by default the 15 that are scored.
        severities: Of 1 to 5.
        seed: Each image draws from it and its path.
    """

    corruptions: tuple[str, ...] = SCORED
    severities: tuple[int, ...] = SEVERITIES
    seed: int = 0

    def __post_init__(self) -> None:
        check_corruptions(self.corruptions, self.severities)


class Detector:
    """A detector of the host in evaluation mode."""

    def __init__(self, model: nn.Module) -> None:
        self.model: Any = unwrap(model).eval()


class DetectionData:
    """A detector's test set, loaded and scored by the host.

    Args:
        runner: The runner of the config.
        workers: Processes that load.
        cache: Folder for corrupted images.
    """

    def __init__(self, runner: Any, workers: int, cache: str | None) -> None:
        self._runner = runner
        self._loader = copy.deepcopy(runner.cfg.test_dataloader)
        self._loader.num_workers = workers
        self._loader.persistent_workers = False
        if not workers:
            self._loader.pop('prefetch_factor', None)
        self._dataset = runner.build_dataloader(copy.deepcopy(self._loader)).dataset
        self.cache = cache
        self.root = getattr(self._dataset, 'data_root', None) or None
        self._advance: Callable[[int], None] = lambda number: None

    def __len__(self) -> int:
        return len(self._dataset)

    def labels(self) -> list[int]:
        """Number of objects in each image, which tells one set from another."""
        return [len(self._dataset.get_data_info(index).get('instances', [])) for index in range(len(self._dataset))]

    def counted(self, advance: Callable[[int], None]) -> DetectionData:
        """The same images, with a call after each batch."""
        changed = copy.copy(self)
        changed._advance = advance
        return changed

    def scores(self, model: Detector, *steps: dict[str, Any]) -> dict[str, float]:
        """The host's metrics, with further transforms behind the loading of an image."""
        dataset = copy.copy(self._dataset)
        load, *rest = self._dataset.pipeline.transforms
        dataset.pipeline = Compose([load, *map(TRANSFORMS.build, steps), *rest])
        loader = self._runner.build_dataloader({**copy.deepcopy(self._loader), 'dataset': dataset})
        evaluator = self._runner.build_evaluator(copy.deepcopy(self._runner.cfg.test_evaluator))
        evaluator.dataset_meta = dataset.metainfo
        with torch.no_grad():
            for batch in loader:
                outputs = model.model.test_step(batch)
                evaluator.process(data_samples=outputs, data_batch=batch)
                self._advance(len(outputs))
        return {name: float(value) for name, value in evaluator.evaluate(len(dataset)).items()}


def load_data(runner: Any, workers: int, cache: str | None) -> DetectionData:
    """The config's test set."""
    return DetectionData(runner, workers, cache)


def conditions(options: Options) -> list[Condition]:
    """The test set as it is, then each corruption at each severity."""
    return [
        {'corruption': 'none', 'severity': 0},
        *(
            {'corruption': name, 'severity': severity, 'seed': options.seed}
            for name in options.corruptions
            for severity in sorted(set(options.severities))
        ),
    ]


def measure(model: Detector, data: DetectionData, condition: Condition) -> Values:
    """The host's metrics on whole images that are corrupted before anything else is done to them."""
    if condition['corruption'] == 'none':
        return data.scores(model)
    step = {'type': 'agmax_mm.Corrupt', **condition, 'root': data.root, 'cache': data.cache}
    return data.scores(model, step)


def summary(entries: Entries) -> dict[str, float | None]:
    """For each average precision: clean, mean under corruption (mPC), and the share of clean that is left (rPC)."""
    found: dict[str, float | None] = {}
    for name in _PRECISIONS:
        clean = [values[name] for condition, values in entries if condition['corruption'] == 'none' and name in values]
        corrupted = [
            values[name] for condition, values in entries if condition['corruption'] in SCORED and name in values
        ]
        if clean and corrupted:
            mean = math.fsum(corrupted) / len(corrupted)
            found[f'{name}/clean'] = 100 * clean[0]
            found[f'{name}/mPC'] = 100 * mean
            found[f'{name}/rPC'] = 100 * mean / clean[0] if clean[0] > 0 else None
    return found


def blocks(results: Results, folder: Path | None) -> Iterator[Text | Table | Figure]:
    """Clean, mPC and rPC, AP by corruption and severity, and a plot."""
    yield Text(
        'AP in percent. mPC: mean over corruptions and severities. rPC: mPC by clean AP. Whole images are corrupted, '
        'before resizing; the extra corruptions do not count.'
    )
    rows = []
    lines: dict[str, list[Line]] = {}
    for model, entries in results.items():
        found = summary(entries)
        for name in dict.fromkeys(key.rpartition('/')[0] for key in found):
            figures = (found[f'{name}/{kind}'] for kind in ('clean', 'mPC', 'rPC'))
            rows.append((model, name, *('–' if value is None else f'{value:.1f}' for value in figures)))
    yield Table(('model', 'metric', 'clean', 'mPC', 'rPC (%)'), rows)
    for model, entries in results.items():
        name = next(name for name in _PRECISIONS if name in entries[0][1])
        errors: dict[str, dict[int, float]] = {}
        for condition, values in entries:
            errors.setdefault(condition['corruption'], {})[condition['severity']] = 100 * values[name]
        errors.pop('none')
        severities = sorted({severity for points in errors.values() for severity in points})
        body = [
            (corruption, *(f'{points[severity]:.1f}' for severity in severities))
            for corruption, points in errors.items()
        ]
        yield Table((f'{model}: {name}', *(f'severity {severity}' for severity in severities)), body)
        for corruption, points in errors.items():
            lines.setdefault(corruption, []).append(Line(f'{model}: {name}', list(points), list(points.values())))
    panels = [Panel(corruption, 'severity', 'AP (%)', series) for corruption, series in lines.items()]
    if folder is not None and panels:
        draw_lines(panels, folder / 'corruption.png')
        yield Figure('corruption.png', 'AP by corruption and severity.')
