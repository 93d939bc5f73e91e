"""Fine-tune a detector from a backbone: check, derive the config, train each seed, sum up."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope

from agmax_mm.engine.config import apply_options, config_hash, load_config
from agmax_mm.fileio import write_json, write_text
from agmax_mm.transfer.backbone import Backbone, load_backbone, write_backbone
from agmax_mm.transfer.layouts import CocoLayout, VocLayout, read_coco_layout, read_voc_layout
from agmax_mm.transfer.recipe import Length, fit_data, fit_finetune, fit_length, learning_rate

# Recipe, default data folder, and the scores of the result row.
TASKS: dict[str, dict[str, Any]] = {
    'voc': {
        'config': 'configs/detection/faster-rcnn_r50_fpn_1x_voc0712.py',
        'data_root': 'data/VOCdevkit',
        'metrics': ('pascal_voc/mAP',),
    },
    'coco': {
        'config': 'configs/detection/mask-rcnn_r50_fpn_1x_coco.py',
        'data_root': 'data/coco',
        'metrics': ('coco/bbox_mAP', 'coco/segm_mAP'),
    },
}

_RESULT = 'transfer.json'


@dataclass(frozen=True)
class Transfer:
    """What to fine-tune, on what, and how.

    Attributes:
        backbone: Checkpoint or exported backbone.
        task: A name in :data:`TASKS`.
        work_dir: Folder of everything this writes: config, backbone, one run per seed, ``transfer.json``.
        root: Folder of ``tools/`` and ``configs/``.
        config: Another recipe than the task's, with the same kind of data.
        data_root: Folder of the data, the host's usual one by default.
        classes: Class names, for VOC; COCO files name theirs.
        annotations: Annotation files for training and validation, for COCO, relative to ``data_root``.
        seeds: One run for each.
        finetune: Which layers learn, see :data:`~agmax_mm.transfer.recipe.FINETUNE`.
        length: How long to train.
        batch_size: Images a step and process, the recipe's by default.
        processes: Processes on this machine.
        options: Further config keys, applied last but for the learning rate's scaling.
        resume: Go on from what is in ``work_dir``.
    """

    backbone: str
    task: str
    work_dir: Path
    root: Path
    config: str | None = None
    data_root: str | None = None
    classes: Sequence[str] | None = None
    annotations: Sequence[str] | None = None
    seeds: Sequence[int] = (0,)
    finetune: str = 'frozen'
    length: Length = field(default_factory=Length)
    batch_size: int | None = None
    processes: int = 1
    options: dict[str, Any] = field(default_factory=dict)
    resume: bool = False


def transfer(job: Transfer) -> dict[str, Any]:
    """Run a transfer from end to end.

    Nothing is trained unless the data are complete and the backbone fits the detector.

    Returns:
        What ``transfer.json`` holds: the setup, the scores of each seed, and their mean and spread.

    Raises:
        ValueError: On anything wrong with the input, if ``work_dir`` holds another transfer, or if a run fails.
    """
    _check_work_dir(job)
    config = derive_config(job)
    backbone = _fitting_backbone(job, config)
    result = _setup(job, config, backbone)
    _check_same_setup(job, result)
    write_backbone(backbone, _backbone_path(job))
    config_path = job.work_dir / f'{Path(result["config"]).stem}.py'
    write_text(config.dump(), config_path)
    rate = learning_rate(config, job.processes)
    print(f'{backbone.summary()} -> {result["detector"]}, {len(job.seeds)} run(s), fine-tuning: {job.finetune}')
    print(
        f'learning rate {rate:g} for {config.train_dataloader.batch_size} x {job.processes} images a step', flush=True
    )
    for seed in job.seeds:
        result['runs'][str(seed)] = _run_seed(job, config_path, seed)
        result['summary'] = summarise([run['scores'] for run in result['runs'].values()])
        result['status'] = 'completed' if len(result['runs']) == len(job.seeds) else 'running'
        write_json(result, job.work_dir / _RESULT)
    return result


def derive_config(job: Transfer) -> Config:
    """Fit the task's recipe to the job; the result is complete in itself."""
    if job.task not in TASKS:
        raise ValueError(f'task: expected one of {", ".join(TASKS)}, got {job.task!r}')
    data_root = job.data_root or TASKS[job.task]['data_root']
    if job.task == 'voc':
        if job.annotations:
            raise ValueError('annotation files: expected none for the task voc, whose layout names them')
        layout: VocLayout | CocoLayout = read_voc_layout(data_root, job.classes)
    else:
        layout = read_coco_layout(data_root, job.annotations)
        if job.classes and tuple(job.classes) != layout.classes:
            raise ValueError(
                f'classes: expected those of the annotation files, {layout.classes}, got {tuple(job.classes)}'
            )
    config = load_config(job.config or str(job.root / TASKS[job.task]['config']))
    if job.batch_size is not None:
        config.train_dataloader.batch_size = job.batch_size
    fit_data(config, layout)
    fit_length(config, job.length, layout.num_train, job.processes)
    fit_finetune(config, job.finetune)
    apply_options(config, job.options)
    config.default_hooks.backbone.checkpoint = str(_backbone_path(job))
    return config


