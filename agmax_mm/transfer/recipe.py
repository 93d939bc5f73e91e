"""A detection config fitted to the data at hand: classes, paths, length of training, batch."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict

from agmax_mm.transfer.layouts import VOC_CLASSES, CocoLayout, VocLayout

# Which layers learn. The host's recipes freeze the stem, the first stage and all batch statistics, which suits
# ImageNet weights; a backbone trained briefly, or on other images, has to go on learning.
FINETUNE = {
    'frozen': {'frozen_stages': 1, 'norm_eval': True},
    'full': {'frozen_stages': -1, 'norm_eval': False},
}

# A warm-up of hundreds of iterations must not fill a short run.
_LARGEST_WARMUP = 0.1
# Validations in a run whose length is given in iterations.
_VALIDATIONS = 5


@dataclass(frozen=True)
class Length:
    """How long to train: epochs, iterations, or neither for as long as the recipe says."""

    epochs: int | None = None
    iters: int | None = None

    def __post_init__(self) -> None:
        if self.epochs is not None and self.iters is not None:
            raise ValueError(f'length: expected epochs or iterations, got both ({self.epochs} and {self.iters})')
        if min(value for value in (self.epochs, self.iters, 1) if value is not None) < 1:
            raise ValueError(f'length: expected at least 1, got {self.epochs or self.iters or 0}')


def fit_data(config: Config, layout: VocLayout | CocoLayout) -> None:
    """Point the recipe's loaders, evaluators and heads to the data of ``layout``, in place."""
    if isinstance(layout, VocLayout):
        _fit_voc(config, layout)
    else:
        _fit_coco(config, layout)
    heads = config.model.roi_head
    for name in ('bbox_head', 'mask_head'):
        if name in heads:
            heads[name].num_classes = len(layout.classes)


def fit_length(config: Config, length: Length, num_train: int, processes: int) -> None:
    """Shorten or lengthen the recipe's schedule, in place: the milestones stay at the same share of the training.

    Args:
        config: Recipe with a schedule in epochs.
        length: The new length.
        num_train: Training images.
        processes: Processes that share an epoch.
    """
    repeats = config.train_dataloader.dataset.get('times', 1)
    per_epoch = max(1, num_train * repeats // (config.train_dataloader.batch_size * processes))
    old = config.train_cfg.max_epochs
    new = length.iters or length.epochs or old
    if length.iters:
        interval = max(1, new // _VALIDATIONS)
        config.train_cfg = ConfigDict(type='IterBasedTrainLoop', max_iters=new, val_interval=interval)
        config.default_hooks.checkpoint.update(by_epoch=False, interval=interval)
        config.default_hooks.logger.interval = min(config.default_hooks.logger.interval, new)
        config.log_processor.by_epoch = False
    else:
        config.train_cfg.max_epochs = new
    # Two, so that there is one to go on from while another is being written.
    config.default_hooks.checkpoint.max_keep_ckpts = 2
    total = length.iters or new * per_epoch
    for scheduler in config.param_scheduler:
        if scheduler.get('by_epoch', True):
            _rescale(scheduler, new / old, new, by_epoch=not length.iters)
        else:
            scheduler.end = min(scheduler.end, max(1, int(total * _LARGEST_WARMUP)))


def fit_finetune(config: Config, finetune: str) -> None:
    """Choose which layers learn, by a name in :data:`FINETUNE`, in place."""
    if finetune not in FINETUNE:
        raise ValueError(f'finetune: expected one of {", ".join(FINETUNE)}, got {finetune!r}')
    config.model.backbone.update(FINETUNE[finetune])


def learning_rate(config: Config, processes: int) -> float:
    """The learning rate the run will have after the host's linear scaling to ``batch size x processes``."""
    rate = float(config.optim_wrapper.optimizer.lr)
    scale = config.get('auto_scale_lr', {})
    if not scale.get('enable'):
        return rate
    return rate * config.train_dataloader.batch_size * processes / scale.base_batch_size


def _fit_voc(config: Config, layout: VocLayout) -> None:
    root = _folder(layout.root)
    years = config.train_dataloader.dataset.dataset
    years.datasets = [_fit_voc_year(copy.deepcopy(years.datasets[0]), layout, year) for year in layout.years]
    for part in years.datasets:
        part.data_root = root
    for loader in (config.val_dataloader, config.test_dataloader):
        _fit_voc_year(loader.dataset, layout, 'VOC2007').data_root = root


def _fit_voc_year(dataset: ConfigDict, layout: VocLayout, year: str) -> ConfigDict:
    split = 'test' if dataset.get('test_mode') else 'trainval'
    dataset.ann_file = f'{year}/ImageSets/Main/{split}.txt'
    dataset.data_prefix = ConfigDict(sub_data_root=f'{year}/')
    if layout.classes != VOC_CLASSES:
        # VOCDataset would make the evaluation print the names of VOC's first classes.
        dataset.type = 'mmdet.XMLDataset'
        dataset.metainfo = ConfigDict(classes=layout.classes)
    return dataset


def _fit_coco(config: Config, layout: CocoLayout) -> None:
    root = _folder(layout.root)
    loaders = (
        (config.train_dataloader, layout.train),
        (config.val_dataloader, layout.val),
        (config.test_dataloader, layout.val),
    )
    for loader, split in loaders:
        dataset = loader.dataset
        dataset.data_root = root
        dataset.ann_file = split.ann_file
        dataset.data_prefix = ConfigDict(img=split.image_dir)
        dataset.metainfo = ConfigDict(classes=layout.classes)
    for evaluator in (config.val_evaluator, config.test_evaluator):
        evaluator.ann_file = root + layout.val.ann_file


def _rescale(scheduler: ConfigDict, factor: float, end: int, *, by_epoch: bool) -> None:
    changes: dict[str, Any] = {'by_epoch': by_epoch, 'end': end}
    if 'milestones' in scheduler:
        moved = {round(milestone * factor) for milestone in scheduler.milestones}
        changes['milestones'] = sorted(milestone for milestone in moved if 0 < milestone < end)
    scheduler.update(changes)


def _folder(path: Path) -> str:
    return f'{path.as_posix()}/'
