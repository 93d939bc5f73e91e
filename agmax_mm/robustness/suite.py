"""Run suites on checkpoints: the only place that loads, loops, shows progress, resumes and writes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
import torch.distributed as dist
from mmengine.config import Config

from agmax_mm.engine.hashes import config_hash
from agmax_mm.engine.launch import prepare
from agmax_mm.engine.runner import EvaluationRunner, Runner
from agmax_mm.engine.tasks import task_name
from agmax_mm.localization.complete import training_set
from agmax_mm.machine import cores_of_process, device_name, library_versions
from agmax_mm.metrics import metric_to_json
from agmax_mm.progress import Bars
from agmax_mm.robustness import between, calibration, corruption, detection, fgsm, localization, occlusion, ood, pgd
from agmax_mm.robustness.contract import Condition, Results, named_suites
from agmax_mm.robustness.data import Data, Pictures
from agmax_mm.robustness.network import Network
from agmax_mm.robustness.options import parse_suite_options
from agmax_mm.robustness.store import Store

SUITES: dict[str, ModuleType] = {
    'corruption': corruption,
    'fgsm': fgsm,
    'pgd': pgd,
    'occlusion': occlusion,
    'between': between,
    'ood': ood,
    'calibration': calibration,
    'localization': localization,
}
DETECTION_SUITES: dict[str, ModuleType] = {'corruption': detection}
_TITLE = 'robustness'


def open_measurement(
    config_path: str,
    checkpoints: Sequence[str],
    suites: Sequence[str],
    out: str,
    *,
    options: Mapping[str, Any] | None = None,
    batch_size: int | None = None,
    workers: int | None = None,
    cache: str | None = None,
    work_dir: str | None = None,
    launcher: str = 'none',
    config_options: dict[str, Any] | None = None,
) -> Measurement:
    """Prepare to measure checkpoints of one config under all conditions of some suites, on its test set.

    Args:
        config_path: The config file.
        checkpoints: Checkpoints of its model.
        suites: Names in :data:`SUITES`, or modules; detectors have those of :data:`DETECTION_SUITES`.
        out: JSON file of the results. Conditions that it already holds are left as they are: a run that was stopped
            goes on, and further suites, options and checkpoints add to the file.
        options: Values by ``suite.option``.
        batch_size: Images of a batch; the config's by default.
        workers: Processes that load images, for each process of the run; one for each core by default.
        cache: Folder for corrupted images, which are then made once for all checkpoints.
        work_dir: Folder of the logs.
        launcher: ``'none'``, ``'pytorch'``, ``'slurm'`` or ``'mpi'``. The numbers do not depend on it.
        config_options: Dotted config keys and their values.

    Raises:
        ValueError: On anything wrong with the config, its data, a checkpoint or an option.
    """
    config = prepare(config_path, work_dir, launcher, config_options)
    known = DETECTION_SUITES if _detects(config) else SUITES
    chosen = named_suites(suites, known)
    if config.get('test_dataloader') is None:
        raise ValueError('robustness: expected a config with a test_dataloader, got none')
    parsed = parse_suite_options(chosen, options or {})
    conditions = {name: list(suite.conditions(parsed[name])) for name, suite in chosen.items()}
    files = {name: (path, _sha256(path)) for name, path in checkpoint_names(checkpoints).items()}
    if batch_size is not None:
        config.test_dataloader.batch_size = batch_size
    # The host would print the config before every table.
    config.log_level = 'ERROR'
    return Measurement(EvaluationRunner.from_cfg(config), chosen, conditions, files, out, config_path, workers, cache)


class Measurement:
    """Checkpoints, suites and their results.

    Attributes:
        suites: Modules by name.
        conditions: Their conditions, in order.
        files: Path and SHA-256 of each model's checkpoint.
        data: The test set.
        first: Whether this is the process that writes and talks.
    """

    def __init__(
        self,
        runner: Runner,
        suites: Mapping[str, ModuleType],
        conditions: Mapping[str, Sequence[Condition]],
        files: Mapping[str, tuple[str, str]],
        out: str,
        config_path: str,
        workers: int | None,
        cache: str | None,
    ) -> None:
        self._runner = runner
        self.suites = suites
        self.conditions = conditions
        self.files = files
        self.first = runner.rank == 0
        self._detects = _detects(runner.cfg)
        workers = cores_of_process(runner.world_size) if workers is None else workers
        self.data: Any = (detection.load_data if self._detects else load_data)(runner, workers, cache)
        identity = {
            'batch_size': runner.cfg.test_dataloader.batch_size,
            'images': len(self.data),
            'labels_hash': _labels_hash(self.data),
            'config_hash': config_hash(runner.cfg),
        }
        self._store = Store(out, identity)
        self._facts = {'config': config_path, 'device': device_name(), 'versions': library_versions()}
        self._network: tuple[str, Any] | None = None
        _check_equal(len(self.missing()))

    def missing(self) -> list[tuple[str, str, Condition]]:
        """Model, suite and condition of what is not measured yet, by model."""
        return [
            (model, suite, condition)
            for model, (_, sha256) in self.files.items()
            for suite, conditions in self.conditions.items()
            for condition in conditions
            if (sha256, suite, condition) not in self._store
        ]

    def results(self, suite: str) -> Results:
        """A suite's conditions and values of all models."""
        return {
            model: [(condition, self._store.values(sha256, suite, condition)) for condition in self.conditions[suite]]
            for model, (_, sha256) in self.files.items()
        }

    def network(self, model: str) -> Any:
        """A model with its checkpoint's weights; one model is there at a time."""
        if self._network is None or self._network[0] != model:
            self._runner.load_checkpoint(self.files[model][0])
            self._network = model, (detection.Detector if self._detects else Network)(self._runner.model)
        return self._network[1]

    def fill(self) -> None:
        """Measure what is missing, and write after each condition."""
        missing = self.missing()
        images = len(self.data)
        total = len(self.files) * sum(map(len, self.conditions.values()))
        with Bars([self._runner.logger]) if self.first else nullcontext() as bars:
            if bars is not None:
                bars.start(_TITLE, total * images, (total - len(missing)) * images)
            for number, (model, suite, condition) in enumerate(missing, total - len(missing)):
                network, started = self.network(model), time.monotonic()
                data = self.data.counted(_Counter(bars, number * images, images, self._runner.world_size))
                values = self.suites[suite].measure(network, data, condition)
                self._store.add(self.files[model][1], suite, condition, values, time.monotonic() - started)
                if self.first:
                    self._write()
                if bars is not None:
                    bars.update(_TITLE, (number + 1) * images, f'{model}: {suite}')
            if bars is not None:
                bars.finish(_TITLE)
        if self.first:
            self._write()

    def _write(self) -> None:
        done = not self.missing()
        summaries = {
            name: {model: suite.summary(entries) for model, entries in self.results(name).items()}
            for name, suite in (self.suites.items() if done else ())
        }
        self._store.write(
            {
                **self._facts,
                'status': 'completed' if done else 'unfinished',
                'checkpoints': {model: {'path': path, 'sha256': sha} for model, (path, sha) in self.files.items()},
                'metrics': {
                    metric.name: metric_to_json(metric) for suite in self.suites.values() for metric in suite.METRICS
                },
                'summaries': summaries,
            }
        )