def summarise(scores: Sequence[dict[str, float]]) -> dict[str, dict[str, Any]]:
    """Mean and sample standard deviation (None for one run) of every metric that all runs report."""
    shared = [name for name in scores[0] if all(isinstance(run.get(name), (int, float)) for run in scores)]
    summary = {}
    for name in shared:
        values = [run[name] for run in scores]
        spread = statistics.stdev(values) if len(values) > 1 else None
        summary[name] = {'n': len(values), 'mean': statistics.fmean(values), 'std': spread, 'values': values}
    return summary


def result_row(result: dict[str, Any]) -> str:
    """A Markdown table of one row: the task's scores in percent, mean ± sample standard deviation."""
    metrics = [name for name in TASKS[result['task']]['metrics'] if name in result['summary']]
    cells = [result['detector'], result['backbone']['recipe'] or result['backbone']['source'], result['finetune']]
    for name in metrics:
        entry = result['summary'][name]
        spread = '' if entry['std'] is None else f' ± {100 * entry["std"]:.1f}'
        cells.append(f'{100 * entry["mean"]:.1f}{spread}')
    cells.append(str(len(result['runs'])))
    header = ['detector', 'backbone', 'fine-tuning', *(f'{name} %' for name in metrics), 'n']
    rows = [header, ['---'] * len(header), cells]
    return '\n'.join(f'| {" | ".join(row)} |' for row in rows)


def _backbone_path(job: Transfer) -> Path:
    return job.work_dir / 'backbone.safetensors'


def _fitting_backbone(job: Transfer, config: Config) -> Backbone:
    """Read the backbone and try it on the detector, so that what doesn't fit is refused before any training."""
    with DefaultScope.overwrite_default_scope(config.get('default_scope', 'mmdet')):
        detector = MODELS.build(config.model)
    contract = config.default_hooks.backbone.get('contract', 'check')
    return load_backbone(detector, job.backbone, contract)


def _setup(job: Transfer, config: Config, backbone: Backbone) -> dict[str, Any]:
    return {
        'task': job.task,
        'detector': config.model.type,
        'config': job.config or TASKS[job.task]['config'],
        'config_sha256': config_hash(config),
        'backbone': backbone.info,
        'finetune': job.finetune,
        'batch_size': config.train_dataloader.batch_size,
        'processes': job.processes,
        'learning_rate': learning_rate(config, job.processes),
        'paper': config.get('paper'),
        'status': 'running',
        'runs': {},
        'summary': {},
    }


def _check_work_dir(job: Transfer) -> None:
    if not job.resume and any(job.work_dir.glob('seed_*')):
        raise ValueError(
            f'work dir {str(job.work_dir)!r}: it holds earlier runs; give --resume to go on, or another folder'
        )


def _check_same_setup(job: Transfer, result: dict[str, Any]) -> None:
    path = job.work_dir / _RESULT
    if not (job.resume and path.is_file()):
        write_json(result, path)
        return
    earlier = json.loads(path.read_text(encoding='utf-8'))
    keys = ('task', 'config_sha256', 'backbone', 'processes')
    changed = [key for key in keys if earlier.get(key) != json.loads(json.dumps(result[key]))]
    if changed:
        raise ValueError(f'{str(path)!r}: expected the setup it was begun with, got another {", ".join(changed)}')


def _run_seed(job: Transfer, config_path: Path, seed: int) -> dict[str, Any]:
    folder = job.work_dir / f'seed_{seed}'
    record = _record(folder)
    if record.get('status') == 'completed':
        print(f'seed {seed}: finished before, {folder / "result.json"}')
    else:
        code = subprocess.run([*_command(job, config_path, folder, seed)], env={**os.environ, 'PYTHON': sys.executable})
        record = _record(folder)
        if code.returncode or record.get('status') != 'completed':
            raise ValueError(
                f'seed {seed}: training ended with code {code.returncode}, see {str(folder)!r}; --resume goes on'
            )
    scores = {name: value for name, value in record['scores']['last'].items() if name not in ('epoch', 'iter')}
    return {'work_dir': str(folder), 'scores': scores, 'wall_time_s': record['wall_time_s']}


def _record(folder: Path) -> dict[str, Any]:
    path = folder / 'result.json'
    return json.loads(path.read_text(encoding='utf-8')) if path.is_file() else {}


def _command(job: Transfer, config_path: Path, folder: Path, seed: int) -> Iterator[str]:
    if job.processes > 1:
        yield from ('bash', str(job.root / 'tools' / 'dist_train.sh'), str(config_path), str(job.processes))
    else:
        yield from (sys.executable, str(job.root / 'tools' / 'train.py'), str(config_path))
    yield from ('--work-dir', str(folder), '--seed', str(seed), '--resume')
