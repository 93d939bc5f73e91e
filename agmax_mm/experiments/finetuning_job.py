"""A fine-tuning: its backbone, data and options, and the config that follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict

from agmax_mm.detection.detectors import DATA_ROOTS, recipe_of
from agmax_mm.detection.layouts import CocoLayout, VocLayout, class_names, read_coco_layout, read_voc_layout
from agmax_mm.detection.recipe import (
    Length,
    fit_backbone,
    fit_data,
    fit_finetune,
    fit_image_size,
    fit_learning_rate,
    fit_length,
)
from agmax_mm.engine.config import apply_options, load_config
from agmax_mm.recipe_files import recipes_folder
from agmax_mm.transfer.backbone import Backbone

_RATE = 'optim_wrapper.optimizer.lr'
_BATCH = 'train_dataloader.batch_size'


@dataclass(frozen=True)
class Transfer:
    """A fine-tuning: its backbone, data and options.

    Attributes:
        backbone: Checkpoint or exported backbone; None trains from scratch.
        task: ``'voc'`` or ``'coco'``: the layout of the data.
        work_dir: Folder of everything this writes: config, backbone, one run per seed, ``transfer.json``.
        detector: A name in :data:`~agmax_mm.detection.detectors.DETECTORS`, the task's usual one by default. Its recipe
            is fitted to the backbone's depth and width.
        config: A recipe in place of the detector's, which is not fitted to the backbone.
        data_root: Folder of the data, the host's usual one by default.
        classes: Class names, for VOC; COCO files name theirs.
        annotations: Annotation files for training and validation, for COCO, relative to ``data_root``.
        seeds: One run for each.
        finetune: Which layers learn, see :data:`~agmax_mm.detection.detectors.FINETUNE`; by default those that learn
            in the recipe, or all of them when training from scratch.
        length: How long to train.
        batch_size: Images a step and process, the recipe's by default.
        image_size: Longer side of the images in pixels, the recipe's by default.
        processes: Processes on this machine.
        options: Further config keys, applied last. A learning rate among them is taken as it is; the recipe's is
            scaled to the images of one update.
        resume: Go on from what is in ``work_dir``.
    """

    backbone: str | None
    task: str
    work_dir: Path
    detector: str | None = None
    config: str | None = None
    data_root: str | None = None
    classes: Sequence[str] | None = None
    annotations: Sequence[str] | None = None
    seeds: Sequence[int] = (0,)
    finetune: str | None = None
    length: Length = field(default_factory=Length)
    batch_size: int | None = None
    image_size: int | None = None
    processes: int = 1
    options: dict[str, Any] = field(default_factory=dict)
    resume: bool = False

    @property
    def backbone_path(self) -> Path:
        """The place of the backbone's copy for the runs."""
        return self.work_dir / 'backbone.safetensors'


def derive_config(job: Transfer, backbone: Backbone | None = None) -> Config:
    """Fit the detector's recipe to the job and to the backbone's size; the result is complete in itself.

    Args:
        job: What to run.
        backbone: Weights whose depth and width the detector's own recipe takes; its network stays by default.

    Raises:
        ValueError: If the recipe, the data, the options and the backbone don't go together.
    """
    recipe = recipe_of(job.task, job.detector)
    if _BATCH in job.options:
        raise ValueError(f'--cfg-options {_BATCH}: give --batch-size, which the length of the training follows, too')
    config = load_config(job.config or str(recipes_folder() / recipe))
    if backbone is not None and job.config is None:
        fit_backbone(config, backbone.tensors)
    layout = _read_layout(job, masks='mask_head' in config.model.get('roi_head', {}))
    if job.batch_size is not None:
        config.train_dataloader.batch_size = job.batch_size
    fit_data(config, layout)
    fit_length(config, job.length, layout.num_train, job.processes)
    finetune = job.finetune or ('scratch' if job.backbone is None else None)
    if finetune is not None:
        fit_finetune(config, finetune)
    if job.image_size is not None:
        fit_image_size(config, job.image_size)
    apply_options(config, job.options)
    if _RATE in job.options:
        config.auto_scale_lr = ConfigDict(enable=False)
    fit_learning_rate(config, job.processes)
    # A recipe of somebody's own may have the host's weights in mind, and download them.
    config.model.backbone.init_cfg = None
    config.default_hooks.setdefault('backbone', ConfigDict(type='agmax_mm.LoadBackboneHook'))
    config.default_hooks.backbone.checkpoint = None if job.backbone is None else str(job.backbone_path)
    return config


def _read_layout(job: Transfer, *, masks: bool) -> VocLayout | CocoLayout:
    data_root = job.data_root or DATA_ROOTS[job.task]
    if job.task == 'voc':
        if job.annotations:
            raise ValueError('annotation files: expected none for the task voc, whose layout names them')
        return read_voc_layout(data_root, job.classes)
    layout = read_coco_layout(data_root, job.annotations, masks=masks)
    if job.classes and class_names(job.classes) != layout.classes:
        raise ValueError(f'classes: expected those of the annotation files, {layout.classes}, got {tuple(job.classes)}')
    return layout
