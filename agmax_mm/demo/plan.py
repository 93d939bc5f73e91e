"""The stages of the demonstration: their commands, inputs and results."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agmax_mm import __version__
from agmax_mm.demo.layout import ARMS, CONTROL, DETECTORS, Layout
from agmax_mm.experiments.stages import Stage

# What makes the detectors' training short enough for a first look.
SHORT = {name: ['train_cfg.max_iters=150', 'train_cfg.val_interval=150'] for name in DETECTORS}
_SPLITS = ('train', 'val', 'test')
# Seconds on one core of an ordinary machine, by the beginning of the stage's name; others take about ten.
_SECONDS = {'pretrain_baseline': 45, 'pretrain': 70, 'faster': 280, 'mask': 320}


def build_plan(layout: Layout, seed: int, overrides: Mapping[str, list[str]] | None = None) -> list[Stage]:
    """The stages in the order in which they are shown.

    Args:
        layout: Where to read and write.
        seed: Seed of the data and of every run.
        overrides: For each config, by name, further ``KEY=VALUE`` options of the training, for shorter runs.

    Raises:
        ValueError: If a config or an option is wrong.
    """
    planner = _Planner(layout, seed, overrides or {})
    stages = [planner.data()]
    stages += [planner.pretrain(f'pretrain_{arm}', f'pretrain_{arm}', f'pre-training, {ARMS[arm]}') for arm in ARMS]
    for detector, title in DETECTORS.items():
        stages += [planner.finetune(detector, arm, f'{title} from {ARMS[arm]}') for arm in ARMS]
    control = ['model.agreement=none']
    stages.append(planner.pretrain(CONTROL, 'pretrain_agmax', 'pre-training, two views only', control))
    stages.append(planner.views())
    stages.append(planner.report([stage.name for stage in stages]))
    return stages


class _Planner:
    def __init__(self, layout: Layout, seed: int, overrides: Mapping[str, list[str]]) -> None:
        self.layout, self.seed, self.overrides = layout, seed, overrides

    def data(self) -> Stage:
        command = self._console('digits', str(self.layout.data), '--seed', str(self.seed))
        command += ['--progress', str(self._private('data'))]
        return self._stage('data', 'digits and scenes', command, result=[self.layout.data / 'manifest.json'])

    def pretrain(self, name: str, config: str, title: str, extra: list[str] | None = None) -> Stage:
        root = self.layout.data / 'digits'
        options = [f'{split}_dataloader.dataset.data_root={root}' for split in _SPLITS]
        options += [*self.overrides.get(config, []), *(extra or [])]
        result = [self.layout.run(name) / 'backbone_last.safetensors']
        return self._train(name, config, title, options, ['data'], result)

    def finetune(self, detector: str, arm: str, title: str) -> Stage:
        backbone = self.layout.run(f'pretrain_{arm}') / 'backbone_last.safetensors'
        options = [*self._detection_data(detector), *self.overrides.get(detector, [])]
        options.append(f'default_hooks.backbone.checkpoint={backbone}')
        name = f'{detector}_{arm}'
        return self._train(name, detector, title, options, ['data', f'pretrain_{arm}'], [])

    def views(self) -> Stage:
        config = self.layout.config('pretrain_agmax')
        out = self.layout.report / 'views.png'
        options = [f'train_dataloader.dataset.data_root={self.layout.data / "digits"}']
        command = self._console('views', str(config), '--out', str(out), '--seed', str(self.seed))
        command += ['--cfg-options', *options]
        return self._stage('views', 'pictures of the views', command, ['data'], self._hash(config, options), [out])

    def report(self, needs: list[str]) -> Stage:
        command = [sys.executable, '-m', 'agmax_mm.demo.report', str(self.layout.work_dir)]
        result = [self.layout.report / name for name in ('report.md', 'index.html', 'results.json')]
        return self._stage('report', 'report', command, needs, result=result)

    def _train(
        self, name: str, config: str, title: str, options: list[str], needs: list[str], result: list[Path]
    ) -> Stage:
        path, folder = self.layout.config(config), self.layout.run(name)
        command = self._console('train', str(path), '--work-dir', str(folder), '--seed', str(self.seed), '--resume')
        command += ['--cfg-options', *options]
        seconds = next(value for key, value in _SECONDS.items() if name.startswith(key))
        results = [folder / 'result.json', *result]
        inputs = [command, self._hash(path, options)]
        return Stage(name, title, command, folder, needs, inputs, results, seconds)

    def _stage(
        self,
        name: str,
        title: str,
        command: list[str],
        needs: list[str] | None = None,
        inputs: Any = None,
        result: list[Path] | None = None,
    ) -> Stage:
        """A stage that writes elsewhere; its own folder holds its stamp alone."""
        everything = [command, __version__, inputs]
        return Stage(name, title, command, self._private(name), needs or [], everything, result or [], 10)

    def _private(self, name: str) -> Path:
        return self.layout.work_dir / 'stages' / name

    def _detection_data(self, detector: str) -> list[str]:
        options = [f'{split}_dataloader.dataset.data_root={self.layout.data}/' for split in _SPLITS]
        if 'coco' in detector:
            annotations = self.layout.data / 'annotations' / 'instances_test.json'
            options += [f'{split}_evaluator.ann_file={annotations}' for split in ('val', 'test')]
        return options

    @staticmethod
    def _console(name: str, *arguments: str) -> list[str]:
        return [sys.executable, '-m', 'agmax_mm', name, *arguments]

    @staticmethod
    def _hash(config: Path, options: list[str]) -> list[str]:
        from agmax_mm.engine.config import load_config
        from agmax_mm.engine.hashes import config_hash
        from agmax_mm.engine.options import parse_options

        return [__version__, config_hash(load_config(str(config), parse_options(options)))]
