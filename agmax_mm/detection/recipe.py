"""A detection config fitted to what is at hand: data, backbone, length of training, batch."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config, ConfigDict
from torch import Tensor

from agmax_mm.checkpoints.formats import resnet_depth
from agmax_mm.detection.detectors import FINETUNE
from agmax_mm.detection.layouts import VOC_CLASSES, CocoLayout, VocLayout
from agmax_mm.schedule_times import moved_times

# A warm-up of hundreds of iterations must not fill a short run.
_LARGEST_WARMUP = 0.1
# Validations in a run whose length is given in iterations.
_VALIDATIONS = 5
# Channels of a ResNet's first stage, before the block's own expansion.
_WIDTH = 64


@dataclass(frozen=True)
class Length:
    """Length of a training: epochs, iterations, or neither for as long as the recipe says."""

    epochs: int | None = None
    iters: int | None = None

    def __post_init__(self) -> None:
        if self.epochs is not None and self.iters is not None:
            raise ValueError(f'length: expected epochs or iterations, got both ({self.epochs} and {self.iters})')
        if min(value for value in (self.epochs, self.iters, 1) if value is not None) < 1:
            raise ValueError(f'length: expected at least 1, got {self.epochs or self.iters or 0}')


def fit_data(config: Config, layout: VocLayout | CocoLayout) -> None:
    """Point the recipe's loaders, evaluators and heads to the data of ``layout``, in place.

    A recipe for Pascal VOC can be fitted to data in COCO's layout, but not the other way round.

    Raises:
        ValueError: If the recipe's training data are of a kind that can't be replaced.
    """
    if isinstance(layout, VocLayout):
        _fit_voc(config, layout)
    else:
        _fit_coco(config, layout)
    model = config.model
    heads = [model.get('bbox_head'), *(model.get('roi_head', {}).get(name) for name in ('bbox_head', 'mask_head'))]
    for head in heads:
        if head is not None:
            head.num_classes = len(layout.classes)


def fit_backbone(config: Config, tensors: Mapping[str, Tensor]) -> None:
    """Give the recipe's ResNet-50 the depth and the width of the backbone's weights, in place.

    What isn't a plain ResNet is left for the strict loading to refuse.

    Args:
        config: Recipe with a ResNet.
        tensors: Name in the host's backbone to tensor.

    Raises:
        ValueError: If the detector takes over the last stage, which the host makes of one width only.
    """
    depth, model = resnet_depth(tensors), config.model
    if depth is None or model.backbone.type.split('.')[-1] != 'ResNet':
        return
    inner, spatial = (tensors[f'layer1.0.conv{index}.weight'].shape for index in (1, 2))
    if spatial[1] != inner[0]:  # grouped: a ResNeXt
        return
    last = 'conv3' if 'layer1.0.conv3.weight' in tensors else 'conv2'
    widths = [tensors[f'layer{stage}.0.{last}.weight'].shape[0] for stage in range(1, 5)]
    model.backbone.depth = depth
    for name, found in (('base_channels', inner[0]), ('stem_channels', tensors['conv1.weight'].shape[0])):
        if found != _WIDTH:
            model.backbone[name] = found
    used = [widths[index] for index in model.backbone.get('out_indices', range(4))]
    head = model.get('roi_head', {}).get('shared_head')
    if head is not None:
        if inner[0] != _WIDTH:
            raise ValueError(f'backbone: expected a ResNet of base width {_WIDTH} for this detector, got {inner[0]}')
        head.depth = depth
        model.rpn_head.update(in_channels=used[0], feat_channels=used[0])
        model.roi_head.bbox_roi_extractor.out_channels = used[0]
        model.roi_head.bbox_head.in_channels = widths[-1]
        return
    model.neck.in_channels = used
    if model.neck.type.split('.')[-1] == 'SSDNeck':
        # The neck hands these levels on as they are.
        levels = [*used, *model.neck.out_channels[len(used) :]]
        model.neck.out_channels = model.bbox_head.in_channels = levels


def fit_image_size(config: Config, size: int) -> None:
    """Let images be resized until their longer side has ``size`` pixels, in training and evaluation, in place.

    Raises:
        ValueError: If the recipe's detector is made for images of one size.
    """
    if size < 1:
        raise ValueError(f'image size: expected at least 1 pixel, got {size}')
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        for dataset in _parts(loader):
            for step in dataset.pipeline:
                kind = step.type.split('.')[-1]
                if 'Resize' in kind and not step.get('keep_ratio', False):
                    raise ValueError(
                        f'image size: expected none for a detector made for {step.scale} pixels, got {size}'
                    )
                if kind == 'Resize':
                    step.scale = (size, size)
                elif 'Resize' in kind:
                    raise ValueError(f'image size: expected a recipe that resizes to one size, got one with {kind}')


def fit_length(config: Config, length: Length, num_train: int, processes: int) -> None:
    """Shorten or lengthen the recipe's schedule, in place: the milestones stay at the same share of the training.

    A schedule in steps that keeps its length does so in images: half the batch, twice the steps.

    Args:
        config: Recipe with a schedule in epochs or in steps.
        length: The new length.
        num_train: Training images.
        processes: Processes that share an epoch.
    """
    batch = config.train_dataloader.batch_size * processes
    in_steps = 'max_iters' in config.train_cfg
    old = config.train_cfg.max_iters if in_steps else config.train_cfg.max_epochs
    per_epoch = max(1, num_train * config.train_dataloader.dataset.get('times', 1) // batch)
    if length.iters or in_steps:
        scale = config.get('auto_scale_lr', {})
        kept = round(old * scale.base_batch_size / batch) if in_steps and scale.get('enable') else old
        new = total = length.iters or (per_epoch * length.epochs if length.epochs else kept)
        interval = max(1, min(new // _VALIDATIONS, config.train_cfg.get('val_interval', 1) if in_steps else new))
        config.train_cfg = ConfigDict(type='IterBasedTrainLoop', max_iters=new, val_interval=interval)
        config.default_hooks.checkpoint.update(by_epoch=False, interval=interval)
        config.default_hooks.logger.interval = min(config.default_hooks.logger.interval, new)
        config.log_processor.by_epoch = False
    else:
        config.train_cfg.max_epochs = new = length.epochs or old
        total = new * per_epoch
    # Two, so that there is one to go on from while another is being written.
    config.default_hooks.checkpoint.max_keep_ckpts = 2
    for scheduler in config.param_scheduler:
        if scheduler.get('by_epoch', True) != in_steps and scheduler.get('end', old) == old:
            scheduler.update(moved_times(scheduler, old, new), end=new, by_epoch='max_epochs' in config.train_cfg)
        else:
            scheduler.end = min(scheduler.end, max(1, int(total * _LARGEST_WARMUP)))


def fit_finetune(config: Config, finetune: str) -> None:
    """Choose which layers learn, by a name in :data:`~agmax_mm.detection.detectors.FINETUNE`, in place."""
    if finetune not in FINETUNE:
        raise ValueError(f'finetune: expected one of {", ".join(FINETUNE)}, got {finetune!r}')
    model, preset = config.model, FINETUNE[finetune]
    model.backbone.update(preset)
    shared = model.get('roi_head', {}).get('shared_head')
    if shared is not None:
        shared.norm_eval = preset['norm_eval']
    if not preset['norm_eval']:
        # A recipe may also keep the scale and the shift of batch normalisation as they are.
        for part in (model.backbone, shared):
            if part is not None and 'norm_cfg' in part:
                part.norm_cfg.requires_grad = True


def finetune_name(config: Config) -> str:
    """Tell which preset a recipe's backbone has: ``'frozen'``, ``'full'``, or the settings if they are none."""
    backbone = config.model.backbone
    settings = {'frozen_stages': backbone.get('frozen_stages', -1), 'norm_eval': backbone.get('norm_eval', True)}
    named = [name for name, preset in FINETUNE.items() if preset == settings]
    return named[0] if named else ', '.join(f'{name}={value}' for name, value in settings.items())


