"""What a detector finds in test images, in a form that can be drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope
from torch import Tensor

from agmax_mm.fileio import load_checkpoint_file

# A picture and its objects: image, boxes, labels and, where there are any, scores and masks.
Picture = dict[str, Any]


def open_test_images(config: Config, count: int) -> tuple[list[Any], list[Picture], Sequence[str]]:
    """Evenly spread images of a detection config's test set.

    Args:
        config: The config.
        count: Number of images; fewer if the set has fewer.

    Returns:
        The samples as the pipeline gives them, the true objects in them, and the names of the classes.
    """
    from mmdet.registry import DATASETS
    from mmdet.utils import register_all_modules

    register_all_modules(init_default_scope=False)
    with DefaultScope.overwrite_default_scope('mmdet'):
        dataset = DATASETS.build(config.test_dataloader.dataset)
        rows = np.linspace(0, len(dataset) - 1, num=min(count, len(dataset))).astype(int)
        samples = [dataset[int(row)] for row in rows]
    truth = [_truth(sample, dataset.get_data_info(int(row))) for sample, row in zip(samples, rows, strict=True)]
    return samples, truth, dataset.metainfo['classes']


def detect(config: Config, checkpoint: str, samples: Sequence[Any], min_score: float) -> list[Picture]:
    """Objects that a trained detector finds in the samples with at least ``min_score``, in ``0..1``.

    Raises:
        ValueError: If the checkpoint does not fit the config's model.
    """
    from mmdet.registry import MODELS

    with DefaultScope.overwrite_default_scope('mmdet'):
        model = MODELS.build(config.model)
    try:
        model.load_state_dict(load_checkpoint_file(checkpoint)['state_dict'])
    except (KeyError, RuntimeError) as error:
        raise ValueError(f'checkpoint {checkpoint!r}: expected one of this config, got {error}') from None
    model.train(mode=False)
    pictures = []
    for sample in samples:
        with torch.no_grad():
            found = model.test_step(pseudo_collate([sample]))[0].pred_instances.cpu()
        found = found[found.scores >= min_score]
        pictures.append({**_picture(sample, found), 'scores': found.scores.numpy()})
    return pictures


def _truth(sample: Mapping[str, Any], info: Mapping[str, Any]) -> Picture:
    picture = _picture(sample, sample['data_samples'].gt_instances)
    # As annotated: the pipeline may have read them before resizing, or after it, as the host's recipes do.
    boxes = [entry['bbox'] for entry in info['instances'] if not entry.get('ignore_flag')]
    picture['boxes'] = np.array(boxes, dtype=float).reshape(-1, 4)
    return picture


def _picture(sample: Mapping[str, Any], instances: Any) -> Picture:
    data_sample = sample['data_samples']
    image = cv2.cvtColor(cv2.imread(data_sample.img_path), cv2.COLOR_BGR2RGB)
    boxes = instances.bboxes
    boxes = boxes if isinstance(boxes, Tensor) else boxes.tensor
    picture: Picture = {'image': image, 'boxes': boxes.numpy(), 'labels': instances.labels.numpy()}
    if 'masks' in instances:
        masks = instances.masks
        if not isinstance(masks, Tensor):
            masks = masks.resize(image.shape[:2]).to_tensor(torch.bool, 'cpu')
        picture['masks'] = masks.numpy().astype(bool)
    return picture
