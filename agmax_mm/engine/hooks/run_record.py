"""One ``result.json`` per run, and the facts about a run that travel with its checkpoints."""

from __future__ import annotations

import contextlib
import json
import math
import resource
import sys
import time
from numbers import Number
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import master_only
from mmengine.hooks import Hook

from agmax_mm import __version__
from agmax_mm.engine.amp import CHOICE
from agmax_mm.engine.hashes import config_hash
from agmax_mm.engine.hooks.step_values import detached, to_numbers
from agmax_mm.fileio import RESULT_FILE, write_json
from agmax_mm.host import unwrap
from agmax_mm.machine import device_name, library_versions
from agmax_mm.metrics import find_metric, higher_is_better, metric_to_json
from agmax_mm.models.contract import preprocessing_contract
from agmax_mm.registry import HOOKS

_MAX_TRAIN_RECORDS = 2000


@HOOKS.register_module()
class RunRecordHook(Hook):
    """Record a run's config, machine, scores and curves in ``<work_dir>/result.json``.

    The file is rewritten after every validation, behind the best checkpoint, and at the end, whole or not at all. Each
    checkpoint carries the recipe, its hash, the latest scores and the preprocessing that the backbone expects under
    ``meta['agmax_mm']``, and those that are resumed the curves up to them under ``meta['run_record']``: wherever a run
    was killed, its record becomes that of the uninterrupted run.

    Args:
        interval: Training iterations between two points of the curves, which are means over the interval. Longer
            runs record fewer points, 2000 at most.
    """

    # After the hooks that compute and log metrics, before the one that saves checkpoints.
    priority = 'LOW'

    def __init__(self, interval: int = 10) -> None:
        if interval < 1:
            raise ValueError(f'RunRecordHook.interval: expected at least 1, got {interval}')
        self.interval = interval
        self.record: dict[str, Any] = {}
        # The validation of a resumed checkpoint, if the checkpoint itself was written before it.
        self.validated_since: list[dict[str, Any]] = []
        self._values: dict[str, list[Any]] = {}
        self._started = 0.0
        self._earlier_wall_time = 0.0
        self._resumed: dict[str, Any] | None = None

    def after_load_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Take what a resumed checkpoint carries."""
        if getattr(runner, '_resume', False):
            self._resumed = (checkpoint.get('meta') or {}).get('run_record')

    def before_train(self, runner: Any) -> None:
        """Open the record, or go on with the one of the resumed run."""
        self._started = time.monotonic()
        self._every = max(self.interval, math.ceil(runner.max_iters / _MAX_TRAIN_RECORDS))
        self.record = _new_record(runner)
        earlier = Path(runner.work_dir) / RESULT_FILE
        if runner.iter > 0:
            self._continue(json.loads(earlier.read_text(encoding='utf-8')) if earlier.is_file() else {}, runner)
            self._note_processes(runner)
        self._write(runner)

    def after_train_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: dict[str, Any] | None = None
    ) -> None:
        """Keep the logged values of this step; at the end of an interval note their means."""
        for name, value in detached(outputs or {}).items():
            # Not every value comes with every step.
            self._values.setdefault(name, []).append(value)
        if (runner.iter + 1) % self._every == 0 or runner.iter + 1 == runner.max_iters:
            means = {name: _finite(sum(to_numbers(values)) / len(values)) for name, values in self._values.items()}
            rate = runner.optim_wrapper.get_lr()
            rates = rate['lr'] if 'lr' in rate else next(iter(rate.values()))
            point = {'iter': runner.iter + 1, 'epoch': runner.epoch + 1, 'lr': float(rates[0]), **means}
            self.record['history']['train'].append(point)
            self._values = {}

    def after_val_epoch(self, runner: Any, metrics: dict[str, float] | None = None) -> None:
        """Add a validation's metrics, and the declarations of those that are declared; the best checkpoint has them."""
        if not self.record:  # a validation outside of training
            return
        scores = {name: _finite(value) for name, value in (metrics or {}).items() if isinstance(value, Number)}
        earlier = [point for point in self.record['history']['val'] if point['iter'] != runner.iter]
        self.record['history']['val'] = [*earlier, {'epoch': runner.epoch, 'iter': runner.iter, **scores}]
        self.record['scores'] = _scores(self.record['history']['val'])
        known = {name: metric for name in scores if (metric := find_metric(name)) is not None}
        self.record['metrics'] = {name: metric_to_json(metric) for name, metric in known.items()}

    def after_val(self, runner: Any) -> None:
        """Write: by now the best checkpoint is, too, so that a recorded validation has nothing left to do."""
        if self.record:
            self._write(runner)

    def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Let the facts about the run travel with the weights."""
        model = unwrap(runner.model)
        checkpoint['meta']['agmax_mm'] = {
            'contract': preprocessing_contract(model) if hasattr(model, 'backbone') else None,
            'recipe': _recipe(runner),
            'config_sha256': self.record['config_sha256'],
            'num_classes': getattr(getattr(model, 'head', None), 'num_classes', None),
            'package_version': __version__,
            # Of earlier epochs: a checkpoint is written before it is validated.
            'scores': self.record['scores'],
        }
        if 'optimizer' in checkpoint:  # of a run that can go on from it
            values = {name: to_numbers(values) for name, values in self._values.items()}
            checkpoint['meta']['run_record'] = {'history': self.record['history'], 'values': values}

    def after_run(self, runner: Any) -> None:
        """Close the record, after all hooks have done what they do at the end of training."""
        if self.record:
            self.record['status'] = 'completed'
            self._write(runner)

    def _continue(self, earlier: dict[str, Any], runner: Any) -> None:
        """Go on from a checkpoint, and from the record in the folder as far as it is of the same run."""
        history = earlier.get('history', {})
        known = self._resumed or {'history': history, 'values': {}}
        for name in ('train', 'val'):
            self.record['history'][name] = [p for p in known['history'].get(name, []) if p['iter'] <= runner.iter]
        self._values = {name: list(values) for name, values in known['values'].items()}
        # The checkpoint is older than its own validation, unless that made it the best one.
        if all(earlier.get(key) == self.record[key] for key in ('setup_sha256', 'seed')):
            val = self.record['history']['val']
            steps = {point['iter'] for point in val}
            self.validated_since = [
                p for p in history.get('val', []) if p['iter'] == runner.iter and p['iter'] not in steps
            ]
            val += self.validated_since
        self.record['processes'] = earlier.get('processes') or self.record['processes']
        self._earlier_wall_time = earlier.get('wall_time_s', 0.0)
        self.record['scores'] = _scores(self.record['history']['val'])
        self.record['metrics'] = earlier.get('metrics', {})

    def _note_processes(self, runner: Any) -> None:
        """Note where the run goes on with another number of processes, and say it if its steps are others then."""
        last, now = self.record['processes'][-1], _processes(runner)
        if all(last[key] == now[key] for key in ('world_size', 'batch')):
            return
        self.record['processes'].append(now)
        line = ' and '.join(
            f'{entry["batch"]} images a step on {entry["world_size"]} processes' for entry in (last, now)
        )
        steps = f'; an epoch now has {len(runner.train_dataloader)} steps, as many as before with total_batch_size='
        other = last['batch'] != now['batch']
        runner.logger.warning(f'resume: before and now, {line}{steps if other else ""}{last["batch"] if other else ""}')

    @master_only
    def _write(self, runner: Any) -> None:
        self.record['wall_time_s'] = round(self._earlier_wall_time + time.monotonic() - self._started, 3)
        self.record['peak_memory_mb'] = peak_memory_mb()
        self.record['iterations'], self.record['epochs'] = runner.iter, runner.epoch
        # What --amp chose; a run that resumes this one keeps it.
        self.record[CHOICE] = getattr(runner, 'precision', None)
        # The recipe that the backbone comes from, by LoadBackboneHook.
        self.record['pretraining'] = runner.message_hub.runtime_info.get('pretraining')
        write_json(self.record, Path(runner.work_dir) / RESULT_FILE)


@master_only
def mark_unfinished(work_dir: str, status: str) -> None:
    """Write ``'failed'`` or ``'interrupted'`` into the record of a run that ended early, if it had begun one."""
    path = Path(work_dir) / RESULT_FILE
    if path.is_file():
        record = json.loads(path.read_text(encoding='utf-8'))
        if record['status'] == 'running':
            with contextlib.suppress(OSError):  # a full disk, which is what the run ended of
                write_json({**record, 'status': status}, path)


def _new_record(runner: Any) -> dict[str, Any]:
    filename = runner.cfg.filename
    return {
        'config': Path(filename).name if filename else runner.experiment_name,
        'config_sha256': config_hash(runner.cfg),
        # The same without the length; a run that nobody prepared has none.
        'setup_sha256': getattr(runner, 'setup_sha256', None),
        'package_version': __version__,
        'versions': library_versions(),
        'seed': runner.seed,
        'device': device_name(),
        'world_size': runner.world_size,
        # One entry, and another one for each place where the run goes on with other processes.
        'processes': [_processes(runner)],
        'wall_time_s': 0.0,
        'peak_memory_mb': 0.0,
        'status': 'running',
        'iterations': runner.iter,
        'epochs': runner.epoch,
        'paper': runner.cfg.get('paper'),
        'backbone': runner.cfg.get('default_hooks', {}).get('backbone', {}).get('checkpoint'),
        'metrics': {},
        'scores': {'last': {}, 'best': {}},
        'history': {'train': [], 'val': []},
    }


def _processes(runner: Any) -> dict[str, Any]:
    """The number of processes and the images of a step, from this iteration on; None where batches have no one size."""
    batch = runner.train_dataloader.batch_size
    return {
        'from_iteration': runner.iter,
        'world_size': runner.world_size,
        'batch': None if batch is None else batch * runner.world_size,
    }


def _recipe(runner: Any) -> str:
    """The config's place below ``configs/``, which tells AgMax from its baseline; elsewhere its name."""
    if not runner.cfg.filename:
        return str(runner.experiment_name)
    parts = Path(runner.cfg.filename).parts
    below = max((place + 1 for place, part in enumerate(parts[:-1]) if part == 'configs'), default=len(parts) - 1)
    return '/'.join(parts[below:])


def _scores(history: list[dict[str, Any]]) -> dict[str, Any]:
    """The last validation, and the best value of each metric with its place: the first of several.

    Metrics whose direction nobody has stated have no best value.
    """
    best: dict[str, Any] = {}
    for point in history:
        place = {'epoch': point['epoch'], 'iter': point['iter']}
        for name, value in point.items():
            direction = higher_is_better(name)
            if name in place or value is None or direction is None:
                continue
            earlier = best[name]['value'] if name in best else None
            if earlier is None or (value > earlier if direction else value < earlier):
                best[name] = {'value': value, **place}
    return {'last': history[-1] if history else {}, 'best': best}


def _finite(value: Any) -> float | None:
    """JSON has no NaN; a metric that could not be computed is null."""
    return float(value) if math.isfinite(value) else None


def peak_memory_mb() -> float:
    """Peak memory of this process in MiB: on the GPU where there is one, otherwise resident."""
    if torch.cuda.is_available():
        return round(torch.cuda.max_memory_allocated() / 2**20, 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == 'darwin' else 2**10), 1)
