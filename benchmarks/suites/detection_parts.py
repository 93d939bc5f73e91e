"""Where the time of a detector's fine-tuning step goes, on the processor."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torchvision  # noqa: F401  (registers its operators with torch)

from agmax_mm.machine import usable_cores
from agmax_mm.operators import roi_align
from benchmarks.suites.parts import Parts
from benchmarks.suites.photographs import jpeg_files
from benchmarks.suites.timing import interleave

RECIPE = 'faster-rcnn_r50_fpn_1x_voc0712.py'
_CONFIGS = Path(__file__).parents[2] / 'configs' / 'detection'
# The recipe's greatest size.
_LONG, _SHORT = 1000, 600
_WARM_UP = 1
# The finest level of the pyramid for such a picture, and the regions that the recipe learns from. Of their sides, in
# pixels, are those that this level is for.
_MAP, _STRIDE, _REGIONS, _CELLS = (1, 256, 150, 250), 4, 512, 7
_SIDES = (16, 112)


def measure(images: int, steps: int, folder: Path | None) -> dict[str, float]:
    """Seconds of each part of a training step of Faster R-CNN, the mean over the steps.

    Args:
        images: Photographs of a step, in the recipe's size, each with three boxes.
        steps: Steps that count.
        folder: The photographs, as in :func:`~benchmarks.suites.photographs.jpeg_files`.
    """
    from mmengine.optim import build_optim_wrapper
    from mmengine.registry import MODELS, DefaultScope

    from agmax_mm.engine.config import load_config

    operators = importlib.import_module('mmcv._ext')  # compiled, or the stand-ins

    config = load_config(str(_CONFIGS / RECIPE), {})
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmdet'):
        model = MODELS.build(config.model).train()
        optimiser = build_optim_wrapper(model, config.optim_wrapper)
    batch = _batch(jpeg_files(folder, images), model.roi_head.bbox_head.num_classes)
    parts, names = Parts(), ('roi_align_forward', 'roi_align_backward')
    originals = {name: getattr(operators, name) for name in names}
    try:
        for name in names:
            parts.watch(operators, name, name.replace('roi_align_', 'RoIAlign, '))
        for module, name in ((model.backbone, 'backbone'), (model.neck, 'neck')):
            parts.watch(module, 'forward', f'{name}, forward')
        parts.watch(model.rpn_head, 'loss_and_predict', 'region proposals, forward')
        parts.watch(model.roi_head, 'loss', 'head of the regions, forward')
        parts.watch(optimiser, 'backward', 'backward, but RoIAlign')
        for name in ('step', 'zero_grad'):
            parts.watch(optimiser, name, 'optimiser')
        for number in range(_WARM_UP + steps):
            if number == _WARM_UP:
                parts.reset()
            with parts.part('the rest of the step'):
                model.train_step(batch, optimiser)
    finally:
        for name, original in originals.items():
            setattr(operators, name, original)
    return {part: seconds / steps for part, seconds in parts.seconds.items()}


def align_by_threads(rounds: int) -> dict[int, list[float]]:
    """Seconds of RoIAlign's stand-in, forward and backward, by the number of torch's threads: 1, 2, 4 up to all cores.

    Args:
        rounds: How often each number is measured, in turn.
    """
    generator = torch.Generator().manual_seed(0)
    features = torch.rand(_MAP, generator=generator)
    sides = _SIDES[0] + (_SIDES[1] - _SIDES[0]) * torch.rand(_REGIONS, 2, generator=generator)
    starts = torch.rand(_REGIONS, 2, generator=generator) * (torch.tensor([_LONG, _SHORT]) - sides)
    rois = torch.cat([torch.zeros(_REGIONS, 1), starts, starts + sides], dim=1)
    output = torch.empty(_REGIONS, _MAP[1], _CELLS, _CELLS)
    gradient, unused = torch.empty_like(features), torch.empty(0)
    arguments = (_CELLS, _CELLS, 1 / _STRIDE, 0, 1, True)

    def align(threads: int) -> None:
        torch.set_num_threads(threads)
        roi_align.roi_align_forward(features, rois, output, unused, unused, *arguments)
        roi_align.roi_align_backward(output, rois, unused, unused, gradient, *arguments)

    counts = [2**power for power in range(usable_cores().bit_length())]
    before = torch.get_num_threads()
    try:
        seconds = interleave({str(count): lambda count=count: align(count) for count in counts}, rounds=rounds)
    finally:
        torch.set_num_threads(before)
    return {int(count): found for count, found in seconds.items()}


def _batch(contents: list[bytes], classes: int) -> dict[str, list[Any]]:
    from mmdet.structures import DetDataSample
    from mmengine.structures import InstanceData

    random = np.random.default_rng(0)
    inputs, samples = [], []
    for content in contents:
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        height, width = picture.shape[:2]
        scale = min(_LONG / max(height, width), _SHORT / min(height, width))
        picture = cv2.resize(picture, None, fx=scale, fy=scale)
        height, width = picture.shape[:2]
        starts = random.uniform(0, 0.5, (3, 2)) * (width, height)
        sizes = random.uniform(0.1, 0.5, (3, 2)) * (width, height)
        boxes = torch.from_numpy(np.concatenate([starts, starts + sizes], axis=1)).float()
        labels = torch.from_numpy(random.integers(0, classes, 3))
        shape = {'img_shape': (height, width), 'ori_shape': (height, width), 'scale_factor': (1.0, 1.0)}
        sample = DetDataSample(metainfo=shape)
        sample.gt_instances = InstanceData(bboxes=boxes, labels=labels)
        inputs.append(torch.from_numpy(picture.transpose(2, 0, 1).copy()))
        samples.append(sample)
    return {'inputs': inputs, 'data_samples': samples}