def images_per_update(config: Config, processes: int) -> int:
    """Images behind one update of the weights: batch times processes times accumulated steps."""
    batch: int = config.train_dataloader.batch_size
    return batch * processes * int(config.optim_wrapper.get('accumulative_counts', 1))


def fit_learning_rate(config: Config, processes: int) -> float:
    """Scale the recipe's learning rate linearly to the images of one update, in place, and return it.

    The host's own scaling leaves accumulation out; it is switched off, so that the config says what is run.
    """
    optimizer, scale = config.optim_wrapper.optimizer, config.get('auto_scale_lr', {})
    if scale.get('enable'):
        optimizer.lr *= images_per_update(config, processes) / scale.base_batch_size
        scale.enable = False
    return float(optimizer.lr)


def _fit_voc(config: Config, layout: VocLayout) -> None:
    root = _folder(layout.root)
    first, *_ = _parts(config.train_dataloader)
    if first.type.split('.')[-1] not in ('VOCDataset', 'XMLDataset'):
        raise ValueError(f'recipe: expected one for Pascal VOC data, got one for {first.type}')
    years = [_fit_voc_year(copy.deepcopy(first), layout, year) for year in layout.years]
    holder = _holder(config.train_dataloader)
    if 'datasets' in holder.dataset:
        holder.dataset.datasets = years
    else:
        holder.dataset = ConfigDict(type='ConcatDataset', ignore_keys=['dataset_type'], datasets=years)
    for loader in (config.val_dataloader, config.test_dataloader):
        _fit_voc_year(loader.dataset, layout, 'VOC2007')
    for dataset in (*years, config.val_dataloader.dataset, config.test_dataloader.dataset):
        dataset.data_root = root


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
        dataset, *_ = _parts(loader)
        if dataset.type.split('.')[-1] != 'CocoDataset':
            dataset.type = 'mmdet.CocoDataset'
            _holder(loader).dataset = dataset
        dataset.data_root = root
        dataset.ann_file = split.ann_file
        dataset.data_prefix = ConfigDict(img=split.image_dir)
        dataset.metainfo = ConfigDict(classes=layout.classes)
    for name in ('val_evaluator', 'test_evaluator'):
        if config[name].type.split('.')[-1] != 'CocoMetric':
            config[name] = ConfigDict(type='mmdet.CocoMetric', metric='bbox')
        config[name].ann_file = root + layout.val.ann_file


def _holder(loader: ConfigDict) -> ConfigDict:
    """The loader, or the repetition in it, whose data set is itself no repetition."""
    while 'dataset' in loader.dataset:
        loader = loader.dataset
    return loader


def _parts(loader: ConfigDict) -> list[ConfigDict]:
    """The data sets inside of repetition and concatenation."""
    inner = _holder(loader).dataset
    return list(inner.datasets) if 'datasets' in inner else [inner]


def _folder(path: Path) -> str:
    return f'{path.as_posix()}/'