def load_data(runner: Runner, workers: int, cache: str | None) -> Data:
    """The config's test set as the suites use it."""
    loader = runner.build_dataloader(runner.cfg.test_dataloader)
    where = next(iter(runner.model.parameters())).device
    return Data(
        Pictures(loader.dataset),
        runner.cfg.test_dataloader.batch_size,
        workers,
        where,
        cache=cache,
        training=training_set(runner.cfg),
    )


def checkpoint_names(paths: Sequence[str]) -> dict[str, str]:
    """Checkpoints by short names that tell them apart.

    Raises:
        ValueError: If there are none, or one is named twice.
    """
    if not paths or len(set(paths)) < len(paths):
        raise ValueError(f'checkpoints: expected one or more, each once, got {list(paths)}')
    for length in range(1, max(len(Path(path).parts) for path in paths) + 1):
        names = [str(Path(*Path(path).parts[-length:]).with_suffix('')) for path in paths]
        if len(set(names)) == len(names):
            return dict(zip(names, paths, strict=True))
    return {path: path for path in paths}


class _Counter:
    """Moves the bar within a condition, by the images of all processes."""

    def __init__(self, bars: Bars | None, begun: int, most: int, world_size: int) -> None:
        self.bars = bars
        self.begun = begun
        self.most = most
        self.world_size = world_size
        self.seen = 0

    def __call__(self, number: int) -> None:
        self.seen += number * self.world_size
        if self.bars is not None:
            self.bars.update(_TITLE, self.begun + min(self.seen, self.most))


def _check_equal(number: int) -> None:
    """All processes must go the same way: refuse a file that only some of them see."""
    if not dist.is_initialized() or dist.get_world_size() == 1:
        return
    numbers: list[int | None] = [None] * dist.get_world_size()
    dist.all_gather_object(numbers, number)
    if len(set(numbers)) > 1:
        raise ValueError(f'--out: expected a file that all processes see alike, got {numbers} conditions to measure')


def _detects(config: Config) -> bool:
    return task_name(config) == 'detection'


def _labels_hash(data: Any) -> str:
    labels = torch.as_tensor(data.labels(), dtype=torch.int64)
    return hashlib.sha256(labels.numpy().tobytes()).hexdigest()[:16]


def _sha256(path: str) -> str:
    if not Path(path).is_file():
        raise ValueError(f'checkpoint: expected a file, got {path!r}, which does not exist')
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
