"""The result files of runs, and runs of the same recipe taken together."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path, PurePath
from typing import Any

import agmax_mm.captioning.metrics  # declares what recipes that were not run have figures of
import agmax_mm.detection.metrics  # noqa: F401  declares what older records do not
from agmax_mm.fileio import RESULT_FILE
from agmax_mm.metrics import Metric, declared_metrics, find_metric, metric_from_json
from agmax_mm.results.escape import one_line
from agmax_mm.results.reading import read_json
from agmax_mm.results.record_check import check_result


@dataclass(frozen=True)
class Run:
    """One run, or a recipe that was never run, which has the status ``'not run'``.

    Attributes:
        name: What it is called.
        record: What its result file says.
        folder: Where it is; None for a recipe.
        config: The recipe's config; None for a run, whose config lies in its folder.
    """

    name: str
    record: dict[str, Any]
    folder: Path | None = None
    config: Mapping[str, Any] | None = None

    @classmethod
    def not_run(cls, name: str, paper: Any, config: Mapping[str, Any] | None = None) -> Run:
        """A recipe without a run, for the paper's figure beside an empty place.

        Args:
            name: Its path below ``configs/``, or its file name.
            paper: The paper's figures, as the recipe states them.
            config: The whole config.
        """
        empty = {'scores': {'last': {}, 'best': {}}, 'history': {'train': [], 'val': []}}
        record = {'config': PurePath(name).name, 'status': 'not run', 'paper': paper, **empty}
        return cls(name.removesuffix('.py'), record, config=config)

    @property
    def status(self) -> str:
        """``'completed'``, ``'running'``, ``'interrupted'``, ``'failed'`` or ``'not run'``."""
        return str(self.record['status'])

    def paper(self) -> dict[str, float]:
        """The paper's figures for this run by metric, in percent; where its tables differ, the first one's.

        Those of a fine-tuning hold for one pre-training each, and count where the run's backbone is from that.
        """
        stated = self.record.get('paper') or []
        pretraining = str(self.record.get('pretraining')).removesuffix('.py')
        figures: dict[str, float] = {}
        for entry in [stated] if isinstance(stated, dict) else stated:
            if entry.get('pretraining', pretraining) == pretraining:
                figures.setdefault(entry['metric'], entry['value'])
        return figures

    def last(self, metric: str) -> float | None:
        """Score of the last validation, if the run is complete and has this metric."""
        if self.status != 'completed':
            return None
        return self._score(self.record['scores']['last'], metric)

    def best(self, metric: str) -> dict[str, float] | None:
        """Best score with its epoch and iteration: ``{'value', 'epoch', 'iter'}``.

        Errors are all those of the epoch with the lowest top-1 error, as the CutMix authors take them: of several such
        epochs the last. Other metrics have their best epoch each, of several the first.
        """
        if self.status != 'completed':
            return None
        if self.complement_of(metric) is None:
            return self.record['scores']['best'].get(metric) or None
        points = [point for point in self.record['history']['val'] if point.get('accuracy/top1') is not None]
        best: dict[str, Any] = max(reversed(points), key=lambda point: point['accuracy/top1'], default={})
        value = self._score(best, metric)
        return None if value is None else {'value': value, 'epoch': best['epoch'], 'iter': best['iter']}

    def metric(self, name: str) -> Metric | None:
        """The declaration of a metric: the record's, or else this package's."""
        stated = self.record.get('metrics', {}).get(name)
        return find_metric(name) if stated is None else metric_from_json(stated)

    def complement_of(self, metric: str) -> str | None:
        """The recorded metric that another one is left of to 100; None for one that is recorded itself."""
        known = self.metric(metric)
        return None if known is None else known.complement_of

    def printed(self, metric: str, value: float) -> float:
        """A recorded value as papers print it, such as a share of 1 in percent."""
        known = self.metric(metric)
        return value if known is None else known.printed(value)

    def label(self, metric: str) -> str:
        """Title and unit of a metric, or its bare name."""
        known = self.metric(metric)
        return metric if known is None else known.label

    def metrics(self) -> list[str]:
        """The known metrics that this run measured: the package's in the order of their declarations, then others.

        Errors stand for accuracies where the paper prints errors.
        """
        measured = [name for name in self.record['scores']['last'] if self.metric(name) is not None]
        printed = self.paper()
        errors = {known.complement_of: known.name for known in declared_metrics() if known.complement_of is not None}
        if printed.keys() & set(errors.values()):
            measured = [errors.get(name, name) for name in measured]
        order = [known.name for known in declared_metrics()]
        return sorted(measured, key=lambda name: order.index(name) if name in order else len(order))

    def curve(self, split: str, key: str) -> tuple[list[float], list[float]]:
        """Iterations and values of ``key`` in the history of ``'train'`` or ``'val'``."""
        points = [point for point in self.record['history'][split] if point.get(key) is not None]
        return [float(point['iter']) for point in points], [float(point[key]) for point in points]

    def steps_per_epoch(self) -> float | None:
        """Training steps in an epoch, by the last validation; None for runs that do not count epochs."""
        points = [point for point in self.record['history']['val'] if point.get('epoch')]
        return points[-1]['iter'] / points[-1]['epoch'] if points and points[-1]['iter'] else None

    def errors_by_epoch(self) -> dict[int, float]:
        """Top-1 error, in percent, of each validation by the number of epochs before it; runs without epochs have none.

        Validations of one epoch, as a stop within it leaves them, count once, the last.
        """
        points = self.record['history']['val']
        errors = {point.get('epoch'): self._score(point, 'error/top1') for point in points}
        return {epoch: error for epoch, error in errors.items() if epoch and error is not None}

    def _score(self, scores: Mapping[str, Any], metric: str) -> float | None:
        """A metric among the scores of a validation, or the error that follows from one."""
        complement = self.complement_of(metric)
        value = scores.get(complement or metric)
        if value is None:
            return None
        return float(value) if complement is None else 100.0 - float(value)


def load_run(work_dir: str | os.PathLike[str], name: str | None = None) -> Run:
    """Read the result file of a work directory.

    Raises:
        ValueError: If there is none, or it is not a result file that can be shown.
    """
    path = Path(work_dir) / RESULT_FILE
    record = read_json(path, 'results')
    check_result(record, path)
    return Run(one_line(name or Path(work_dir).name), record, Path(work_dir))


def find_runs(folders: Iterable[str | os.PathLike[str]]) -> list[Run]:
    """The runs in these folders and anywhere below them, in order of their paths.

    Raises:
        ValueError: If a folder holds no result file at any depth.
    """
    runs = []
    for folder in map(Path, folders):
        found = sorted(folder.rglob(RESULT_FILE)) if folder.is_dir() else []
        if not found:
            raise ValueError(f'results: expected a {RESULT_FILE} in {str(folder)!r} or below it, got none')
        for path in found:
            below = path.parent.relative_to(folder)
            runs.append(load_run(path.parent, '/'.join((folder.name, *below.parts))))
    return runs


def repeats(runs: Iterable[Run]) -> list[list[Run]]:
    """Runs of one recipe with the same options on the same data, from one backbone, together; the others apart.

    The hash of the complete config, which leaves out the seed, tells them apart. Records without one are told apart by
    the name of their config, the backbone and what they are compared to. Earlier versions hashed the seed, too: what
    they recorded stays apart.
    """
    groups: dict[tuple[str, ...], list[Run]] = {}
    for run in runs:
        record = run.record
        paper = json.dumps(record.get('paper'), sort_keys=True)
        key = (record['config'], str(record.get('config_sha256')), str(record.get('backbone')), paper)
        groups.setdefault(key, []).append(run)
    return list(groups.values())


def group_names(groups: Sequence[Sequence[Run]]) -> list[str]:
    """Names for groups of :func:`repeats`: their recipe and, where several are of one, the folder of their runs."""
    recipes = [_recipe_name(group[0]) for group in groups]
    for where in (_common_folder, lambda group: group[0].name, lambda group: str(group[0].folder)):
        names = [
            f'{recipe} ({where(group)})' if recipes.count(recipe) > 1 else recipe
            for recipe, group in zip(recipes, groups, strict=True)
        ]
        if len(set(names)) == len(names):
            break
    return names


def _recipe_name(run: Run) -> str:
    # Recipes of one name in two families differ, as do all with and without AgMax.
    return run.name if run.status == 'not run' else str(run.record['config']).removesuffix('.py')


def _common_folder(group: Sequence[Run]) -> str:
    """The common beginning of the names of runs; the first name where they have none."""
    parts = zip(*(run.name.split('/') for run in group), strict=False)
    return '/'.join(names[0] for names in takewhile(lambda names: len(set(names)) == 1, parts)) or group[0].name
